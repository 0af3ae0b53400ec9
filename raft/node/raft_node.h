// One server of a Raft cluster: the pure core, given time, disk, network and a state machine.
//
//   RaftNode node({.core = {.self = "node1", .peers = {"node2", "node3"}}, .data_dir = "data/node1"},
//                 environment, state_machine, &observer);
//   RETURN_IF_ERROR(node.Start());
//   node.Propose(command, deadline, [](absl::StatusOr<Applied> applied) { ... });
//
// All decisions are taken on the environment's loop, so none needs a lock. The same class runs in production, in tests
// over memory and in the simulator.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/config.h"
#include "raft/env/environment.h"
#include "raft/env/state_machine.h"
#include "raft/node/node_identity.h"
#include "raft/node/node_status.h"
#include "raft/node/observer.h"
#include "raft/node/snapshot_policy.h"
#include "raft/storage/wal.h"

namespace raftly {

struct NodeLimits {
  // A longer command: InvalidArgument. An entry travels whole in one message, and gRPC's usual limit, a Go peer's, is
  // 4 MiB.
  size_t command_bytes = size_t{3} << 20;
  size_t pending_proposals = 16384;         // beyond it: ResourceExhausted
  size_t pending_bytes = size_t{64} << 20;  // of their commands, together
  size_t pending_reads = 16384;             // beyond it: ResourceExhausted
};

struct NodeConfig {
  CoreConfig core;
  // Where the members of the first start are: this node and CoreConfig::peers.
  std::map<NodeId, Member> first_members;
  // Whether ChangeMembers is understood here. Members change once all nodes say so.
  bool members_may_change = false;
  std::string version = {};  // of this program, for other nodes
  std::string data_dir;
  FreshIds fresh_ids;
  WalOptions wal;
  NodeLimits limits;
  SnapshotPolicy snapshots;
  // How long a call to a peer may stay unanswered. Longer than any delay that a laboratory injects: the core sends
  // again long before, and still uses a late answer.
  Duration call_timeout = std::chrono::seconds(5);
  // A log idle for this long is sealed (SPEC section 3).
  Duration seal_after = std::chrono::milliseconds(100);
  // Whether a follower hands what its clients want to the leader, and serves reads once the leader has told it how far
  // they reach. Otherwise Propose and Read are refused where this node does not lead.
  bool forward = false;
  // A damaged log that no peer can mend is given up after so long. Before, a peer that is behind may still come by what
  // is missing, or commit something else there.
  Duration repair_patience = std::chrono::minutes(1);
  // How often a full disk is asked again.
  Duration space_retry = std::chrono::milliseconds(500);
};

// A proposal that was committed and applied.
struct Applied {
  LogPosition at;
  std::string result;  // of StateMachine::Apply
  NodeId by = {};      // the leader that it was forwarded to, and that has applied it; empty: this node has
};

// A snapshot in the data directory (SnapshotStore::PathOf).
struct SnapshotInfo {
  LogPosition last_included;
  uint64_t bytes = 0;
};

// When the loop looks at what it was handed: at once, or with whatever else comes, at the latest at EndBatch. Who hands
// over many things together saves a turn of the loop, its messages and its sync for each.
enum class Handover { kAtOnce, kInBatch };

// Whether a command makes the state larger or smaller. The latter is taken even where the disk is full, out of what was
// kept back for it.
enum class Effect { kStores, kFrees };

class RaftNode {
 public:
  // The environment, the state machine and the observer (may be null) outlive the node.
  RaftNode(NodeConfig config, Environment environment, StateMachine& state_machine, NodeObserver* observer);
  // Without a Stop before, this is a crash as far as the disk is concerned. Requires that nothing runs on the
  // environment's executors any more.
  ~RaftNode();

  // Recovers the log (blocking), then takes part in the cluster. Once. Errors: those of NodeIdentity,
  // Wal::Open and Transport::Start.
  // Before, after an error and after Stop whatever is asked of the node is answered with Unavailable.
  absl::Status Start();
  // Stops the transport, settles every open proposal and read as Unavailable, seals the log; then runs `stopped`, on
  // any thread. From any thread but the node's own, while loop, disk and apply still run. Once.
  void Stop(absl::AnyInvocable<void()> stopped);
  // The same, and waits for it.
  void Stop();

  // From any thread. `done` runs exactly once, on any thread, often the node's, and must be short: with the result once
  // the command is committed and applied (Applied::by), or with an error of raft/node/errors.h at the latest at
  // `deadline` (loop time). With `features` (CoreConfig) it is proposed only where every node has them.
  void Propose(std::string command, Time deadline, absl::AnyInvocable<void(absl::StatusOr<Applied>)> done,
               Handover handover = Handover::kAtOnce, Effect effect = Effect::kStores, uint32_t features = 0);
  // From any thread. When `done` runs with OK, the state machine holds everything that was acknowledged before Read was
  // called (a linearizable read, thesis §6.4). Otherwise as Propose; a failed read may always be retried.
  void Read(Time deadline, absl::AnyInvocable<void(absl::Status)> done, Handover handover = Handover::kAtOnce);
  // From any thread, soon after a hand-over in a batch. Costs nothing where none is waiting.
  void EndBatch();
  // What the members are to be, from what they are. Neither is joint. An error is handed on.
  using MembersChange = absl::AnyInvocable<absl::StatusOr<Members>(const Members& now)>;
  // From any thread. `done` runs exactly once, as for Propose: with OK when the change has begun, as an entry that is
  // committed; its end follows by itself, whoever leads. AlreadyExists: another one is under way. Waits for what
  // the log says of members and is not committed. Here or nowhere: it is not forwarded.
  void ChangeMembers(MembersChange change, Time deadline, absl::AnyInvocable<void(absl::StatusOr<Applied>)> done);
  // From any thread. The leader hands the lead over (thesis §3.10) to this voter; empty: to the most caught-up one.
  // Meanwhile, for an election timeout at most, proposals wait, here and where they are forwarded from. `done` runs
  // exactly once, on any thread, with who leads then, perhaps another voter than was meant; where `to` leads already,
  // at once. Errors: FailedPrecondition, this node does not lead; NotFound, no such voter; AlreadyExists, it is being
  // handed over to another; Unavailable, nobody took it, and this node goes on.
  void HandOver(NodeId to, Time deadline, absl::AnyInvocable<void(absl::StatusOr<NodeId>)> done);
  // From any thread. Takes effect on the node's loop; requires 0 < heartbeat < election_timeout.
  void SetTimings(Timings timings);

  // From any thread. A snapshot of a state that has been applied since this was called, durable: the newest one where
  // nothing was applied after it, else a new one. `done` runs exactly once, on any thread; an error says why there is
  // none.
  void TakeSnapshot(absl::AnyInvocable<void(absl::StatusOr<SnapshotInfo>)> done);
  // From any thread; as of the last batch of inputs.
  NodeStatus status() const;
  // From any thread: the last `n` entries of the log, on the node's loop. None where the node has stopped.
  void Tail(size_t n, absl::AnyInvocable<void(Entries)> done) const;
  WalStats wal_stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace raftly
