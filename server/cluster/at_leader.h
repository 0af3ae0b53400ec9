// What only the leader can do, at whichever node it was asked for: here where this node leads, else passed on to the
// leader once; waiting for one where none is known.
#pragma once

#include <functional>
#include <optional>

#include "raft/core/types.h"
#include "server/cluster/peer_client.h"
#include "server/http/http_message.h"
#include "server/kv/leader_watch.h"

namespace raftly {

class AtLeader {
 public:
  // Both outlive it.
  AtLeader(NodeId self, PeerCaller& peers, const LeaderWatch& leaders)
      : self_(std::move(self)), peers_(peers), leaders_(leaders) {}

  // Blocking, from any thread. `here` is what this node answers as leader; nothing: it does not lead after all, or not
  // yet for certain. 503 where there is no leader in time.
  HttpResponse Run(const HttpRequest& request, const std::function<std::optional<HttpResponse>()>& here) const;

 private:
  HttpResponse PassOn(const HttpRequest& request, const NodeId& leader) const;

  const NodeId self_;
  PeerCaller& peers_;
  const LeaderWatch& leaders_;
};

}  // namespace raftly
