// Watches for progress while faults go on elsewhere: a majority in which nothing is wrong must not stand still.
//
//   ProgressJudge progress(world, cluster, settings, [](std::string violation) { ... });
//   progress.Begin();
//
// "Nothing is wrong" means: those nodes run, may vote, have disks that work and space on them, and all links between
// them carry what they are given, each without a break. Whatever else there is, a leader that hears only some of them
// or that is no member any more included, may not keep them from electing a leader and committing (thesis §6.2 and
// §9.6). There has to be something to commit all the time: see Workload.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chaos/sim/sim_cluster.h"

namespace raftly {

class ProgressJudge {
 public:
  // `accuse` runs at most once, with one sentence. All outlive it.
  ProgressJudge(World& world, SimCluster& cluster, const Settings& settings,
                std::function<void(std::string violation)> accuse);

  void Begin() { Look(); }
  void End() { ended_ = true; }

 private:
  // A smallest majority, of everything that it may be counted by (MembersJudge::InForce), and since when it has stood
  // still although nothing is wrong in it.
  struct Majority {
    NodeSet set = 0;
    std::vector<int> nodes;
    Time since{};
    uint64_t progress = 0;  // the furthest that it has come since
  };

  void Look();
  void FindMajorities();
  void Look(Majority& majority);
  bool IsWhole(const Majority& majority) const;
  uint64_t ProgressOf(const Majority& majority) const;
  void LookAtNodes();

  World& world_;
  SimCluster& cluster_;
  const Duration patience_;
  const std::function<void(std::string)> accuse_;
  std::vector<Electorate> in_force_;
  std::vector<Majority> majorities_;  // of those
  // Of the look under way. By node: whom it can talk to, both ways, itself included; nobody where it is not fit.
  std::vector<NodeSet> talks_to_;
  struct Reached {
    uint64_t commit = 0;
    uint64_t last = 0;
  };
  std::vector<Reached> reached_;
  bool ended_ = false;
};

}  // namespace raftly
