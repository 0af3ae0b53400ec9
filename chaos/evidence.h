// Looks for damage in what clients were told and in what nodes hold, and words it as evidence: which write, which
// value, which index and terms, which node. Knows nothing of what was done to the cluster.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chaos/clients.h"
#include "chaos/sim/history.h"
#include "raft/core/types.h"
#include "raft/node/node_status.h"

namespace raftly {

// The node follows this leader, and both hold, have committed and have applied the same.
bool RestsWith(const NodeStatus& leader, const NodeStatus& node);

// A node's log, under its id.
using NodeLogs = std::vector<std::pair<NodeId, Entries>>;

struct Damage {
  enum class Kind {
    kLostWrite,          // an acknowledged write is not in every log
    kAcknowledgedTwice,  // two different writes were acknowledged at one index
    kNotLinearizable,    // no order of the clients' operations explains their answers
    kLogsDiffer,         // one index and term, two commands
    kPromiseBroken,      // a judge of the simulator saw a property of Raft violated
  };
  Kind kind = Kind::kLostWrite;
  std::vector<std::string> evidence;  // a sentence each
};
// The property violated, in words.
std::string PropertyOf(Damage::Kind kind);

// Requires logs that have come to rest: of all nodes, after everything was healed and all agree.
std::vector<Damage> FindDamage(const Clients& clients, const NodeLogs& logs);

// The same one by one; empty where there is none.
std::vector<std::string> FindLostWrites(const std::vector<AcknowledgedWrite>& writes, const NodeLogs& logs);
std::vector<std::string> FindAcknowledgedTwice(const std::vector<AcknowledgedWrite>& writes);
std::vector<std::string> FindDifferentCommands(const NodeLogs& logs);
std::vector<std::string> FindHistoryViolation(const History& history);

// `put k=v`, `no-op`; what cannot be printed is escaped.
std::string CommandText(const Entry& entry);
std::string Printable(std::string_view text);

}  // namespace raftly
