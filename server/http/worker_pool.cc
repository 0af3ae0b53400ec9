#include "server/http/worker_pool.h"

#include <system_error>
#include <utility>

namespace raftly {

WorkerPool::Place WorkerPool::Submit(Task task) {
  Place place = Place::kRuns;
  Threads ended;
  {
    MutexLock lock(mutex_);
    ended.swap(ended_);
    // A thread that has not yet woken for an earlier task is spoken for.
    const size_t spare = threads_.size() - running_;
    const bool free = waiting_.size() < spare;
    const bool grow = !free && threads_.size() < max_threads_;
    if (!free && !grow) place = waiting_.size() - spare < max_waiting_ ? Place::kWaits : Place::kRefused;
    if (stopping_) place = Place::kRefused;
    if (grow && !AddThread()) place = threads_.empty() ? Place::kRefused : Place::kWaits;
    if (place != Place::kRefused) waiting_.push_back(std::move(task));
  }
  ready_.NotifyOne();
  for (std::thread& thread : ended) thread.join();
  return place;
}

// False where the system has no thread for us: then those that there are do the work.
bool WorkerPool::AddThread() {
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::thread([this, self] { Work(self); });
  } catch (const std::system_error&) {
    threads_.erase(self);
    return false;
  }
  return true;
}

size_t WorkerPool::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

bool WorkerPool::Take(Task& task) {
  const auto until = std::chrono::steady_clock::now() + idle_for_;
  while (waiting_.empty() && !stopping_) {
    if (!ready_.WaitUntil(mutex_, until)) break;
  }
  if (waiting_.empty()) return false;
  task = std::move(waiting_.front());
  waiting_.pop_front();
  ++running_;
  return true;
}

void WorkerPool::Work(Threads::iterator self) {
  while (true) {
    Task task;
    {
      MutexLock lock(mutex_);
      if (!Take(task)) {
        if (!stopping_) ended_.splice(ended_.end(), threads_, self);  // Stop joins those that are left
        return;
      }
    }
    task();
    MutexLock lock(mutex_);
    --running_;
  }
}

void WorkerPool::Stop() {
  Threads threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    ready_.NotifyAll();
    threads.swap(threads_);
    threads.splice(threads.end(), ended_);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace raftly
