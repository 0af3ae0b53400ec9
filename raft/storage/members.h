// Who is in a cluster and where, as a configuration entry of the log and a snapshot say it (SPEC section 4.3).
//
//   {"members":{"voters":["node1","node2"],"outgoing":[],"learners":["node4"],
//               "known":{"node1":{"address":"host:7001","http":"host:8001","incarnation":"04…"},…},
//               "entering":{}}}
//
// Beside `members` the object may say other things of the cluster (raft/storage/identity.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/membership.h"
#include "raft/core/types.h"

namespace raftly {

// The bit of CoreConfig::features that says so.
inline constexpr uint32_t kMembership = 8;

// More than anybody runs; a snapshot's header has room for them.
inline constexpr size_t kMostMembers = 100;

struct Member {
  std::string address = {};      // host:port, for the other nodes
  std::string http = {};         // for clients
  std::string incarnation = {};  // of its data directory; empty: not known yet
  bool promote = false;          // a learner that is to vote once it has caught up
  NodeId replaces = {};          // the voter that leaves when it does; empty: none

  bool operator==(const Member&) const = default;
};

struct Members {
  Configuration configuration;
  std::map<NodeId, Member> known;  // exactly those of the configuration
  // Taken in as learners once those of these names are out: another directory must not be counted for theirs.
  std::map<NodeId, Member> entering = {};

  bool operator==(const Members&) const = default;
};

// Only those of `configuration`, with what is known of them.
Members Among(const Configuration& configuration, const std::map<NodeId, Member>& known);

std::string EncodeMembers(const Members& members);
// Of the text of an entry or of a snapshot. Nothing: it says nothing of members, or what it says makes no sense: more
// than kMostMembers, names or addresses longer than any are.
std::optional<Members> MembersIn(std::string_view configuration);
// For CoreConfig::read_configuration.
std::optional<Configuration> ConfigurationIn(const Entry& entry);

}  // namespace raftly
