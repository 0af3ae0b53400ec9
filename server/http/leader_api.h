// POST /api/cluster/leader: leadership transfer, at any node (SPEC section 4.3).
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "server/cluster/at_leader.h"
#include "server/http/router.h"

namespace raftly {

// `hand_over` is RaftNode::HandOver, and waits; called where this node leads. The handler refers to `at_leader`.
void RegisterLeaderApi(Router& router, const AtLeader& at_leader,
                       std::function<absl::StatusOr<NodeId>(const NodeId& to)> hand_over);

}  // namespace raftly
