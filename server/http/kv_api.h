// /keys/{key}: PUT, GET, DELETE (SPEC section 4). Whoever is asked, the leader answers.
#pragma once

#include <functional>
#include <set>

#include "server/cluster/peer_client.h"
#include "server/http/http_message.h"
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
  using Operation = std::function<KvResult(const KvOptions&)>;

  HttpResponse Put(const HttpRequest& request);
  HttpResponse Get(const HttpRequest& request);
  HttpResponse Delete(const HttpRequest& request);
  // The same without waiting, where this node leads and one attempt is enough. `otherwise` waits.
  void TryPut(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise);
  void TryGet(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise);
  void TryDelete(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise);

  KvOptions OptionsOf(const HttpRequest& request) const;
  // Here, or at the leader, until there is an answer or no time left. `write` is null for a read.
  HttpResponse Run(const HttpRequest& request, const std::string& key, const Command* write,
                   const Operation& operation);
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
