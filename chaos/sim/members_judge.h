// Judges changes of the members: what the logs say of them, and who decides by that (§6).
//
//   MembersJudge members(ids, first, [](std::string violation) { ... });
//   members.OnAppended(entry, "n1", before, held);   // when a log is first seen to hold it
//   members.OnCommitted(entry.position());
//
// Configurations that are in force at once, the last committed one and all that some log holds beyond it, have no two
// disjoint quorums; each is one that may follow the one before it. It believes entries, not what nodes say of them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "chaos/sim/electorate.h"
#include "raft/core/types.h"

namespace raftly {

class MembersJudge {
 public:
  using Held = absl::FunctionRef<bool(LogPosition)>;
  struct Known {
    Configuration configuration;
    Electorate electorate;
  };

  MembersJudge(std::vector<NodeId> ids, const Configuration& first, std::function<void(std::string)> accuse);

  // Seen for the first time, in the log of `node`, in which `before` held until then. `held`: whether any log, of nodes
  // that are down too, holds what is there.
  void OnAppended(const Entry& entry, const NodeId& node, const Configuration& before, Held held);
  // In the order of the log, whatever is committed.
  void OnCommitted(LogPosition position);

  const std::vector<NodeId>& ids() const { return ids_; }
  // What an entry says of the members; null: nothing.
  const Known* At(LogPosition position) const;
  // The last committed one up to `index`; that of the first start where there is none.
  const Known& CommittedAt(Index index) const;
  const Known& committed() const { return committed_.rbegin()->second; }
  size_t committed_changes() const { return committed_.size() - 1; }
  // The last committed one and what some log holds beyond all that is committed.
  std::vector<const Known*> InForce(Held held) const;

 private:
  void JudgeOverlap(LogPosition position, const Known& known, const NodeId& node, Held held);

  const std::vector<NodeId> ids_;
  const std::function<void(std::string)> accuse_;
  std::map<LogPosition, Known> appended_;
  Index last_committed_;
  std::map<Index, Known> committed_;  // never empty: 0 is that of the first start
};

}  // namespace raftly
