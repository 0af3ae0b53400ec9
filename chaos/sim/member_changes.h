// Changes the members of a simulated cluster, whatever else goes on: nodes are taken in as learners that become voters
// or stay, are made voters at once, are removed, the leader among them, and several at a time are replaced.
//
// Who is taken in has an empty directory. Who was removed goes on for a while, and does not know it: then it retires,
// and its name may come back. Each change draws from a stream of its own, so that one can be spared (Settings::spared).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "chaos/sim/member_wish.h"
#include "chaos/sim/sim_cluster.h"

namespace raftly {

class MemberChanges {
 public:
  // Their numbers among those that are spared.
  static constexpr uint64_t kFirst = 2'000'000;

  // Does nothing where members do not change (Settings::spares).
  MemberChanges(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed);

  void Begin();
  // What has been asked for may still come about, and nodes that it takes in are started.
  void Rest() { resting_ = true; }
  // As an operator would: starts those that are members and were never started, has those replaced that lost their
  // directory, and retires some that are none any more, but not while it rests.
  void Tend();

 private:
  void Plan();
  void Replace(int node);
  void Change();
  MemberWish Draw(const Configuration& now, const NodeId& leader);

  std::set<NodeId> Some(std::vector<NodeId> of, size_t most);
  std::vector<NodeId> Free() const;

  World& world_;
  SimCluster& cluster_;
  const Settings settings_;
  const uint64_t seed_;
  Random plan_;
  Random random_;  // of the change that is made now
  uint64_t changes_ = 0;
  bool resting_ = false;
};

}  // namespace raftly
