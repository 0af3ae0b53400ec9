// The door to the other servers: carries calls, knows no roles.
#pragma once

#include <functional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/messages.h"
#include "raft/core/time.h"

namespace raftly {

// Runs exactly once, on any thread. Must not block.
using ReplyFn = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;

class Transport {
 public:
  // Called for each request that comes in, on any thread. Must not block; answers through the ReplyFn, then or later.
  using Handler = std::function<void(Request, ReplyFn)>;

  virtual ~Transport() = default;

  // Begins to receive. Once.
  virtual absl::Status Start(Handler handler) = 0;
  // From any thread. `done` runs exactly once: with the reply, or with an error at the latest after `timeout`
  // (DeadlineExceeded) or at Stop (Cancelled). Never blocks on the network. A request is sent at most once.
  virtual void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) = 0;
  // Answers every open call with Cancelled; when it returns, neither handler nor ReplyFn runs any more. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace raftly
