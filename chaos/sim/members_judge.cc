#include "chaos/sim/members_judge.h"

#include "absl/strings/str_cat.h"
#include "raft/storage/members.h"

namespace raftly {
namespace {

std::string Words(const Configuration& configuration) { return absl::StrCat("{", ToString(configuration), "}"); }

// Thesis §4.1. Such a step is no harm by itself, and what it may do is seen by its quorums.
bool ByOneServer(const Electorate& before, const Electorate& after) {
  return before.outgoing == 0 && after.outgoing == 0 && std::popcount(before.voters ^ after.voters) <= 1;
}

}  // namespace

Electorate ElectorateOf(const Configuration& configuration, const std::vector<NodeId>& ids) {
  Electorate electorate;
  for (size_t place = 0; place < ids.size(); ++place) {
    if (configuration.voters.contains(ids[place])) electorate.voters |= SetOf(static_cast<int>(place));
    if (configuration.outgoing.contains(ids[place])) electorate.outgoing |= SetOf(static_cast<int>(place));
  }
  return electorate;
}

// More nodes than a quorum are one, too: it is enough to look at all that one quorum leaves to the other.
bool Overlap(const Electorate& one, const Electorate& other) {
  const NodeSet all = one.voters | one.outgoing | other.voters | other.outgoing;
  for (NodeSet nodes = all;; nodes = (nodes - 1) & all) {
    if (one.IsQuorum(nodes) && other.IsQuorum(all & ~nodes)) return false;
    if (nodes == 0) return true;
  }
}

MembersJudge::MembersJudge(std::vector<NodeId> ids, const Configuration& first, std::function<void(std::string)> accuse)
    : ids_(std::move(ids)), accuse_(std::move(accuse)) {
  committed_[Index{}] = {first, ElectorateOf(first, ids_)};
}

void MembersJudge::OnAppended(const Entry& entry, const NodeId& node, const Configuration& before, Held held) {
  const auto found = ConfigurationIn(entry);
  if (!found) return;
  const Known known{*found, ElectorateOf(*found, ids_)};
  JudgeOverlap(entry.position(), known, node, held);
  appended_[entry.position()] = known;
  const std::string why = WhyNotAfter(before, *found);
  if (!why.empty() && !ByOneServer(ElectorateOf(before, ids_), known.electorate)) {
    accuse_(absl::StrCat("members: after ", Words(before), " the log of ", node, " goes on with ", Words(*found),
                         " at index ", entry.index.value, ": ", why));
  }
}

void MembersJudge::JudgeOverlap(LogPosition position, const Known& known, const NodeId& node, Held held) {
  for (const Known* other : InForce(held)) {
    if (Overlap(known.electorate, other->electorate)) continue;
    accuse_(absl::StrCat("disjoint quorums: ", Words(known.configuration), " in the log of ", node, " at index ",
                         position.index.value, " (term ", position.term.value, ") and ", Words(other->configuration),
                         " are in force at once, and have quorums without a common node"));
  }
}

std::vector<const MembersJudge::Known*> MembersJudge::InForce(Held held) const {
  std::vector<const Known*> all = {&committed()};
  for (const auto& [position, known] : appended_) {
    if (position.index > last_committed_ && held(position)) all.push_back(&known);
  }
  return all;
}

void MembersJudge::OnCommitted(LogPosition position) {
  last_committed_ = position.index;
  if (const Known* known = At(position)) committed_[position.index] = *known;
}

const MembersJudge::Known* MembersJudge::At(LogPosition position) const {
  const auto found = appended_.find(position);
  return found == appended_.end() ? nullptr : &found->second;
}

const MembersJudge::Known& MembersJudge::CommittedAt(Index index) const {
  return std::prev(committed_.upper_bound(index))->second;
}

}  // namespace raftly
