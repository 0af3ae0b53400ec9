// One thread that waits for many sockets, and runs what others post to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/env/executor.h"
#include "raft/env/mutex.h"

namespace raftly {

class Poller : public Executor {
 public:
  // Who waits for something to happen to a descriptor.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    // On the poller's thread. There is something to read, or room to write again, since this last ran; `hung_up`: the
    // peer sends no more, or is gone.
    virtual void OnEvent(bool hung_up) = 0;
  };
  struct Handlers {
    std::function<void()> rest;  // all that has happened is handled
    std::function<void()> tick;  // about once a second, where there is one
  };

  // The handlers run on the poller's thread. ResourceExhausted: no descriptors are left.
  static absl::StatusOr<std::unique_ptr<Poller>> Start(const std::string& thread_name, Handlers handlers);
  // Stops.
  ~Poller() override;

  // On the poller's thread. Edges, not levels: a watcher goes on until nothing more can be done, or comes back by
  // itself. False: the kernel cannot watch any more.
  bool Watch(int fd, Watcher& watcher) const;
  // On the poller's thread, before `fd` is closed: a process being started may still have a copy of it.
  void Forget(int fd) const;
  // From any thread.
  void Post(Task task) override;
  // Not from its own thread. What was posted is dropped. Idempotent.
  void Stop();

 private:
  Poller(int epoll, std::shared_ptr<const int> wake, Handlers handlers);
  void Loop();
  // False: stopped.
  bool RunPosted();

  const Handlers handlers_;
  const int epoll_;
  // When the thread sleeps and a task arrives: an eventfd that outlives the poller as long as somebody writes to it.
  const std::shared_ptr<const int> wake_;
  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool asleep_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace raftly
