// Where other threads leave values for a test to wait for.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "raft/env/mutex.h"

namespace raftly {

template <class T>
class Inbox {
 public:
  void Put(T value) {
    MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    arrived_.NotifyAll();
  }
  // Nothing where nothing came within `patience`; the usual one only a hang exceeds.
  std::optional<T> Take(std::chrono::nanoseconds patience = std::chrono::seconds(60)) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mutex_);
    while (values_.empty()) {
      if (!arrived_.WaitUntil(mutex_, limit)) return std::nullopt;
    }
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  size_t size() {
    MutexLock lock(mutex_);
    return values_.size();
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::deque<T> values_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
