// Calls that wait for an answer. Each is answered exactly once: by what comes first of reply, deadline and end.
//
//   const CallId call = calls->Open(timeout, std::move(done));
//   ...
//   calls->Settle(call, reply);      // a second or late reply finds nothing and is dropped
#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "raft/core/types.h"
#include "raft/env/executor.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/gate.h"

namespace raftly {

// Thread-safe. Shared, because timers and replies under way may outlive the transport that asked.
class OpenCalls : public std::enable_shared_from_this<OpenCalls> {
 public:
  // `loop` tells the time and outlives every use before Close.
  explicit OpenCalls(EventLoop& loop) : loop_(loop) {}

  // From now on `done` runs with DeadlineExceeded after `timeout` unless Settle or Close comes first. Once closed it
  // runs at once, with Cancelled, and the result is 0.
  CallId Open(Duration timeout, ReplyFn done);
  // Runs the call's `done` on this thread, unless the call has been answered.
  void Settle(CallId call, absl::StatusOr<Reply> result);
  // Answers all that are open with Cancelled, in the order in which they were opened. When it returns no `done` runs
  // any more. Not from within a `done`. Idempotent.
  void Close();

 private:
  struct Waiting {
    Time deadline;
    ReplyFn done;
  };

  bool TakeDeadlineToArm(Time* at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Arm(Time at);
  void Expire();

  EventLoop& loop_;
  Gate answering_;
  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  CallId last_ ABSL_GUARDED_BY(mutex_);
  std::map<CallId, Waiting> calls_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<Time, CallId>> deadlines_ ABSL_GUARDED_BY(mutex_);  // one for each of calls_
  // The earliest timer on the loop. One timer serves all calls: most are answered long before their deadline, and a
  // timer each would fill the loop with thousands that have nothing left to do.
  Time armed_ ABSL_GUARDED_BY(mutex_) = kNever;
};

}  // namespace raftly
