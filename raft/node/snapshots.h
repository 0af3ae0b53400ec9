// The bytes of a node's snapshots, between its state machine, its disk and its peers. When one is taken, the node
// decides (raft_node.cc); who is sent one, and what one does to the log, the core.
//
// Called on the loop, but for what says otherwise. A state is read and written on the apply executor, piece by piece
// between entries; files are written and read on the snapshots' own.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/raft_core.h"
#include "raft/env/environment.h"
#include "raft/env/state_machine.h"
#include "raft/node/applier.h"
#include "raft/node/observer.h"
#include "raft/node/snapshot_policy.h"
#include "raft/node/state_loader.h"
#include "raft/storage/snapshot_store.h"

namespace raftly {

class Snapshots : public std::enable_shared_from_this<Snapshots> {
 public:
  struct Info {
    LogPosition last_included;
    uint64_t size = 0;
    std::string configuration;
  };

  Snapshots(Environment environment, StateMachine& machine, std::shared_ptr<Applier> applier, std::string directory,
            SnapshotPolicy policy, const Defences& defences, NodeObserver* observer)
      : environment_(environment),
        machine_(machine),
        applier_(std::move(applier)),
        policy_(policy),
        state_and_index_together_(defences.snapshot_at_one_index),
        observer_(observer),
        store_(environment.files, std::move(directory), defences.sync_before_rename) {}

  // Before the node runs: takes up the newest snapshot that is whole and reaches back to where the log begins. Nothing:
  // there is none, and the log needs none. A damaged one is set aside, and the one before it serves. DataLoss: none
  // reaches, the log begins behind them. Unimplemented: it is of a format that this version does not know.
  absl::StatusOr<std::optional<Info>> Open(LogPosition log_base);

  // The same: SnapshotStore::NewestHeader.
  std::optional<SnapshotHeader> NewestHeader() const { return store_.NewestHeader(); }

  // Takes a snapshot of what is applied. `done` runs on the loop: it is durable and in place, or why it is not; the one
  // before it is still there then. One at a time.
  void Take(std::string configuration, absl::AnyInvocable<void(absl::StatusOr<Info>)> done);
  bool taking() const { return taking_; }
  // The one that is being made leaves the machine to others no more: the log grows too long meanwhile. From any thread.
  void Hurry() { hurry_ = true; }
  // The one that is being made is given up at its next piece, and what came of another is let go. From any thread.
  void Stop();
  // Lets all go but the newest ones and those that are `needed` for peers. `done` runs on the snapshots executor, where
  // there is more than one: the index up to which the oldest that is kept holds everything.
  void Prune(std::set<Index> needed, absl::AnyInvocable<void(Index)> done);

  // Whether the state machine may take up a snapshot piece by piece while it comes.
  enum class Ahead { kNo, kYes };
  // A piece that came from a leader. `done` runs on the loop. An error: it could not be kept, or the whole is of
  // another cluster than `cluster_id` (empty: none is known).
  void Store(SnapshotRequest piece, std::string cluster_id, Ahead ahead,
             absl::AnyInvocable<void(absl::StatusOr<PieceStored>, std::string configuration)> done);
  // The state machine takes up the snapshot of `at`, in its place among the entries that it applies. `failed` runs on
  // the loop where it cannot: nothing can be applied after that.
  void Load(LogPosition at, absl::AnyInvocable<void(absl::Status)> failed);

  // A piece of the snapshot that includes `last_included`, for a peer that asked for it. `done` runs on the snapshots
  // executor; an error: it cannot be read.
  void ReadFor(PieceRequest request, absl::AnyInvocable<void(absl::StatusOr<Bytes>)> done);
  // Fills in the bytes of a piece for `to`. `done` runs on the snapshots executor or, where it waits, on the loop; an
  // error: they cannot be read.
  void Fill(const NodeId& to, SnapshotRequest piece, absl::AnyInvocable<void(absl::StatusOr<SnapshotRequest>)> done);

 private:
  struct Making;

  absl::StatusOr<Info> TakeUp(Index index);
  absl::StatusOr<Info> TakeUpRest(Index index, StateLoader& loader);
  void LoadAhead(LogPosition at, uint64_t end);
  void Begin(const std::shared_ptr<Making>& making);
  void ReadSlice(const std::shared_ptr<Making>& making);
  void NextSlice(const std::shared_ptr<Making>& making, Duration rest);
  void WriteSlice(const std::shared_ptr<Making>& making, const std::string& bytes, bool last, Duration read);
  absl::StatusOr<PieceStored> Keep(const SnapshotRequest& piece, const std::string& cluster_id, Ahead ahead,
                                   std::string& configuration);
  absl::StatusOr<SnapshotRequest> ReadPiece(SnapshotRequest piece) const;

  const Environment environment_;
  StateMachine& machine_;
  const StateMachine::Format format_ = machine_.format();
  const std::shared_ptr<Applier> applier_;
  const SnapshotPolicy policy_;
  // What is applied between the two would be missing from the state, and never be applied again.
  const bool state_and_index_together_;
  NodeObserver* const observer_;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> hurry_ = false;
  bool taking_ = false;
  struct Sending {
    Time next{};    // not before
    Time sent{};    // the last piece
    Index applied;  // then
  };
  std::map<NodeId, Sending> sending_;

  // Snapshots executor, once the node runs; but for reading whole snapshots.
  SnapshotStore store_;
  std::unique_ptr<SnapshotStore::Receiver> receiver_;
  LogPosition receiving_;

  // Apply executor: what is received goes into a state beside the machine's own at once, so that little is left to do
  // when all of it is here.
  std::optional<StateLoader> ahead_;
  LogPosition ahead_of_;
};

}  // namespace raftly
