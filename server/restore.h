// raftly-server -restore: a data directory out of a backup, for a new cluster of one node.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/node/node_identity.h"

namespace raftly {

// The cluster gets an id of its own (`fresh.cluster_id`), so that no member of the one that the backup is of can mix
// with it. AlreadyExists: the directory is not empty. DataLoss: the backup is damaged or cut short; nothing is left
// behind then that would pass for a node's directory.
absl::Status RestoreBackup(FileSystem& files, const std::string& backup, const std::string& directory,
                           const NodeId& self, const FreshIds& fresh);

}  // namespace raftly
