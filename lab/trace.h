// What happened in one run of an experiment, as JSON: the document that the terminal, the page and Perfetto read.
//
// A trace is one object: `format`, `experiment`, `nodes`, `events`, `verdicts`, `summary`. Each event stands on a line
// of its own and has `t`, the milliseconds since the beginning, and `e`, what it is:
//
//   act        act: its place in the experiment, node(s), or why it could not be done
//   process    node, what: started, rejoined, killed, power_lost, paused, resumed, refused_to_start, gave_up,
//              lost_directory; why
//   recovered  node, term, voted_for, base, entries, torn_bytes: what it found on its disk
//   sent       n, from, to, kind, its fields; answers: the n that it replies to
//   arrived    n                               lost       n, why: cut, chance, dropped, down
//   role       node, role, term, why           leader     node, leader, term: whom it follows
//   campaign   node, role, term, why           vote       node, for, term
//   no_vote    node, for, term, pre_vote, why
//   log        node, entries: [index, term, command], appended
//   cut        node, from, entries, leader     base       node, index, term: all before it is in a snapshot
//   durable    node, index                     commit     node, index
//   apply      node, index, term, key, value: once for each key of a transaction
//   loaded     node, index, term, state: from a snapshot
//   disk       node, what: synced, sync_failed, found_unsynced; bytes
//   members    node, at: the entry that says so, 0: none does any more; voters, outgoing while joint, learners: the
//   configuration that it goes by change     act, node, outcome: what became of a change of the members that it was
//   asked for; index, term, why note       node, text: what else a node says call       op, node, do, key, value answer
//   op, outcome: ok, refused, failed, unknown; value, index, term, why again      op, node, why: the client was not
//   told, and asks once more fault      number, what: of the swarm; without a number: what becomes of one finding
//   judge, text: a judge saw a promise broken closing    the experiment's time is over: everything is healed, and all
//   is read once more
//
// Up to any moment, the events of two experiments that agree up to then are the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/sim/watcher.h"
#include "chaos/sim/world.h"
#include "lab/experiment.h"
#include "nlohmann/json.hpp"
#include "raft/node/raft_node.h"

namespace raftly {

inline constexpr size_t kLongestTrace = size_t{64} << 20;

// Numbers that a run is judged by where what goes wrong is that nothing goes on.
struct TraceSummary {
  uint64_t committed = 0;  // entries
  uint64_t acknowledged = 0;
  uint64_t failed = 0;
  uint64_t unknown = 0;
  uint64_t elections = 0;  // candidacies, pre-votes not counted
  uint64_t leader_changes = 0;
  uint64_t highest_term = 0;
  Duration without_leader{};
  uint64_t messages = 0;
  uint64_t messages_lost = 0;
  uint64_t snapshots_sent = 0;
  uint64_t gave_up = 0;         // nodes that ended themselves
  uint64_t undurable_most = 0;  // entries of a leader that its own disk did not have
};

class Trace : public Watcher {
 public:
  using Fields = nlohmann::ordered_json;

  // How configurations are told. As notes: as swarms were told before there was an event for it.
  enum class Configurations { kAsEvents, kAsNotes };
  // `world` tells the time, and outlives it.
  Trace(const World& world, std::vector<NodeId> nodes, Configurations configurations)
      : world_(world), ids_(std::move(nodes)), configurations_(configurations), nodes_(ids_.size()) {}

  // An event; its place among them. Nothing is added once the trace is full: full() says so.
  size_t Add(std::string_view what, const Fields& fields);
  size_t size() const { return size_; }
  bool full() const { return full_; }
  // One event on each line.
  const std::string& events() const { return events_; }

  // The experiment's time is over: the numbers stand. Those of clients are the clients'.
  void EndOfExperiment();
  const TraceSummary& summary() const { return summary_; }

  void OnSent(const Message& message) override;
  void OnArrived(uint64_t number) override;
  void OnLost(uint64_t number, Lost why) override;
  void OnProcess(int node, Process what, const std::string& why) override;
  void OnRecovered(int node, const Wal::Opened& opened) override;
  void OnNodeEvent(int node, const NodeEvent& event) override;
  void OnStep(int node, const RaftCore& core) override;
  void OnApplied(int node, const Entry& entry, const KvMachine& machine) override;
  void OnStateLoaded(int node, LogPosition at, const KvMachine& machine) override;
  void OnDisk(int node, SimDisk::Seen what, uint64_t bytes) override;
  void OnFault(uint64_t number, const std::string& what) override;

 protected:
  // Of a client's call and its answer, as they are told.
  Fields CallOf(uint64_t op, int node, const Operation& operation) const;
  Fields AnswerOf(uint64_t op, const Operation& operation) const;
  // Of a change of the members that `node` was asked for by this act.
  Fields ChangeOf(size_t act, int node, const absl::StatusOr<Applied>& began) const;

 private:
  // What was last said of a node.
  struct Node {
    Index last;
    Index base;
    Index durable;
    bool leads = false;
    Index members_at;  // 0: those of the first start
    Configuration members;
  };

  const NodeId& id(int node) const { return ids_[static_cast<size_t>(node)]; }
  Node& of(int node) { return nodes_[static_cast<size_t>(node)]; }
  void NoteLeading(int node, bool leads);
  void NoteConfiguration(int node, const RaftCore& core);

  const World& world_;
  const std::vector<NodeId> ids_;
  const Configurations configurations_;
  std::vector<Node> nodes_;
  std::string events_;
  size_t size_ = 0;
  bool full_ = false;
  bool ended_ = false;
  TraceSummary summary_;
  Time no_leader_since_{};
  int leading_ = 0;  // nodes that say so
};

}  // namespace raftly
