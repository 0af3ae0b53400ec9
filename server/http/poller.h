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
  struct Handlers {
    std::function<void(void* what)> ready;  // what was given to Watch
    std::function<void()> rest;             // all that was ready has been handled
    std::function<void()> tick;             // about once a second
  };

  // The handlers run on the poller's thread. ResourceExhausted: no descriptors are left.
  static absl::StatusOr<std::unique_ptr<Poller>> Start(const std::string& thread_name, Handlers handlers);
  // Stops.
  ~Poller() override;

  // From any thread. Once `fd` can be read, or its peer is gone, `ready` runs, once. To watch again, call again. A
  // descriptor is forgotten when it is closed; `what` lives until `ready` ran or the poller stopped. False: the kernel
  // cannot watch any more of them.
  bool Watch(int fd, void* what);
  // From any thread.
  void Post(Task task) override;
  // Not from its own thread. What is posted and watched is dropped. Idempotent.
  void Stop();

 private:
  // An eventfd, which outlives the poller for as long as somebody still writes to it.
  class Wake;

  Poller(int epoll, std::shared_ptr<Wake> wake, Handlers handlers);
  void Loop();
  // False: stopped.
  bool RunPosted();

  const Handlers handlers_;
  const int epoll_;
  const std::shared_ptr<Wake> wake_;  // when the thread sleeps and a task arrives
  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool asleep_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace raftly
