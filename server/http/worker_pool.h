// Threads for work that blocks: one task each at a time, started when needed, up to a limit, ended when idle for long.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <thread>

#include "raft/env/executor.h"
#include "raft/env/mutex.h"

namespace raftly {

class WorkerPool {
 public:
  // A thread that has had nothing to do for this long ends.
  static constexpr std::chrono::seconds kIdle{5};

  WorkerPool(size_t max_threads, size_t max_waiting, std::chrono::milliseconds idle = kIdle)
      : max_threads_(max_threads), max_waiting_(max_waiting), idle_for_(idle) {}
  ~WorkerPool() { Stop(); }

  enum class Place { kRuns, kWaits, kRefused };
  // From any thread. kWaits: all threads are busy; kRefused: too many wait already, the task was dropped.
  Place Submit(Task task);
  // From any thread: how many threads there are, idle ones included.
  size_t threads() const;
  // Runs what waits, then joins. Idempotent.
  void Stop();

 private:
  using Threads = std::list<std::thread>;

  bool AddThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work(Threads::iterator self);
  // Waits for a task. False: there is none, and the thread is to end.
  bool Take(Task& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_threads_;
  const size_t max_waiting_;
  const std::chrono::milliseconds idle_for_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<Task> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that have a task; the others will take one
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Threads threads_ ABSL_GUARDED_BY(mutex_);
  Threads ended_ ABSL_GUARDED_BY(mutex_);  // nothing is left of these but to join them
};

}  // namespace raftly
