#include "server/http/worker_pool.h"

#include <utility>

namespace raftly {

WorkerPool::Place WorkerPool::Submit(std::function<void()> task) {
  Place place = Place::kRuns;
  {
    MutexLock lock(mutex_);
    // An idle worker that has not yet woken for an earlier task is spoken for.
    const bool free = waiting_.size() < idle_;
    const bool grow = !free && threads_.size() < max_threads_;
    if (!free && !grow) place = waiting_.size() - idle_ < max_waiting_ ? Place::kWaits : Place::kRefused;
    if (place == Place::kRefused || stopping_) return Place::kRefused;
    waiting_.push_back(std::move(task));
    if (grow) threads_.emplace_back([this] { Work(); });
  }
  ready_.NotifyOne();
  return place;
}

bool WorkerPool::crowded() const {
  MutexLock lock(mutex_);
  return waiting_.size() > idle_;
}

void WorkerPool::Work() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      ++idle_;
      while (waiting_.empty() && !stopping_) ready_.Wait(mutex_);
      --idle_;
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task();
  }
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    ready_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace raftly
