// Who decides in a simulated cluster: a configuration as sets of nodes, a bit for the place of each.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "raft/core/membership.h"

namespace raftly {

using NodeSet = uint32_t;

inline constexpr NodeSet SetOf(int place) { return NodeSet{1} << place; }

struct Electorate {
  NodeSet voters = 0;
  NodeSet outgoing = 0;  // of a joint configuration: the voters of before

  bool Votes(int place) const { return ((voters | outgoing) & SetOf(place)) != 0; }
  // §6: a majority of the voters, and while joint one of those of before.
  bool IsQuorum(NodeSet nodes) const {
    const auto majority = [nodes](NodeSet of) {
      return static_cast<size_t>(std::popcount(of & nodes)) >= QuorumOf(static_cast<size_t>(std::popcount(of)));
    };
    return majority(voters) && (outgoing == 0 || majority(outgoing));
  }
  bool operator==(const Electorate&) const = default;
};

// `ids`: the nodes by their places. Who is none of them counts as nobody.
Electorate ElectorateOf(const Configuration& configuration, const std::vector<NodeId>& ids);

// Whether every quorum of one has a node in common with every quorum of the other.
bool Overlap(const Electorate& one, const Electorate& other);

}  // namespace raftly
