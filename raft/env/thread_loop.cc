#include "raft/env/thread_loop.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "raft/core/check.h"
#include "raft/env/mutex.h"

namespace raftly {
namespace {

constexpr size_t kLongestThreadName = 15;  // Linux, pthread_setname_np(3)

using SteadyTime = std::chrono::steady_clock::time_point;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

struct Timer {
  Time time;
  uint64_t sequence = 0;  // among equal times the order of posting
  Task task;
};

// Orders a heap so that the earliest timer is at its front.
bool Later(const Timer& a, const Timer& b) { return a.time != b.time ? a.time > b.time : a.sequence > b.sequence; }

// The loop that this thread runs, if any. Not a comparison of thread ids: the id of a joined thread is given away
// again.
thread_local const void* running_here = nullptr;

}  // namespace

class ThreadLoop::Impl {
 public:
  explicit Impl(const std::string& name) : thread_([this] { Run(); }) {
    pthread_setname_np(thread_.native_handle(), name.substr(0, kLongestThreadName).c_str());
  }

  // Whoever finds the loop at rest may be its thread for one task.
  void RunHere(Task task) {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
      if (busy_ || !inbox_.tasks.empty()) {
        inbox_.tasks.push_back(std::move(task));  // somebody is busy, or has been woken
        return;
      }
      if (SteadyNow() >= looks_again_) {
        // It is a timer's turn. Tasks that follow each other here without a pause would starve it.
        inbox_.tasks.push_back(std::move(task));
        wake_.NotifyOne();
        return;
      }
      busy_ = true;
    }
    const void* const outer = std::exchange(running_here, this);
    RunOnce(task);
    running_here = outer;
    MutexLock lock(mutex_);
    busy_ = false;
    // Under the lock: once the loop's own thread sees that nobody is busy, the loop may be destroyed.
    if (stopped_ || due_ || !inbox_.tasks.empty()) wake_.NotifyOne();
  }

  // A task that comes too late dies with the parameter, after the lock is released: its destructor may post again.
  void Post(Task task) {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
      inbox_.tasks.push_back(std::move(task));
      if (busy_) return;  // who is busy looks again
    }
    wake_.NotifyOne();
  }

  void PostAt(Time time, Task task) {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
      inbox_.timers.push_back({time, next_sequence_++, std::move(task)});
      if (time >= looks_again_) return;
      looks_again_ = time;
    }
    wake_.NotifyOne();
  }

  void Stop() {
    RAFTLY_CHECK(running_here != this, "a thread would wait for its own end");
    {
      MutexLock lock(mutex_);
      stopped_ = true;
    }
    wake_.NotifyOne();
    std::call_once(joined_, [this] { thread_.join(); });
  }

 private:
  struct Inbox {
    std::vector<Task> tasks;
    std::vector<Timer> timers;
  };

  void Run() {
    running_here = this;
    Inbox batch;
    std::vector<Timer> heap;  // touched by this thread only, so it needs no lock
    bool last = false;
    while (!last) {
      last = TakeBatch(batch, heap.empty() ? kNever : heap.front().time);
      for (Timer& timer : batch.timers) {
        heap.push_back(std::move(timer));
        std::push_heap(heap.begin(), heap.end(), Later);
      }
      batch.timers.clear();
      for (Task& task : batch.tasks) RunOnce(task);
      batch.tasks.clear();
      RunDue(heap);
    }
  }

  // Waits until there is something to do. The whole inbox is taken at once, so producers and the loop meet at the
  // lock once per batch, not once per task. True: stopped, this is the last batch.
  bool TakeBatch(Inbox& batch, Time deadline) {
    MutexLock lock(mutex_);
    busy_ = false;
    while (true) {
      for (const Timer& timer : inbox_.timers) deadline = std::min(deadline, timer.time);
      due_ = !inbox_.tasks.empty() || stopped_ || SteadyNow() >= deadline;
      if (due_ && !busy_) break;
      looks_again_ = due_ ? Time::min() : deadline;
      if (due_ || deadline == kNever) {
        wake_.Wait(mutex_);  // where something is due: until who is busy has finished
      } else {
        wake_.WaitUntil(mutex_, SteadyTime(deadline.time_since_epoch()));
      }
    }
    looks_again_ = Time::min();
    busy_ = true;
    due_ = false;
    std::swap(batch, inbox_);
    return stopped_;
  }

  // What a task holds is released before the next one runs.
  static void RunOnce(Task& posted) {
    Task task = std::move(posted);
    task();
  }

  // Against one reading of the clock: a timer that posts itself for "now" cannot starve the inbox.
  static void RunDue(std::vector<Timer>& heap) {
    if (heap.empty()) return;
    const Time now = SteadyNow();
    while (!heap.empty() && heap.front().time <= now) {
      std::pop_heap(heap.begin(), heap.end(), Later);
      Task task = std::move(heap.back().task);
      heap.pop_back();
      task();
    }
  }

  Mutex mutex_;
  CondVar wake_;
  Inbox inbox_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;  // a task is running, or the loop's own thread is about to look
  bool due_ ABSL_GUARDED_BY(mutex_) = false;  // the loop's own thread waits for its turn
  // When the loop's own thread wakes by itself; in the past: it looks at all timers before it waits again.
  Time looks_again_ ABSL_GUARDED_BY(mutex_) = Time::min();
  uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // nothing enters the inbox any more
  std::once_flag joined_;
  std::thread thread_;
};

ThreadLoop::ThreadLoop(const std::string& name) : impl_(std::make_unique<Impl>(name)) {}
ThreadLoop::~ThreadLoop() { Stop(); }
void ThreadLoop::Post(Task task) { impl_->Post(std::move(task)); }
void ThreadLoop::Run(Task task) { impl_->RunHere(std::move(task)); }
Time ThreadLoop::Now() const { return SteadyNow(); }
void ThreadLoop::PostAt(Time time, Task task) { impl_->PostAt(time, std::move(task)); }
void ThreadLoop::Stop() { impl_->Stop(); }

}  // namespace raftly
