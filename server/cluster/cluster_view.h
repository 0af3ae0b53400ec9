// The cluster as one node sees it at one moment: what every node said of itself, or that it said nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "raft/core/types.h"
#include "raft/node/node_status.h"
#include "server/cluster/fan_out.h"

namespace raftly {

struct NodeRow {
  NodeId id = {};
  std::string state = "Down";  // as in /status; "Down" where unreachable
  uint64_t term = 0;
  NodeId leader_id = {};
  uint64_t commit_index = 0;
  uint64_t last_applied = 0;
  uint64_t first_index = 0;     // of the log in memory
  uint64_t snapshot_index = 0;  // of the newest snapshot; 0: none
  uint64_t log_bytes = 0;       // on its disk
  std::vector<SnapshotOnItsWay> sending = {};
  std::vector<NodeId> takes_no_snapshot = {};
  bool reachable = false;
  std::string error = {};  // why it is unreachable, or what it says of refusals between it and another node

  bool operator==(const NodeRow&) const = default;
};

struct ClusterView {
  std::vector<NodeRow> nodes;  // sorted by id
  NodeId leader_id;            // the reachable node in state Leader with the highest term; empty: none
  uint64_t term = 0;           // the highest of a reachable node
  int64_t timestamp_ms = 0;    // since 1970
};

// `,"sending":[…]` of a status or a row; empty where nothing is on its way.
std::string SendingJson(const std::vector<SnapshotOnItsWay>& sending);

// The question behind a row, and the row.
HttpRequest StatusRequest();
NodeRow RowOf(const NodeId& node, const FanOut::Body& status);

// Fills what follows from the rows.
ClusterView Summarize(std::vector<NodeRow> nodes, int64_t timestamp_ms);
ClusterView AskForView(FanOut& fan_out);

// The object of GET /api/cluster.
std::string ToJson(const ClusterView& view);

// Milliseconds since 1970.
int64_t WallClockMs();

// `{"<name>":[row, row…]}`: each node's own object as it came, or {"node":…,<blank>,"error":…}. `blank` is what a row
// without an answer has instead of the answer's fields: `"rules":[]`.
std::string JoinRows(std::string_view name, const FanOut::Bodies& bodies, std::string_view blank);
// The objects of GET /api/cluster/chaos/state, /api/cluster/log and /api/cluster/config.
std::string JoinRules(const FanOut::Bodies& bodies);
std::string JoinLogs(const FanOut::Bodies& bodies);
std::string JoinTimings(const FanOut::Bodies& bodies);

}  // namespace raftly
