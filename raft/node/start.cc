// How a node begins: what its directory holds is read and taken up; where a part of that is damaged, peers are asked
// for it first (raft/node/repair.h).
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {
namespace {

// How often a disk that is too full for a repair is tried again.
constexpr Duration kRetry = std::chrono::seconds(1);

}  // namespace

absl::Status RaftNode::Impl::Start() {
  begun_ = environment_.loop.Now();
  absl::StatusOr<Found> found = Look();
  if (!found.ok()) return found.status();
  if (!found->damage) {
    if (absl::Status status = TakeUp(*std::move(found)); !status.ok()) return status;
    if (absl::Status started = Listen(); !started.ok()) {
      for (Item& item : CloseInbox()) Reject(std::move(item));
      return started;
    }
    environment_.loop.Post([self = shared_from_this()] { self->TakePart(); });
    return absl::OkStatus();
  }
  if (config_.core.peers.empty() && !found->damage->NamesOthers(config_.core.self)) return found->damage->what;
  repairing_ = true;
  {
    MutexLock lock(mutex_);
    published_.id = config_.core.self;
    published_.cluster_id = identity_.cluster_id();
    published_.incarnation = identity_.incarnation();
    published_.timings = config_.core.timings;
  }
  if (absl::Status started = Listen(); !started.ok()) return started;
  environment_.loop.Post([self = shared_from_this(), damage = std::make_shared<Damage>(*std::move(found->damage))] {
    self->BeginRepair(std::move(*damage));
  });
  return absl::OkStatus();
}

absl::Status RaftNode::Impl::Listen() {
  environment_.transport.OnPeerGone([self = weak_from_this()](const NodeId& peer) {
    if (auto node = self.lock()) node->Enqueue(Input(PeerGone{peer}));
  });
  return environment_.transport.Start([self = weak_from_this()](Request&& request, ReplyFn&& reply) {
    const auto node = self.lock();
    if (node == nullptr) return;
    if (node->repairing_) return reply(RepairingError());
    node->Enqueue(FromPeer{std::move(request), std::move(reply)});
  });
}

// ---- What the directory holds --------------------------------------------------------------------------------------

absl::StatusOr<RaftNode::Impl::Found> RaftNode::Impl::Look() {
  const absl::StatusOr<bool> known = identity_.Look();
  if (!known.ok()) return known.status();
  WalOptions wal = config_.wal;
  wal.must_exist = *known;
  auto opened = Wal::Open(environment_.files, config_.data_dir, wal);
  if (absl::IsDataLoss(opened.status())) return LookAtDamage(opened.status());
  if (!opened.ok()) return opened.status();
  if (absl::Status taken = identity_.TakeUp(*opened, config_.core.rejoin); !taken.ok()) return taken;
  Found found;
  absl::StatusOr<std::optional<Snapshots::Info>> snapshot = snapshots_->Open(opened->base);
  if (absl::IsDataLoss(snapshot.status())) {
    found.damage = {.what = snapshot.status(),
                    .log = nullptr,
                    .whole_log = std::move(opened->log),
                    .snapshot_from = opened->base.index};
    found.damage->LearnFrom(opened->entries);
    LearnFromSnapshots(*found.damage);
    return found;
  }
  if (!snapshot.ok()) return snapshot.status();
  found.opened = *std::move(opened);
  found.snapshot = *std::move(snapshot);
  return found;
}

// A snapshot of our own may hold all that is missing.
absl::StatusOr<RaftNode::Impl::Found> RaftNode::Impl::LookAtDamage(const absl::Status& what) {
  auto repair = LogRepair::Open(environment_.files, config_.data_dir, config_.wal);
  if (!repair.ok()) return repair.status();
  const auto snapshot = snapshots_->Open((*repair)->base());
  if (!snapshot.ok() && !absl::IsDataLoss(snapshot.status())) return snapshot.status();
  if (snapshot.ok() && *snapshot) (*repair)->BeginWith((*snapshot)->last_included);
  if (!(*repair)->whole()) {
    Found found;
    found.damage = {.what = what, .log = *std::move(repair), .whole_log = nullptr, .snapshot_from = {}};
    found.damage->LearnFrom(found.damage->log->before());
    found.damage->LearnFrom(found.damage->log->behind());
    LearnFromSnapshots(*found.damage);
    return found;
  }
  if (observer_ != nullptr) {
    observer_->OnRepair({.what = RepairNews::What::kBegun, .text = (*repair)->Describe()});
    observer_->OnRepair({.what = RepairNews::What::kFetched, .peer = config_.core.self});
  }
  if (absl::Status status = (*repair)->Finish(); !status.ok()) return status;
  mended_ = true;
  if ((*repair)->replaced_from()) replaced_ = LogTruncated{(*repair)->replaced_from(), (*repair)->replaced(), {}};
  repair->reset();
  return Look();
}

// Of a damaged one, too: whom to ask need not be proven, what they answer is.
void RaftNode::Impl::LearnFromSnapshots(Damage& damage) const {
  const std::optional<SnapshotHeader> header = snapshots_->NewestHeader();
  if (!header) return;
  damage.LearnFrom(
      Entry{header->last_included.index, header->last_included.term, EntryType::kConfig, Bytes(header->configuration)});
}

absl::Status RaftNode::Impl::TakeUp(Found found) {
  Wal::Opened& opened = *found.opened;
  NoteLogged(opened.entries);
  Recovered recovered{.hard_state = opened.hard_state, .base = opened.base, .entries = std::move(opened.entries)};
  if (found.snapshot) {
    const Snapshots::Info& snapshot = *found.snapshot;
    // A crash may have come between a leader's snapshot and what it does to the log.
    if (recovered.BeginWith(snapshot.last_included, snapshot.size)) {
      if (absl::Status status = opened.log->ThrowAway(snapshot.last_included); !status.ok()) return status;
    }
    recovered.configuration = ConfigurationIn({.type = EntryType::kConfig, .data = Bytes(snapshot.configuration)});
    const absl::StatusOr<bool> learned = identity_.OnSnapshot(snapshot.last_included.index, snapshot.configuration);
    if (!learned.ok()) return learned.status();
    // Not fatal: the snapshot says it again.
    if (*learned) WriteIdentity(environment_.files, config_.data_dir, identity_.identity()).IgnoreError();
    logged_at_snapshot_ = LoggedAt(snapshot.last_included.index);
  }
  opened.base = recovered.base;
  opened.entries = std::move(recovered.entries);
  if (observer_ != nullptr) {
    if (replaced_) observer_->OnEvent(environment_.loop.Now(), *std::exchange(replaced_, std::nullopt));
    observer_->OnRecovered(opened, environment_.loop.Now() - begun_);
    if (found.snapshot) observer_->OnStateLoaded(found.snapshot->last_included);
  }
  recovered.entries = std::move(opened.entries);
  core_.emplace(config_.core, std::move(recovered), environment_.seed, environment_.loop.Now());
  disk_ = std::make_shared<DiskWriter>(
      environment_, std::move(opened.log), DiskWriter::Timings{config_.seal_after, config_.space_retry}, observer_,
      DiskWriter::Callbacks{
          .done = [this](WriteId id) { Enqueue(Input(WriteDone{id})); },
          .space = [this](Space space) { Enqueue(Input(SpaceChanged{space})); },
          .read = [this](EntriesRead read) { Enqueue(Input(std::move(read))); },
          .failed =
              [this](const absl::Status& why) {
                environment_.loop.Post([self = shared_from_this(), why] { self->Halt(why); });
              },
      });
  if (found.snapshot) NoteMembers(found.snapshot->last_included.index, found.snapshot->configuration);
  FollowMembers();
  Publish();
  MutexLock lock(mutex_);
  log_ = disk_;
  closed_ = false;
  return absl::OkStatus();
}

void RaftNode::Impl::TakePart() {
  if (std::exchange(mended_, false) && observer_ != nullptr) observer_->OnRepair({.what = RepairNews::What::kDone});
  for (const NodeId& peer : core_->configuration().Others(config_.core.self)) Greet(peer);
  Act();
}

// ---- Repair --------------------------------------------------------------------------------------------------------

void RaftNode::Impl::BeginRepair(Damage damage) {
  if (halted_) return;
  // Of a member the log knows a newer address than the flags of the first start; of others that the flags name, none.
  std::map<NodeId, Member> reached = config_.first_members;
  for (const NodeId& peer : config_.core.peers) reached[peer];
  for (const auto& [node, member] : damage.members) reached.insert_or_assign(node, member);
  environment_.transport.SetPeers(AddressesOf(reached));
  if (repair_ == nullptr) {
    repair_ = std::make_shared<Repair>(environment_,
                                       Repair::Config{.self = config_.core.self,
                                                      .peers = config_.core.peers,
                                                      .call_timeout = config_.call_timeout,
                                                      .patience = config_.repair_patience},
                                       identity_, snapshots_, observer_,
                                       [weak = weak_from_this()](const absl::Status& status, Damage mended) {
                                         if (const auto self = weak.lock()) self->OnFetched(status, std::move(mended));
                                       });
  }
  repair_->Begin(std::move(damage));
}

// What was fetched is written, and everything read again from the top, on the disk's thread: nothing else runs yet.
void RaftNode::Impl::OnFetched(const absl::Status& status, Damage damage) {
  if (halted_) return;
  if (!status.ok()) return GiveUp(status);
  environment_.disk.Post([self = shared_from_this(), damage = std::make_shared<Damage>(std::move(damage))] {
    absl::StatusOr<Found> found = self->Mend(*damage);
    self->environment_.loop.Post([self, damage, found = std::make_shared<absl::StatusOr<Found>>(std::move(found))] {
      self->OnMended(std::move(*found), std::move(*damage));
    });
  });
}

absl::StatusOr<RaftNode::Impl::Found> RaftNode::Impl::Mend(Damage& damage) {
  if (damage.log != nullptr && damage.log->whole()) {
    if (absl::Status status = damage.log->Finish(); !status.ok()) return status;
  }
  damage = {};  // gives the lock back
  return Look();
}

void RaftNode::Impl::OnMended(absl::StatusOr<Found> found, Damage damage) {
  if (halted_) return;
  if (absl::IsResourceExhausted(found.status()) && damage.log != nullptr) {
    environment_.loop.PostAt(environment_.loop.Now() + kRetry,
                             [self = shared_from_this(), damage = std::make_shared<Damage>(std::move(damage))] {
                               self->OnFetched(absl::OkStatus(), std::move(*damage));
                             });
    return;
  }
  if (!found.ok()) return GiveUp(found.status());
  if (found->damage) return BeginRepair(*std::move(found->damage));
  if (absl::Status status = TakeUp(*std::move(found)); !status.ok()) return GiveUp(status);
  repair_.reset();
  repairing_ = false;
  mended_ = true;
  TakePart();
}

void RaftNode::Impl::GiveUp(const absl::Status& why) {
  if (observer_ != nullptr) observer_->OnFatal(why);
  Halt(why);
}

}  // namespace raftly
