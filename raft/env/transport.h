// The door to the other servers: carries calls, knows no roles.
#pragma once

#include <functional>
#include <map>
#include <string>

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

  // Called where there is evidence that the process of a peer that spoke to us is dead, on any thread. Must not block.
  using GoneFn = std::function<void(const NodeId& peer)>;

  virtual ~Transport() = default;

  // Before Start, once. A transport that never has such evidence never calls it.
  virtual void OnPeerGone(GoneFn gone) = 0;

  // From any thread: where the other nodes are from now on; an empty address says nothing new. Calls to who is not
  // among them fail. A transport that finds nodes in other ways need not listen.
  virtual void SetPeers(const std::map<NodeId, std::string>& /*addresses*/) {}

  // Begins to receive. Once.
  virtual absl::Status Start(Handler handler) = 0;
  // From any thread. `done` runs exactly once: with the reply, or with an error at the latest after `timeout`
  // (DeadlineExceeded) or at Stop (Cancelled). Never blocks on the network. A request is sent at most once. Aborted: it
  // was not sent, and the peer will never see it; Unimplemented: the peer knows no such call.
  virtual void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) = 0;
  // Answers every open call with Cancelled; when it returns, neither handler nor ReplyFn runs any more. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace raftly
