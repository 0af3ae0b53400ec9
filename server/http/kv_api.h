// /keys and /keys/{key} (SPEC sections 4 and 4.2): served here with the leader's help, or by the leader.
#pragma once

#include <set>

#include "server/cluster/peer_client.h"
#include "server/http/http_message.h"
#include "server/http/kv_wish.h"
#include "server/http/router.h"
#include "server/kv/kv_service.h"
#include "server/kv/write_watch.h"

namespace raftly {

// A forwarded request carries the name of the node that forwarded it, and is never forwarded again; and how much of its
// client's patience is left.
inline constexpr char kForwardedHeader[] = "Raftly-Forwarded";
inline constexpr char kTimeoutHeader[] = "Raftly-Timeout-Ms";

class KvApi {
 public:
  // All outlive it. `writes` sees what `service`'s store applies.
  KvApi(NodeId self, KvService& service, PeerCaller& peers, WriteWatch& writes);

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  void Handle(const HttpRequest& request, HttpReply reply);
  void HandleList(const HttpRequest& request, HttpReply reply);

  KvOptions OptionsOf(const HttpRequest& request) const;
  // Here, or at the leader, until there is an answer or no time left.
  HttpResponse Run(const HttpRequest& request, const KvWish& wish);
  // What a leader is asked that takes nothing from other nodes.
  PeerAnswer Forward(const HttpRequest& request, const NodeId& leader, Duration left);
  // The same of a write: kAnswered is the truth, also of a Go leader, for this node's own log confirms it.
  PeerAnswer ForwardWrite(const HttpRequest& request, const NodeId& leader, const Command& write, Time deadline);
  // `leader` may be a Go server.
  PeerAnswer ForwardToUnknown(const HttpRequest& request, const NodeId& leader, const Command& write, Time deadline);

  const NodeId self_;
  KvService& service_;
  PeerCaller& peers_;
  WriteWatch& writes_;
  Mutex mutex_;
  std::set<NodeId> ours_ ABSL_GUARDED_BY(mutex_);  // peers that answered a write as a C++ node, when last heard
};

}  // namespace raftly
