#include "raft/node/snapshots.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {

// One that is being made. The state is read on the apply executor and written on the snapshots'; a slice is read while
// the one before is written.
struct Snapshots::Making {
  SnapshotHeader header;
  std::unique_ptr<StateReader> reader;            // apply executor; null once all is read
  std::unique_ptr<SnapshotStore::Writer> writer;  // snapshots executor, and what follows
  bool ended = false;
  Index applied;  // when the last slice was written
  Time begun;
  absl::AnyInvocable<void(absl::StatusOr<Info>)> done;
};

namespace {

// Read, and not yet written.
constexpr int kSlicesAhead = 2;

}  // namespace

// ---- Starting ------------------------------------------------------------------------------------------------------

absl::StatusOr<std::optional<Snapshots::Info>> Snapshots::Open(LogPosition log_base) {
  if (absl::Status status = store_.Open(); !status.ok()) return status;
  absl::Status newest_damage;
  while (!store_.indexes().empty() && store_.indexes().back() >= log_base.index) {
    const Index index = store_.indexes().back();
    absl::StatusOr<Info> info = TakeUp(index);
    if (info.ok()) {
      applier_->BeginAt(info->last_included);
      return *std::move(info);
    }
    if (!absl::IsDataLoss(info.status())) return info.status();
    if (newest_damage.ok()) newest_damage = info.status();
    if (observer_ != nullptr) observer_->OnSnapshotDamaged(info.status());
    if (absl::Status status = store_.SetAside(index); !status.ok()) return status;
  }
  if (!log_base.index) return std::nullopt;
  return absl::DataLossError(absl::StrCat(
      newest_damage.ok() ? absl::StrCat("no snapshot reaches the log, which begins after index ", log_base.index.value)
                         : absl::StrCat(std::string(newest_damage.message()), ", and no older one reaches the log, ",
                                        "which begins after index ", log_base.index.value),
      "; set the directory aside and start this node with -rejoin"));
}

absl::StatusOr<Snapshots::Info> Snapshots::TakeUp(Index index) {
  StateLoader loader(machine_, format_, index, store_.PathOf(index));
  return TakeUpRest(index, loader);
}

// What the loader has not been fed yet is read from the file.
absl::StatusOr<Snapshots::Info> Snapshots::TakeUpRest(Index index, StateLoader& loader) {
  absl::Status status =
      store_.ReadAllBytes(index, loader.size(), [&](std::string_view bytes) { return loader.Feed(bytes); });
  if (!status.ok()) return status;
  absl::StatusOr<SnapshotHeader> header = loader.Finish();
  if (!header.ok()) return header.status();
  return Info{header->last_included, loader.size(), std::move(header->configuration)};
}

// ---- Taking one ----------------------------------------------------------------------------------------------------

void Snapshots::Take(std::string configuration, absl::AnyInvocable<void(absl::StatusOr<Info>)> done) {
  taking_ = true;
  hurry_ = false;
  auto making = std::make_shared<Making>();
  making->header.configuration = std::move(configuration);
  making->begun = environment_.loop.Now();
  making->done = std::move(done);
  environment_.apply.Post([self = shared_from_this(), making] {
    making->reader = self->machine_.Save();
    if (self->state_and_index_together_) return self->Begin(making);
    self->environment_.snapshots.Post(
        [self, making] { self->environment_.apply.Post([self, making] { self->Begin(making); }); });
  });
}

void Snapshots::Begin(const std::shared_ptr<Making>& making) {
  making->header.last_included = applier_->position();
  if (ahead_of_.index <= applier_->position().index) ahead_.reset();  // it was not needed after all
  making->header.machine = format_.name;
  making->header.machine_version = format_.version;
  making->applied = applier_->applied();
  for (int ahead = 0; ahead < kSlicesAhead; ++ahead) NextSlice(making, Duration(0));
}

void Snapshots::NextSlice(const std::shared_ptr<Making>& making, Duration rest) {
  Task read = [self = shared_from_this(), making] { self->ReadSlice(making); };
  if (rest == Duration(0)) return environment_.apply.Post(std::move(read));
  environment_.loop.PostAt(environment_.loop.Now() + rest,
                           [self = shared_from_this(), read = std::move(read)]() mutable {
                             self->environment_.apply.Post(std::move(read));
                           });
}

void Snapshots::ReadSlice(const std::shared_ptr<Making>& making) {
  if (making->reader == nullptr) return;
  const Time begin = environment_.loop.Now();
  std::string bytes;
  const bool more = making->reader->Read(policy_.slice_bytes, bytes);
  if (!more) making->reader.reset();
  const Duration took = environment_.loop.Now() - begin;
  if (observer_ != nullptr) observer_->OnApplyPaused(took);
  environment_.snapshots.Post([self = shared_from_this(), making, bytes = std::move(bytes), more, took] {
    self->WriteSlice(making, bytes, !more, took);
  });
}

