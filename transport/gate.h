// Lets work in until it is closed, and closing waits for the work inside. How Stop can promise that nothing runs after
// it.
//
//   Gate::Pass pass(gate);
//   if (!pass) return;      // stopped
//   handler(request);
#pragma once

#include <cstdint>

#include "raft/env/mutex.h"

namespace raftly {

// Thread-safe. A thread may pass it again while inside.
class Gate {
 public:
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate.Enter() ? &gate : nullptr) {}
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  // Nobody gets in any more; returns when everybody has left. Not from inside. Idempotent.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    while (inside_ > 0) empty_.Wait(mutex_);
  }

 private:
  bool Enter() {
    MutexLock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    MutexLock lock(mutex_);
    // Under the lock: whoever waits in Close may destroy the gate as soon as it sees that nobody is inside.
    if (--inside_ == 0) empty_.NotifyAll();
  }

  Mutex mutex_;
  CondVar empty_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace raftly
