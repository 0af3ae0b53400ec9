// Who is in the cluster, and what a majority is (§6).
//
// A configuration holds from when it is appended to a log, not from when it is committed. A change goes through a joint
// one: while it lasts, both the voters of before and those of after have to agree, each by a majority of theirs, so
// that no two disjoint majorities can ever decide. That makes changes of any number of members at once safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "raft/core/types.h"

namespace raftly {

struct Configuration {
  std::set<NodeId> voters;
  std::set<NodeId> outgoing = {};  // of a joint one: the voters of before
  std::set<NodeId> learners = {};  // are sent the log, and never counted; disjoint from both

  bool joint() const { return !outgoing.empty(); }
  bool Votes(const NodeId& node) const { return voters.contains(node) || outgoing.contains(node); }
  bool Has(const NodeId& node) const { return Votes(node) || learners.contains(node); }
  // All that are not `self`.
  std::set<NodeId> Others(const NodeId& self) const;

  bool operator==(const Configuration&) const = default;
};

// The configuration that leads from `now` to the voters and learners of `next`: joint where the voters change, else
// `next` itself. Requires that neither is joint. Who stops voting leaves.
Configuration FirstStepTo(const Configuration& next, const Configuration& now);
// Where a joint one leads to.
Configuration Final(const Configuration& joint);

// "a,b,c"; "a,b,d, was a,b,c" while joint; "a,b,c, learns d".
std::string ToString(const Configuration& configuration);

// Why no log may hold `next` right behind `now`; empty: it may. A sentence without its end.
std::string WhyNotAfter(const Configuration& now, const Configuration& next);

inline constexpr size_t QuorumOf(size_t servers) { return servers / 2 + 1; }

// Whether all that has to agree does: a majority of the voters for whom `holds`, and while joint also one of the
// outgoing. Nobody is not enough: a configuration without voters decides nothing. `Deciders` is a Configuration, or
// what stands for one (RaftCore::Electorate).
template <class Deciders, class Holds>
bool QuorumHolds(const Deciders& deciders, Holds holds) {
  const auto majority = [&](const auto& voters) {
    return static_cast<size_t>(std::count_if(voters.begin(), voters.end(), holds)) >= QuorumOf(voters.size());
  };
  return majority(deciders.voters) && (!deciders.joint() || majority(deciders.outgoing));
}

// The highest value that a quorum has reached: what it stores, when it was heard, which call it has answered. `value`
// gives that of one voter; `none` is that of nobody.
template <class Deciders, class T, class Value>
T ReachedByQuorum(const Deciders& deciders, T none, Value value) {
  const auto reached = [&](const auto& voters) {
    if (voters.empty()) return none;
    // Nearly every step counts, so what is usual costs no allocation.
    std::array<T, 8> few;
    std::vector<T> many(voters.size() > few.size() ? voters.size() : 0);
    T* const values = many.empty() ? few.data() : many.data();
    T* const end = std::transform(voters.begin(), voters.end(), values, value);
    T* const quorum = values + QuorumOf(voters.size()) - 1;
    std::nth_element(values, quorum, end, std::greater<T>());
    return std::max(none, *quorum);
  };
  const T now = reached(deciders.voters);
  return deciders.joint() ? std::min(now, reached(deciders.outgoing)) : now;
}

}  // namespace raftly
