// One question to every node of the cluster, side by side: no node, dead or hung, delays the answers of the others.
//
//   for (const auto& [node, body] : fan_out.AskAll({.method = "GET", .target = "/api/config"})) ...
//
// This node answers itself without a socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "server/cluster/peer_client.h"
#include "server/http/http_message.h"
#include "server/http/worker_pool.h"

namespace raftly {

// From any thread.
class FanOut {
 public:
  // A node's answer: the body of a 200, or an error whose message says in the node's own words why there is none.
  using Body = absl::StatusOr<std::string>;
  using Bodies = std::map<NodeId, Body>;
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // How long a node may take.
  static constexpr std::chrono::milliseconds kPatience{400};
  // Of one peer: calls at the same time, and those that wait for one of these. Beyond: an error at once.
  static constexpr size_t kMaxCalls = 8;
  static constexpr size_t kMaxWaiting = 64;

  // All nodes there are, this one included, sorted; they may change.
  using Nodes = std::function<std::vector<NodeId>()>;

  // `own` answers for this node. `peers` outlives it.
  FanOut(NodeId self, Nodes nodes, Handler own, PeerCaller& peers);
  // Stops.
  ~FanOut();

  // Blocking, a little longer than kPatience at most. Exactly the nodes asked are in the answer.
  Bodies Ask(const std::map<NodeId, HttpRequest>& requests);
  Bodies AskAll(const HttpRequest& request);

  // One node, on the calling thread.
  Body AskOne(const NodeId& node, const HttpRequest& request, std::chrono::milliseconds patience = kPatience);
  // Runs `task` on a thread that is kept for `node`. False: too many are waiting already.
  bool Submit(const NodeId& node, std::function<void()> task);

  // Whether the node's last answer was a Go server's.
  bool IsGo(const NodeId& node) const;

  const NodeId& self() const { return self_; }
  std::vector<NodeId> nodes() const { return nodes_(); }

  // Waits for the calls under way: stop the PeerCaller first. Idempotent.
  void Stop();

 private:
  struct Gathering;

  void Remember(const NodeId& node, bool go);

  const NodeId self_;
  const Nodes nodes_;
  const Handler own_;
  PeerCaller& peers_;
  mutable Mutex mutex_;
  std::set<NodeId> go_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Of each other node that was ever asked: where members come and go there are few of them.
  std::map<NodeId, std::shared_ptr<WorkerPool>> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
