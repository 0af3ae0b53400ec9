#include "server/node_id.h"

#include <algorithm>

namespace raftly {

absl::Status CheckNodeId(const NodeId& id) {
  if (id.empty()) return absl::InvalidArgumentError("the node id is empty");
  const bool clean = std::all_of(id.begin(), id.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != ',' && c != '=' && c != '/' && c != '\\' && c != '"';
  });
  if (!clean || id == "." || id == "..") {
    return absl::InvalidArgumentError("a node id is printable ASCII without spaces, commas, quotes, slashes and '='");
  }
  if (id.size() > 128) return absl::InvalidArgumentError("the node id has more than 128 bytes");
  return absl::OkStatus();
}

}  // namespace raftly
