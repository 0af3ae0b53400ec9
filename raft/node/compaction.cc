// When a node takes a snapshot, what of the log goes with it, and whose pieces go where: between the core, which
// decides about peers, and Snapshots, which moves the bytes.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "raft/node/raft_node_impl.h"

namespace raftly {

// ---- Pieces on their way -------------------------------------------------------------------------------------------

// The core knows which piece is wanted; here it gets its bytes, and leaves.
void RaftNode::Impl::FillPiece(Call call) {
  auto piece = std::get<SnapshotRequest>(std::move(call.request));
  const NodeId to = call.to;
  snapshots_->Fill(to, std::move(piece),
                   [self = shared_from_this(), call = std::move(call)](absl::StatusOr<SnapshotRequest> filled) mutable {
                     if (!filled.ok()) return self->Enqueue(Input(PieceMissing{call.id}));
                     call.request = *std::move(filled);
                     self->SendCall(std::move(call));
                   });
}

void RaftNode::Impl::KeepPiece(Piece piece) {
  const auto kept = [self = shared_from_this(), call = piece.call](absl::StatusOr<PieceStored> stored,
                                                                   const std::string& configuration) {
    if (self->halted_) return;
    if (!stored.ok()) {
      if (self->observer_ != nullptr) self->observer_->OnSnapshotRefused(stored.status());
      return self->Enqueue(Input(PieceStored{.call = call, .failed = true}));
    }
    if (stored->whole) {
      stored->configuration = ConfigurationIn({.type = EntryType::kConfig, .data = Bytes(configuration)});
      self->NoteMembers(stored->last_included.index, configuration);
      self->Belong(self->identity_.OnSnapshot(stored->last_included.index, configuration));
    }
    stored->call = call;
    self->Enqueue(Input(*std::move(stored)));
  };
  snapshots_->Store(std::move(piece.request), identity_.cluster_id(), Snapshots::Ahead::kYes, kept);
}

void RaftNode::Impl::LoadState(LogPosition at) {
  pending_.Skip(at.index);
  snapshots_->Load(at, [self = shared_from_this()](const absl::Status& why) {
    if (self->observer_ != nullptr) self->observer_->OnFatal(why);
    self->Halt(why);
  });
}

// ---- Compaction ----------------------------------------------------------------------------------------------------

void RaftNode::Impl::NoteLogged(const Entries& entries) {
  constexpr uint64_t kStep = uint64_t{64} << 10;
  if (entries.empty()) return;
  while (!logged_.empty() && logged_.back().first >= entries.front().index) logged_.pop_back();
  for (const Entry& entry : entries) {
    logged_bytes_ += Wal::EncodedSize(std::nullopt, absl::MakeConstSpan(&entry, 1));
    const bool near = logged_.size() > 1 && logged_bytes_ - std::prev(logged_.end(), 2)->second < kStep;
    if (near) logged_.pop_back();
    logged_.emplace_back(entry.index, logged_bytes_);
  }
}

uint64_t RaftNode::Impl::LoggedAt(Index index) const {
  const auto at = std::lower_bound(logged_.begin(), logged_.end(), index,
                                   [](const auto& mark, Index wanted) { return mark.first < wanted; });
  return at == logged_.end() ? logged_bytes_ : at->second;
}

bool RaftNode::Impl::SnapshotDue() const {
  if (config_.snapshots.log_bytes == 0 || environment_.loop.Now() < no_snapshot_until_) return false;
  return snapshot_wanted_ || IsSnapshotDue(config_.snapshots, LoggedSinceSnapshot(), open_proposals_ == 0);
}

void RaftNode::Impl::MaybeTakeSnapshot() {
  if (snapshots_->taking()) {
    if (IsSnapshotUrgent(config_.snapshots, LoggedSinceSnapshot())) snapshots_->Hurry();
    return;
  }
  if (snapshot_asked_.empty() && !SnapshotDue()) return;
  std::vector<SnapshotAsked> asked = std::exchange(snapshot_asked_, {});
  if (applier_->applied() <= core_->snapshot().index) {
    const bool none = !core_->snapshot().index;
    for (SnapshotAsked& one : asked) {
      if (none) {
        one.done(absl::UnavailableError("nothing has been applied yet"));
      } else {
        one.done(SnapshotInfo{core_->snapshot(), core_->snapshot_size()});
      }
    }
    return;
  }
  snapshot_wanted_ = false;
  if (!config_.core.defences.snapshot_before_log) disk_->DropThrough(applier_->applied());
  const std::string configuration =
      config_.core.defences.configuration_in_snapshot ? identity_.Configuration() : std::string();
  snapshots_->Take(configuration, [self = shared_from_this(),
                                   asked = std::move(asked)](absl::StatusOr<Snapshots::Info> taken) mutable {
    if (!taken.ok()) {
      self->no_snapshot_until_ = self->environment_.loop.Now() + self->config_.snapshots.retry;
    } else if (!self->halted_) {
      self->OnSnapshotTaken(*taken);
    }
    for (SnapshotAsked& one : asked) {
      if (taken.ok()) {
        one.done(SnapshotInfo{taken->last_included, taken->size});
      } else {
        one.done(taken.status());
      }
    }
    if (!self->snapshot_asked_.empty()) self->Act();
  });
}

// Durable before log goes; and what goes is not behind the oldest snapshot that is kept, so that it can serve where the
// newest turns out to be damaged.
void RaftNode::Impl::OnSnapshotTaken(const Snapshots::Info& info) {
  const Index at = info.last_included.index;
  logged_at_snapshot_ = LoggedAt(at);
  if (config_.snapshots.log_bytes == 0) {  // it was asked for, and the log stays one file for ever
    Enqueue(Input(SnapshotTaken{info.last_included, Index{}, info.size}));
    return;
  }
  Index through = config_.snapshots.keep_bytes == 0 ? at : Index{};
  for (const auto& [index, bytes] : logged_) {
    if (index > at || bytes + config_.snapshots.keep_bytes > logged_at_snapshot_) break;
    through = std::max(through, index);
  }
  while (logged_.size() > 1 && logged_.front().first < through) logged_.pop_front();
  Enqueue(Input(SnapshotTaken{info.last_included, through, info.size}));
  std::set<Index> needed;
  for (const auto& [peer, progress] : core_->progress()) {
    if (progress.installation) needed.insert(progress.installation->last_included.index);
  }
  snapshots_->Prune(std::move(needed),
                    [disk = disk_, through](Index oldest) { disk->DropThrough(std::min(oldest, through)); });
}

}  // namespace raftly
