// Clusters whose members never change.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "raft/core/types.h"
#include "server/address.h"

namespace raftly {

inline std::function<std::vector<NodeId>()> Nodes(std::vector<NodeId> nodes) {
  return [nodes = std::move(nodes)] { return nodes; };
}

inline std::function<std::optional<Address>(const NodeId&)> Addresses(std::map<NodeId, Address> addresses) {
  return [addresses = std::move(addresses)](const NodeId& node) {
    const auto found = addresses.find(node);
    return found == addresses.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace raftly
