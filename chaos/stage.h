// A cluster to do harm to. Injector and scenarios are written in these terms, and so run on real threads and files as
// well as in virtual time.
//
//   SimStage stage({.nodes = 3, .seed = 7}, timeline);            // or ThreadStage
//   for (int node = 0; node < stage.size(); ++node) stage.Start(node);
//   stage.RunUntil([&] { return stage.leader() >= 0; }, 5s);
//   stage.Crash(stage.leader());
//
// One thread directs a stage and calls everything here. Nodes are known by their place, 0 to size() - 1; node 0 is
// "n1". Time passes only in RunUntil and RunFor; conditions, timers and clients' callbacks run in there, on the
// directing thread. Callbacks of clients only take notes: they must not call the stage.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chaos/timeline.h"
#include "raft/core/config.h"
#include "raft/env/executor.h"
#include "raft/env/files.h"
#include "raft/node/node_status.h"
#include "raft/node/raft_node.h"
#include "transport/network_rules.h"

namespace raftly {

struct StageOptions {
  int nodes = 3;
  int spares = 0;  // the last of them: no members of the first start
  uint64_t seed = 1;
  Timings timings;
  Defences defences;
};

class Stage {
 public:
  using Condition = std::function<bool()>;
  using Proposed = absl::AnyInvocable<void(absl::StatusOr<Applied>)>;
  // Nothing where the register does not exist.
  using Got = absl::AnyInvocable<void(absl::StatusOr<std::optional<std::string>>)>;

  // `timeline` outlives the stage.
  Stage(const StageOptions& options, Timeline& timeline);
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const StageOptions& options() const { return options_; }
  int size() const { return options_.nodes; }
  const NodeId& id(int node) const { return ids_[static_cast<size_t>(node)]; }
  // Adds to the timeline.
  void Note(std::string what) { timeline_.Note(now(), std::move(what)); }

  // ---- Processes
  // Boots a node that is down, through recovery. DataLoss where it refuses its log as damaged; it is down then.
  virtual absl::Status Start(int node) = 0;
  // Ends a process that is up. What it wrote survives, synced or not.
  virtual void Stop(int node) = 0;
  // The machine loses power: what was not synced is gone.
  virtual void Crash(int node) = 0;
  virtual bool up(int node) const = 0;

  // Throws away what a node that is down has stored. From then on it starts as one that joins: it knows no other, and
  // waits for a leader.
  virtual void LoseDirectory(int node) = 0;

  // ---- Clients. `done` runs exactly once unless the stage is taken down first; at a node that is down it fails as
  // FailedPrecondition, at one that dies before it has answered as Unavailable.
  virtual void Propose(int node, const std::string& command, Duration timeout, Proposed done) = 0;
  // Linearizable.
  virtual void Read(int node, const std::string& key, Duration timeout, Got done) = 0;
  // The stale mode: a node's own state, without asking anyone. Requires up(node).
  virtual std::optional<std::string> ReadStale(int node, const std::string& key) const = 0;

  // As RaftNode::ChangeMembers, where the stage has spares.
  virtual void ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Proposed done) = 0;

  // ---- What nodes say of themselves. Requires up(node).
  virtual NodeStatus status(int node) const = 0;
  virtual void SetTimings(int node, Timings timings) = 0;
  // The whole log as the node has it in memory. Time passes.
  Entries LogOf(int node);
  // The node that leads with the highest term; -1: none.
  int leader() const;

  // ---- Time. Starts at 0.
  virtual Time now() const = 0;
  // False where `limit` has passed and the condition still does not hold.
  virtual bool RunUntil(const Condition& condition, Duration limit) = 0;
  void RunFor(Duration duration);
  // Runs `task` in a later RunUntil. It may call the stage, but not RunUntil.
  virtual void After(Duration delay, Task task) = 0;

  // ---- Links and disks. Rules outlive a crash: they are the network's, not the process's.
  virtual NetworkRules& rules(int node) = 0;
  // For files at rest: only while the node is down.
  virtual FileSystem& disk(int node) = 0;
  virtual std::string WalPath(int node) const = 0;

  // A promise of Raft that a judge saw broken, where judges watch; empty: none.
  virtual std::string violation() const { return {}; }

 protected:
  virtual void AskTail(int node, absl::AnyInvocable<void(Entries)> done) = 0;
  static absl::Status DownError(const NodeId& id);
  void NoteAt(Time at, std::string what) { timeline_.Note(at, std::move(what)); }
  const std::vector<NodeId>& ids() const { return ids_; }

 private:
  const StageOptions options_;
  const std::vector<NodeId> ids_;
  Timeline& timeline_;
};

}  // namespace raftly