void Snapshots::WriteSlice(const std::shared_ptr<Making>& making, const std::string& bytes, bool last, Duration read) {
  if (making->ended) return;
  const Time begin = environment_.loop.Now();
  absl::Status status;
  if (stopping_) {
    status = absl::CancelledError("the node stops");
  } else if (making->writer == nullptr) {
    auto writer = store_.Create(making->header);
    status = writer.status();
    if (writer.ok()) making->writer = *std::move(writer);
  }
  if (status.ok()) status = making->writer->Append(bytes);
  if (status.ok() && last) status = making->writer->Commit();
  if (status.ok() && !last) {
    // While others want the machine it gets a part of it: nobody waits for a snapshot.
    const bool busy = std::exchange(making->applied, applier_->applied()) != applier_->applied();
    const Duration took = read + (environment_.loop.Now() - begin);
    return NextSlice(making, busy && !hurry_ ? std::min(policy_.rest * took, policy_.longest_rest) : Duration(0));
  }
  making->ended = true;
  absl::StatusOr<Info> outcome = Info{making->header.last_included, 0, {}};
  if (status.ok()) {
    outcome->size = making->writer->bytes();
  } else {
    outcome = status;
  }
  making->writer.reset();
  // Back to where the reader belongs.
  environment_.apply.Post([self = shared_from_this(), making, outcome = std::move(outcome)]() mutable {
    making->reader.reset();
    self->environment_.loop.Post([self, making, outcome = std::move(outcome)]() mutable {
      self->taking_ = false;
      if (self->observer_ != nullptr) {
        self->observer_->OnSnapshotTaken(outcome.ok() ? outcome->last_included : making->header.last_included,
                                         outcome.ok() ? outcome->size : 0,
                                         self->environment_.loop.Now() - making->begun, outcome.status());
      }
      making->done(std::move(outcome));
    });
  });
}

void Snapshots::Stop() {
  stopping_ = true;
  environment_.apply.Post([self = shared_from_this()] { self->ahead_.reset(); });
}

void Snapshots::Prune(std::set<Index> needed, absl::AnyInvocable<void(Index)> done) {
  environment_.snapshots.Post(
      [self = shared_from_this(), needed = std::move(needed), done = std::move(done)]() mutable {
        // What cannot be removed now is removed with the next.
        self->store_.Prune(needed).IgnoreError();
        const std::vector<Index>& kept = self->store_.indexes();
        // A first one has none behind it that could serve in its place: all of the log does.
        if (kept.size() >= SnapshotStore::kKept) done(kept.front());
      });
}

// ---- Taking one in -------------------------------------------------------------------------------------------------

void Snapshots::Store(SnapshotRequest piece, std::string cluster_id, Ahead ahead,
                      absl::AnyInvocable<void(absl::StatusOr<PieceStored>, std::string configuration)> done) {
  environment_.snapshots.Post([self = shared_from_this(), piece = std::move(piece), cluster_id = std::move(cluster_id),
                               ahead, done = std::move(done)]() mutable {
    std::string configuration;
    absl::StatusOr<PieceStored> stored = self->Keep(piece, cluster_id, ahead, configuration);
    self->environment_.loop.Post(
        [done = std::move(done), stored = std::move(stored), configuration = std::move(configuration)]() mutable {
          done(std::move(stored), std::move(configuration));
        });
  });
}

// One snapshot at a time is taken in: whoever leads sends the newest, and another that begins takes its place.
absl::StatusOr<PieceStored> Snapshots::Keep(const SnapshotRequest& piece, const std::string& cluster_id, Ahead ahead,
                                            std::string& configuration) {
  PieceStored stored{.last_included = piece.last_included, .size = piece.size};
  if (receiver_ == nullptr || receiving_ != piece.last_included) {
    receiver_.reset();
    auto receiver = store_.Receive(piece.last_included.index);
    if (!receiver.ok()) return receiver.status();
    receiver_ = *std::move(receiver);
    receiving_ = piece.last_included;
  }
  stored.offset = receiver_->offset();
  const bool begins = stored.offset == 0;
  const absl::Status added = receiver_->Append(piece.offset, piece.data.view());
  if (absl::IsOutOfRange(added)) return stored;  // it says from where to go on
  if (!added.ok()) {
    receiver_.reset();
    return added;
  }
  stored.offset = receiver_->offset();
  if (ahead == Ahead::kYes) {
    environment_.apply.Post([self = shared_from_this(), at = piece.last_included, begins, end = stored.offset] {
      if (begins) self->ahead_.reset();  // of another attempt, whose bytes may have been others
      self->LoadAhead(at, end);
    });
  }
  if (stored.offset < piece.size) return stored;
  const std::unique_ptr<SnapshotStore::Receiver> whole = std::move(receiver_);
  absl::StatusOr<SnapshotHeader> header = whole->Check();
  if (!header.ok()) return header.status();
  if (header->last_included != piece.last_included) {
    return absl::DataLossError(absl::StrCat("the snapshot of index ", piece.last_included.index.value, " is of term ",
                                            header->last_included.term.value, ", and was sent as one of term ",
                                            piece.last_included.term.value));
  }
  if (absl::Status status = Loadable(*header, format_); !status.ok()) return status;
  const auto theirs = ClusterIdOf(Entry{.type = EntryType::kConfig, .data = Bytes(header->configuration)});
  if (theirs && !cluster_id.empty() && *theirs != cluster_id) {
    return absl::FailedPreconditionError(absl::StrCat("the snapshot of index ", piece.last_included.index.value,
                                                      " is of cluster ", *theirs, ", and this is ", cluster_id));
  }
  if (absl::Status status = whole->Commit().status(); !status.ok()) return status;
  configuration = header->configuration;
  stored.whole = true;
  return stored;
}

