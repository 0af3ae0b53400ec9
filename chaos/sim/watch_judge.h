// A client that lists keys once and then only follows changes, now at one node and now at another, as those that watch
// do: what it has must be what is there, or a change was missed, came twice, or came out of order.
//
// Where a node does not know any more what follows (it took up a snapshot), the client lists again, as it is told to.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "chaos/sim/kv_machine.h"
#include "raft/core/types.h"
#include "server/kv/change_log.h"

namespace raftly {

class WatchJudge {
 public:
  explicit WatchJudge(std::function<void(std::string)> accuse) : accuse_(std::move(accuse)) {}

  // `machine`, that of the node at `place`, has just applied it.
  void OnApplied(int place, const Entry& entry, const KvMachine& machine);
  uint64_t heard() const { return heard_; }

 private:
  using Copy = std::map<std::string, std::pair<std::string, Index>>;  // value and version

  static Copy ListOf(const KvMachine& machine);
  void Hear(const Change& change);
  bool GoesOn(int place);

  const std::function<void(std::string)> accuse_;
  ChangePosition next_{Index{1}};
  Copy copy_;
  uint64_t heard_ = 0;  // changes
  int at_ = -1;         // the place of the node that it follows
  int stays_ = 0;       // for so many more entries there
  int passed_ = 0;      // entries that others have applied since that one did
};

}  // namespace raftly
