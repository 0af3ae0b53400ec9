// Who watches a node: log lines, metrics, the laboratory's judges.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "raft/core/raft_core.h"
#include "raft/core/time.h"
#include "raft/storage/identity.h"
#include "raft/storage/members.h"
#include "raft/storage/wal.h"

namespace raftly {

// A part of this node's log or a snapshot is damaged, and peers are asked for it (raft/node/repair.h).
struct RepairNews {
  enum class What {
    kBegun,    // `text`: what is damaged, and what is missing
    kWaits,    // nobody could help yet; `text`: who said what. Told seldom
    kFetched,  // all that was missing of the log is here; `peer`: whom the last of it came from
    kDone,     // the node takes part again
  };
  What what = What::kBegun;
  std::string text = {};
  NodeId peer = {};
  uint64_t entries = 0;  // that came from peers
};

// Each method says on which of the node's executors it is called: one at a time there, though not always by the same
// thread (Executor::Run). Must not block; the default does nothing.
class NodeObserver {
 public:
  virtual ~NodeObserver() = default;

  // From Start, or where a repair came first, loop: before anything else.
  virtual void OnRecovered(const Wal::Opened&, Duration /*took*/) {}
  // loop. In the order in which they happened.
  virtual void OnEvent(Time, const NodeEvent&) {}
  // loop, after each batch of inputs: the core is in a consistent state.
  virtual void OnStep(Time, const RaftCore&) {}
  // loop. A call to a peer failed: why.
  virtual void OnCallFailed(const NodeId& /*peer*/, const absl::Status&) {}
  // loop. A request was refused because it was not meant for this node or came from another cluster: why.
  virtual void OnMisdirected(const NodeId& /*from*/, const std::string& /*why*/) {}
  // loop; the first time from Start. Other members hold here, or the same under other addresses.
  virtual void OnMembers(const Members&) {}
  // loop. The cluster's id has become known here.
  virtual void OnClusterKnown(const Identity&) {}
  // disk. One write and sync of the log carried so many entries (0: only term and vote) and took so long.
  virtual void OnSynced(size_t /*entries*/, Duration /*took*/) {}
  // loop, or from Start; disk, where this node's own snapshot holds what is missing.
  virtual void OnRepair(const RepairNews&) {}
  // From Start: a snapshot is damaged, and was set aside; an older one serves.
  virtual void OnSnapshotDamaged(const absl::Status&) {}
  // loop. A piece of a leader's snapshot could not be kept, or the whole is not what it should be: why.
  virtual void OnSnapshotRefused(const absl::Status&) {}
  // loop. A snapshot of the state up to there was made, so large, in so long; or why it was not.
  virtual void OnSnapshotTaken(LogPosition /*last_included*/, uint64_t /*bytes*/, Duration /*took*/,
                               const absl::Status&) {}
  // apply. A leader's snapshot, or what was found at the start, is the state now.
  virtual void OnStateLoaded(LogPosition) {}
  // apply. Nothing was applied for so long, for a snapshot's sake.
  virtual void OnApplyPaused(Duration) {}
  // apply. Applied, in order.
  virtual void OnApplied(const Entry&) {}
  // apply. So many entries that were committed together are applied and their clients told, so long after the commit.
  virtual void OnBatchApplied(size_t /*entries*/, Duration /*took*/) {}
  // any. A proposal was settled this long after it was made.
  virtual void OnProposalSettled(const absl::Status&, Duration /*took*/) {}
  // disk or loop, at most once: the disk failed for good, the node has stopped itself and promises nothing any more.
  virtual void OnFatal(const absl::Status&) {}
};

}  // namespace raftly
