// What a node may be called.
#pragma once

#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly {

// Ids travel in headers, log lines, flags and the name of a directory. InvalidArgument says what is wrong, without
// repeating `id`.
absl::Status CheckNodeId(const NodeId& id);

}  // namespace raftly
