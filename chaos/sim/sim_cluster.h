// A whole cluster in virtual time: real nodes, real WAL, the in-memory transport in the network proxy; only time, disks
// and links are simulated.
//
//   World world(seed);
//   Judges judges(world, SimCluster::Ids(3));
//   SimCluster cluster(world, judges, settings, seed);
//   for (int i = 0; i < 3; ++i) cluster.Start(i);
//   world.RunUntil(Time(5s));
//   cluster.Crash(0, SimDisk::Crash::kPower);
//
// Nodes are known by their place, 0 to size() - 1; node 0 is "n1". Everything happens between events, so no method may
// be called by a node's own task.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/judges.h"
#include "chaos/sim/kv_machine.h"
#include "chaos/sim/settings.h"
#include "chaos/sim/sim_disk.h"
#include "chaos/sim/watch_judge.h"
#include "chaos/sim/watcher.h"
#include "chaos/sim/world.h"
#include "chaos/sim/write_judge.h"
#include "raft/node/node_status.h"
#include "raft/node/raft_node.h"
#include "server/kv/outcome.h"
#include "transport/inmem_transport.h"
#include "transport/network_rules.h"

namespace raftly {

class SimCluster {
 public:
  using Trace = std::function<void(std::string)>;
  using Proposed = absl::AnyInvocable<void(absl::StatusOr<WriteOutcome>)>;
  using Changed = std::function<void(const absl::StatusOr<Applied>&)>;
  using Got = absl::AnyInvocable<void(absl::StatusOr<std::optional<Found>>)>;

  // `trace` may be null.
  SimCluster(World& world, Judges& judges, const Settings& settings, uint64_t seed, Trace trace);
  ~SimCluster();

  static std::vector<NodeId> Ids(int nodes);
  int size() const { return static_cast<int>(machines_.size()); }
  // Those of the first start come first; after them the outsiders, or the spares.
  int members() const { return settings_.nodes; }
  // It is or was a member, or is to become one: where it is down it will be started again.
  bool serves(int node) const { return machines_[node]->serves; }
  bool lost_directory(int node) const { return machines_[node]->rejoin; }  // and has no vote again yet
  const NodeId& id(int node) const { return ids_[node]; }
  // -1 where there is no such node.
  int PlaceOf(const NodeId& id) const;

  // ---- Processes
  // Boots a node that is down. Where its log is refused as damaged and something did damage it, the directory is set
  // aside and the node rejoins; where nothing did, that is a violation.
  void Start(int node);
  void Crash(int node, SimDisk::Crash crash);
  // ---- Members that come and go (Settings::spares)
  // With an empty directory, for a leader to take in. Requires that it does not serve.
  void Join(int node);
  // The same for one that is down and has lost its directory.
  void LoseDirectory(int node);
  // For good: its directory is thrown away. For those that the cluster has removed.
  void Retire(int node);
  // As RaftNode::ChangeMembers. Requires up(node). `done` may be null, and does not run where the node dies first.
  void ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Changed done = nullptr);
  // By the last configuration that is committed, learners included.
  bool IsMember(int node) const { return judges_.members().committed().configuration.Has(ids_[node]); }
  // A configuration that nothing is left to be changed about: committed, and no log holds another one.
  const Configuration* SettledMembers() const;
  const Judges& judges() const { return judges_; }

  // What `node` takes for evidence that the process of `gone` is dead; a process that is killed gives some by itself.
  void GiveEvidence(int node, int gone, Duration after);
  // The machine loses power in the middle of its disk's work: the end of the last write is missing. Requires up(node).
  void CrashInAWrite(int node);
  void Pause(int node);
  void Resume(int node);
  // Its clock goes so much faster or slower from here on, in its later lives too.
  void SkewClock(int node, int64_t drift_ppm);
  bool up(int node) const { return machines_[node]->life != nullptr; }
  bool paused(int node) const { return machines_[node]->paused; }
  // Runs when a node's disk has failed for good, which ends its process; the node is down by then.
  void OnProcessEnded(std::function<void(int node)> ended) { ended_ = std::move(ended); }

  // ---- Disks and links
  SimDisk& disk(int node) { return machines_[node]->disk; }
  // Flips one bit in what the log can prove to have been durable. False where there is no such place yet.
  bool DamageLog(int node);
  // The same, in the last byte of the last place where `text` stands in a durable file of the node. False where none
  // has it. Requires a text.
  bool DamageText(int node, const std::string& text);
  // Nodes that lost their directory and may not vote yet, or will lose it as soon as they start.
  int Amnesiacs() const;
  NetworkRules& rules(int node) { return machines_[node]->rules; }
  LinkSettings& link(int from, int to) {
    return links_[static_cast<size_t>(from) * machines_.size() + static_cast<size_t>(to)];
  }
  void HealLinks();
  // That, and disks, pauses, and members that are down.
  void HealAll();
  // The message of this number (Watcher::Message) is lost once it is sent. Requires a watcher.
  void DropMessage(uint64_t number) { to_drop_.insert(number); }

