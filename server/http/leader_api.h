// POST /api/cluster/leader: another node is to lead, through any of them (SPEC section 4.3; thesis §3.10).
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "server/cluster/peer_client.h"
#include "server/http/router.h"
#include "server/kv/leader_watch.h"

namespace raftly {

// What the interface needs of a node; a script in tests. Blocking, from any thread.
struct LeaderDoors {
  NodeId self;
  PeerCaller& peers;
  const LeaderWatch& leaders;
  // RaftNode::HandOver.
  std::function<absl::StatusOr<NodeId>(const NodeId& to)> hand_over;
};

class LeaderApi {
 public:
  explicit LeaderApi(LeaderDoors doors) : doors_(std::move(doors)) {}

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse Change(const HttpRequest& request) const;
  HttpResponse PassOn(const HttpRequest& request, const NodeId& leader) const;

  const LeaderDoors doors_;
};

}  // namespace raftly
