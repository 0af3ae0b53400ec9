// The stage in virtual time: the simulator's cluster, one seed, always the same run.
#pragma once

#include <memory>

#include "chaos/sim/judges.h"
#include "chaos/sim/sim_cluster.h"
#include "chaos/sim/world.h"
#include "chaos/stage.h"

namespace raftly {

// Disks lose everything unsynced in a crash, links are quick and lose nothing: what goes wrong is what the scenario
// does. Equal options and equal calls give equal runs.
class SimStage : public Stage {
 public:
  SimStage(const StageOptions& options, Timeline& timeline);

  absl::Status Start(int node) override;
  void Stop(int node) override { cluster_.Crash(node, SimDisk::Crash::kProcess); }
  void Crash(int node) override { cluster_.Crash(node, SimDisk::Crash::kPower); }
  void LoseDirectory(int node) override { cluster_.LoseDirectory(node); }
  bool up(int node) const override { return cluster_.up(node); }

  void Propose(int node, const std::string& command, Duration timeout, Proposed done) override;
  void Read(int node, const std::string& key, Duration timeout, Got done) override;
  std::optional<std::string> ReadStale(int node, const std::string& key) const override;

  void ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Proposed done) override;

  NodeStatus status(int node) const override { return cluster_.status(node); }
  void SetTimings(int node, Timings timings) override { cluster_.node(node).SetTimings(timings); }

  Time now() const override { return world_.now(); }
  bool RunUntil(const Condition& condition, Duration limit) override;
  void After(Duration delay, Task task) override;

  NetworkRules& rules(int node) override { return cluster_.rules(node); }
  FileSystem& disk(int node) override { return cluster_.disk(node); }
  std::string WalPath(int node) const override;

  std::string violation() const override { return judges_.violation(); }
  // Of every event so far.
  uint64_t hash() const { return world_.hash(); }

 protected:
  void AskTail(int node, absl::AnyInvocable<void(Entries)> done) override;

 private:
  World world_;
  // A judge stops its world at the first violation. Here the show must go on: the damage is what it is about.
  World judges_world_;
  Judges judges_;
  SimCluster cluster_;
};

}  // namespace raftly
