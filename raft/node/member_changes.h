// What the members are to be after a change, and which step comes next: values in, values out.
//
//   node.ChangeMembers([](const Members& now) { return WithMember(now, "node4", {.address = "host:7004"}, false); },
//   ...);
//
// Whoever is new comes in as a learner, so that it never votes, nor is counted, before it has what the others have
// (thesis §4.2.1). All errors are for people: InvalidArgument, NotFound, AlreadyExists (another change has to end
// first; or it is a member already).
#pragma once

#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "raft/storage/members.h"

namespace raftly {

// Takes a node in; it becomes a voter by itself once it has caught up, unless it `stays_learner`. The same again
// changes nothing.
absl::StatusOr<Members> WithMember(const Members& now, const NodeId& node, Member member, bool stays_learner);
// Another node in the place of `old`: it learns, and then, in one joint change, the new one is in and `old` out. Under
// the same id it is another directory, or one under other addresses: where its incarnation is known to be the present
// one only the addresses change; else it leaves, and is taken in again.
absl::StatusOr<Members> WithReplaced(const Members& now, const NodeId& old, const NodeId& node, Member member);
absl::StatusOr<Members> WithoutMember(const Members& now, const NodeId& node);
// A learner that is to vote after all, once it has caught up.
absl::StatusOr<Members> WithPromoted(const Members& now, const NodeId& node);

// What a leader knows of a member that an entry may not say yet.
struct Acquaintance {
  bool caught_up = false;
  std::string incarnation = {};  // empty: it has not said
};

struct ChangeRules {
  bool names_directories = true;  // nobody votes whose directory is not known by name
  bool joint = true;              // Defences::joint_consensus
};

// The step that follows `now`, which is committed; nothing: none. In this order: the end of a joint configuration;
// those that enter; learners that have caught up become voters; what is known of the members is written down.
std::optional<Members> NextStep(const Members& now, const std::function<Acquaintance(const NodeId&)>& know,
                                ChangeRules rules);

}  // namespace raftly
