// Where work runs: the node's loop, its disk and its state machine each have one of these.
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "raft/core/time.h"

namespace raftly {

using Task = absl::AnyInvocable<void()>;

// Runs tasks one at a time, in the order in which they were posted.
class Executor {
 public:
  virtual ~Executor() = default;
  // From any thread. A task posted after the executor stopped is destroyed without running.
  virtual void Post(Task task) = 0;
  // From any thread that holds no lock that `task` needs. As Post, but where nothing else is running or waiting, the
  // task may run right here, before this returns: waking a thread can take longer than the task.
  virtual void Run(Task task) { Post(std::move(task)); }
};

// An executor that knows the time. The only clock of a node.
class EventLoop : public Executor {
 public:
  // From any thread. Never moves back.
  virtual Time Now() const = 0;
  // From any thread. Runs `task` at `time` or soon after, never before; among equal times in the order of posting.
  virtual void PostAt(Time time, Task task) = 0;
};

}  // namespace raftly