  // ---- What is wrong
  // The node runs, may vote, and its disk works and has space.
  bool Fit(int node) const;
  // Every message of `from` to `to` arrives, and about as fast as it should.
  bool Carries(int from, int to) const;
  // Something that was wrong for however short a time befell the node.
  void Disturb(int node) { machines_[node]->disturbed_at = world_.now(); }
  Time disturbed_at(int node) const { return machines_[node]->disturbed_at; }

  // ---- Clients. Nothing runs where the node dies first.
  // `command`: of server/kv, proposed only where every node has `features`. An outcome is what the machine answered,
  // whatever it says.
  void Propose(int node, const std::string& command, Duration timeout, Proposed done, uint32_t features = 0);
  void Get(int node, const std::string& key, Duration timeout, Got done);

  // In the end: what was added to `key`, as a node has it that is up.
  void JudgeSum(const History& history, const std::string& key);
  // A client was told what cannot be.
  void Accuse(std::string violation) { judges_.Accuse(std::move(violation)); }

  // Of a node that is up.
  NodeStatus status(int node) const;
  // How many damaged logs were mended.
  uint64_t repaired() const { return repaired_; }
  RaftNode& node(int node);
  const KvMachine& machine(int node) const;
  // The node that leads with the highest term; -1: none.
  int leader() const;

  // Before anything starts; it outlives the cluster. Null: nobody watches.
  void Watch(Watcher* watcher);
  Watcher* watcher() const { return watcher_; }
  bool tracing() const { return trace_ != nullptr; }
  void Say(const std::string& what);

 private:
  class Observer;
  class Tap;
  struct Life;
  struct Machine {
    Machine(const NodeId& id, DiskSettings disk_settings, uint64_t seed);
    ~Machine();
    SimDisk disk;
    NetworkRules rules;
    SimExecutor::ClockError clock;
    std::unique_ptr<Life> life;  // null: down
    bool paused = false;
    bool refuses = true;  // while down: callers are told so; otherwise a black hole
    bool damaged = false;
    bool given_up = false;  // no peer holds what was damaged: its operator sets the directory aside
    bool rejoin = false;
    bool serves = false;
    bool joins = false;  // it was no member of the first start
    Time disturbed_at{};
  };

  NodeConfig ConfigOf(int node) const;
  Configuration FirstOf(int node) const;
  std::string SomeLogFile(int node);
  std::unique_ptr<Life> NewLife(int node);
  void EndLife(int node, SimDisk::Crash crash, bool in_a_write = false);
  void OnFatal(Life& life, const absl::Status& why);
  void OnRepair(Life& life, const RepairNews& news);
  void SetAside(int node);
  void Carry(const NodeId& from, const NodeId& to, Task deliver);
  Task Watched(int from, int to, Task deliver);
  void TellProcess(int node, Watcher::Process what, const std::string& why = {});
  Duration Latency(const LinkSettings& link);

  World& world_;
  Judges& judges_;
  WriteJudge writes_;
  WatchJudge watches_;
  const Settings settings_;
  const uint64_t seed_;
  const Trace trace_;
  Random evidence_;  // when it comes
  const std::vector<NodeId> ids_;
  std::vector<LinkSettings> links_;
  InMemNetwork network_;
  std::vector<std::unique_ptr<Machine>> machines_;
  // Timers and callbacks of ended lives may still be under way; what they refer to stays.
  std::vector<std::unique_ptr<Life>> graveyard_;
  std::function<void(int)> ended_;
  std::string cluster_id_;  // as the first node learned it
  uint64_t lives_ = 0;
  uint64_t repaired_ = 0;
  int dying_ = -1;  // this node is being taken apart: nothing that it says counts

  Watcher* watcher_ = nullptr;
  // Of the message that is being sent, and the number of the one that arrives, right now.
  std::optional<Watcher::Message> leaving_;
  bool comes_once_ = false;  // what leaves now: a command that comes twice is two commands (Transport::Call)
  uint64_t arriving_ = 0;
  uint64_t messages_ = 0;
  std::set<uint64_t> to_drop_;
};

}  // namespace raftly