// Apply executor. `end`: so much of the snapshot is here. It is read back from the file, so that what waits for this
// executor costs nothing; an error stays the loader's, and is reported by whoever needs all of it.
void Snapshots::LoadAhead(LogPosition at, uint64_t end) {
  if (stopping_ || at.index <= applier_->position().index) return ahead_.reset();  // nobody needs it
  if (!ahead_ || ahead_of_ != at) ahead_.emplace(machine_, format_, at.index, "the snapshot received");
  ahead_of_ = at;
  if (ahead_->size() >= end) return;
  const auto bytes = store_.ReadReceived(at.index, ahead_->size(), end - ahead_->size());
  if (bytes.ok()) ahead_->Feed(*bytes).IgnoreError();
}

void Snapshots::Load(LogPosition at, absl::AnyInvocable<void(absl::Status)> failed) {
  environment_.apply.Post([self = shared_from_this(), at, failed = std::move(failed)]() mutable {
    std::optional<StateLoader> ahead = std::exchange(self->ahead_, std::nullopt);
    const bool begun = ahead && self->ahead_of_ == at;
    const absl::StatusOr<Info> info = begun ? self->TakeUpRest(at.index, *ahead) : self->TakeUp(at.index);
    if (info.ok()) {
      self->applier_->BeginAt(at);
      if (self->observer_ != nullptr) self->observer_->OnStateLoaded(at);
      return;
    }
    self->environment_.loop.Post(
        [failed = std::move(failed), status = info.status()]() mutable { failed(std::move(status)); });
  });
}

// ---- Sending one ---------------------------------------------------------------------------------------------------

void Snapshots::Fill(const NodeId& to, SnapshotRequest piece,
                     absl::AnyInvocable<void(absl::StatusOr<SnapshotRequest>)> done) {
  const Time now = environment_.loop.Now();
  const Index applied = applier_->applied();
  Sending& sending = sending_[to];
  sending.next = std::max(sending.next, now);
  if (piece.offset > 0 && applied > sending.applied) {
    const Duration rest = std::min(policy_.send_rest * (now - sending.sent), policy_.longest_rest);
    sending.next = std::max(sending.next, now + rest);
  }
  const Time send_at = sending.next;
  sending.sent = send_at;
  sending.applied = applied;
  if (policy_.send_rate > 0) {
    sending.next += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
        static_cast<double>(policy_.piece_bytes) / static_cast<double>(policy_.send_rate)));
  }
  environment_.snapshots.Post([self = shared_from_this(), piece = std::move(piece), done = std::move(done),
                               wait = send_at > now, send_at]() mutable {
    absl::StatusOr<SnapshotRequest> filled = self->ReadPiece(std::move(piece));
    if (!wait) return done(std::move(filled));
    self->environment_.loop.PostAt(
        send_at, [done = std::move(done), filled = std::move(filled)]() mutable { done(std::move(filled)); });
  });
}

void Snapshots::ReadFor(PieceRequest request, absl::AnyInvocable<void(absl::StatusOr<Bytes>)> done) {
  environment_.snapshots.Post([self = shared_from_this(), request = std::move(request),
                               done = std::move(done)]() mutable {
    absl::StatusOr<SnapshotRequest> piece =
        self->ReadPiece({.term = {}, .leader = {}, .last_included = request.last_included, .offset = request.offset});
    if (!piece.ok()) return done(piece.status());
    done(std::move(piece->data));
  });
}

absl::StatusOr<SnapshotRequest> Snapshots::ReadPiece(SnapshotRequest piece) const {
  const Index index = piece.last_included.index;
  absl::StatusOr<std::string> bytes = store_.ReadBytes(index, piece.offset, policy_.piece_bytes);
  if (!bytes.ok()) return bytes.status();
  if (bytes->empty()) {
    return absl::DataLossError(
        absl::StrCat("the snapshot of index ", index.value, " ends before offset ", piece.offset));
  }
  piece.data = Bytes(*std::move(bytes));
  return piece;
}

}  // namespace raftly
