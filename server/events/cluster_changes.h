// What changed between two looks at the cluster.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raft/core/types.h"
#include "server/cluster/cluster_view.h"
#include "server/events/event_log.h"

namespace raftly {

// One thread.
class ClusterChanges {
 public:
  // leader_change, term_change, node_down, node_up since the view before. The first view changes nothing.
  std::vector<Event> Next(const ClusterView& view);
  // The next view is the first one again.
  void Reset() { *this = {}; }

 private:
  void Leader(const ClusterView& view, std::vector<Event>& events);
  void Term(const ClusterView& view, std::vector<Event>& events);
  void Nodes(const ClusterView& view, std::vector<Event>& events);

  bool first_ = true;
  NodeId leader_;  // the last one that was known
  uint64_t term_ = 0;
  std::map<NodeId, bool> reachable_;
};

// From the counts that all nodes keep of what they sent and lost, what happened on each link since the last look.
class LinkChanges {
 public:
  struct Counts {
    uint64_t appends = 0;
    uint64_t votes = 0;
    uint64_t losses = 0;
  };
  using Links = std::map<std::pair<NodeId, NodeId>, Counts>;  // by from, to

  // `answer` is a node's GET /api/links. An unreadable one, or a node's first one, adds nothing.
  void Add(const NodeId& node, const std::string& answer);
  // What was added since the last Take, without links on which nothing happened.
  Links Take() { return std::exchange(since_, {}); }
  void Reset() { *this = {}; }

 private:
  std::map<NodeId, Links> seen_;  // by the node that counts
  Links since_;
};

// {"links":[{from,to,appends,votes,losses}…]}
std::string ToJson(const LinkChanges::Links& links);

}  // namespace raftly
