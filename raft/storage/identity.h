// Who a data directory belongs to: <data-dir>/identity, one small JSON object beside the log (SPEC section 1.1).
//
//   {"cluster_id":"9f…","node_id":"node1","incarnation":"04…","format":1}
//
// Replaced atomically and durable when Write returns. It is written only once the log beside it is durable, so that a
// directory with an identity and without a log has lost its log, and with it votes and acknowledged entries; a first
// start that was interrupted leaves either no identity or both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/files.h"

namespace raftly {

struct Identity {
  std::string cluster_id;   // IsUniqueId, or empty until the cluster's is known
  NodeId node_id;           // not empty
  std::string incarnation;  // IsUniqueId; another one with every new directory

  bool operator==(const Identity&) const = default;
};

// 128 bits in lowercase hex. Chance comes from the caller, so that a simulation stays deterministic.
std::string UniqueId(uint64_t high, uint64_t low);
bool IsUniqueId(std::string_view text);

std::string IdentityPath(const std::string& directory);
std::string EncodeIdentity(const Identity& identity);
// DataLoss, naming `path` and the remedy: not an identity, or one of a format that this version does not know.
absl::StatusOr<Identity> DecodeIdentity(std::string_view text, const std::string& path);

// Nothing where there is no such file.
absl::StatusOr<std::optional<Identity>> ReadIdentity(FileSystem& files, const std::string& directory);
absl::Status WriteIdentity(FileSystem& files, const std::string& directory, const Identity& identity);

// The command of a configuration entry that gives the cluster its id, or says what all its nodes have (CoreConfig::
// features), or both: empty and 0 are left out. Further fields may be added.
// `members`: text of EncodeMembers, or empty.
std::string EncodeConfiguration(const std::string& cluster_id, uint32_t features, const std::string& members = {});
inline std::string EncodeClusterId(const std::string& cluster_id) { return EncodeConfiguration(cluster_id, 0); }
// Nothing where the entry says no id: one of another kind, or of a hand that we do not know.
std::optional<std::string> ClusterIdOf(const Entry& entry);
// 0 where it says nothing of them.
uint32_t FeaturesOf(const Entry& entry);

}  // namespace raftly
