// Makes things go wrong in a simulated cluster, and right again: every fault ends by itself or with Rest.
//
// When faults strike, and which, is drawn from a stream of their own, and what one does from another for each: without
// one of them (Settings::spared) the others are what they were, as far as the cluster is. A leader that is asked to
// hand over is no fault by itself: that comes between the others, and by numbers of its own. So do changes of the
// members.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chaos/sim/member_changes.h"
#include "chaos/sim/sim_cluster.h"

namespace raftly {

class Nemesis {
 public:
  Nemesis(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed);

  void Begin();
  // How many have struck or been spared.
  uint64_t faults() const { return faults_; }
  // Heals everything, starts every node, and does no more harm.
  void Rest();

 private:
  void Plan();
  void PlanHandOvers();
  void HandOver();
  void Next();
  void Strike(Fault fault);
  void Tell(const std::string& what);
  // Ends a fault after its time, unless Rest has come first.
  void Later(Duration delay, std::function<void()> action);

  void Isolate(int node);
  void Partition();
  void CutOneWay();
  void Flap(int from, int to, int times);
  void SpoilLinks();
  void CrashNode(int node);
  void CrashAtEvent();
  void AccuseFalsely(int node);
  void PauseNode(int node);
  void DiskFault(Fault fault, int node);
  void RotBits(int node);
  void Cut(int from, int to, std::vector<std::string>& ids);
  void Heal(const std::vector<std::string>& ids);
  void Restart(int node, Duration after);

  Random& random() { return random_; }
  // Of those that are or were members.
  int AnyNode();
  int LeaderOrAny() { return cluster_.leader() >= 0 ? cluster_.leader() : AnyNode(); }
  Duration Lasts() { return random().Between(settings_.fault_lasts / 10, settings_.fault_lasts * 2); }
  SimDisk::Crash AnyCrash() { return random().Chance(700) ? SimDisk::Crash::kPower : SimDisk::Crash::kProcess; }

  World& world_;
  SimCluster& cluster_;
  Settings settings_;
  const uint64_t seed_;
  Random plan_;
  Random hand_overs_;
  Random random_;  // of the fault that struck last
  MemberChanges member_changes_;
  uint64_t faults_ = 0;
  uint64_t handed_over_ = 0;  // so many times
  bool resting_ = false;
  int cuts_ = 0;
};

}  // namespace raftly
