// The event loop and executors of production: one thread, one queue, one timer heap.
#pragma once

#include <memory>
#include <string>

#include "raft/env/executor.h"

namespace raftly {

class ThreadLoop : public EventLoop {
 public:
  // `name` shows in ps and debuggers, at most 15 characters.
  explicit ThreadLoop(const std::string& name);
  // Stops.
  ~ThreadLoop() override;

  void Post(Task task) override;
  void Run(Task task) override;
  Time Now() const override;  // std::chrono::steady_clock
  void PostAt(Time time, Task task) override;

  // Runs what is posted, but not timers that are not due, then joins the thread. Not from the loop's own thread.
  // Idempotent.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace raftly
