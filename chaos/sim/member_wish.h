// What somebody wants the members of a cluster to be: who is to be what, in the terms of an experiment and of the
// simulator's own changes.
//
//   node.ChangeMembers([](const Members& now) { return Apply({.learn = {"n4"}, .promote = true}, now); }, ...);
#pragma once

#include <set>

#include "absl/status/statusor.h"
#include "raft/storage/members.h"

namespace raftly {

// Who is in no set stays what it is.
struct MemberWish {
  std::set<NodeId> learn = {};
  bool promote = false;  // those, and those that learn already: they vote once they have caught up
  std::set<NodeId> vote = {};
  std::set<NodeId> leave = {};
  NodeId replace = {};  // what comes under this name is another directory (WithReplaced); empty: nobody's
};

// What the members are then; before the leader makes it a joint change. FailedPrecondition: nobody would be left, or
// more than kLargestCluster; and the errors of WithReplaced.
absl::StatusOr<Members> Apply(const MemberWish& wish, Members now);

}  // namespace raftly
