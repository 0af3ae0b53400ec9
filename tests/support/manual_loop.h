// An event loop whose time the test moves. Single-threaded: everything runs inside Advance.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "raft/env/executor.h"

namespace raftly {

class ManualLoop : public EventLoop {
 public:
  void Post(Task task) override { PostAt(now_, std::move(task)); }
  Time Now() const override { return now_; }
  void PostAt(Time time, Task task) override { tasks_.emplace(std::make_pair(time, ++posted_), std::move(task)); }

  void Advance(Duration duration) {
    const Time until = now_ + duration;
    while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
      now_ = std::max(now_, tasks_.begin()->first.first);
      Task task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
    now_ = until;
  }
  // Time that a task itself takes.
  void Pass(Duration duration) { now_ += duration; }
  size_t tasks() const { return tasks_.size(); }

 private:
  Time now_{std::chrono::hours(1)};
  uint64_t posted_ = 0;
  std::map<std::pair<Time, uint64_t>, Task> tasks_;
};

}  // namespace raftly
