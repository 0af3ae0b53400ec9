// Threads for connections: one each for as long as it lives, started when needed, up to a limit.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "raft/env/mutex.h"

namespace raftly {

class WorkerPool {
 public:
  WorkerPool(size_t max_threads, size_t max_waiting) : max_threads_(max_threads), max_waiting_(max_waiting) {}
  ~WorkerPool() { Stop(); }

  enum class Place { kRuns, kWaits, kRefused };
  // From one thread. kWaits: all threads are busy; kRefused: too many wait already, the task was dropped.
  Place Submit(std::function<void()> task);
  // From any thread: a task waits for a thread.
  bool crowded() const;
  // Runs what waits, then joins. Idempotent.
  void Stop();

 private:
  void Work();

  const size_t max_threads_;
  const size_t max_waiting_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // of the submitting thread
};

}  // namespace raftly
