#include "raft/node/repair.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

// How often it is told that peers are waited for.
constexpr Duration kTellEvery = std::chrono::minutes(1);

std::string At(LogPosition position) {
  return absl::StrCat("index ", position.index.value, " of term ", position.term.value);
}

}  // namespace

void Damage::LearnFrom(const Entry& entry) {
  if (cluster_id.empty()) cluster_id = ClusterIdOf(entry).value_or("");
  if (entry.type != EntryType::kConfig || entry.index < members_at) return;
  std::optional<Members> said = MembersIn(entry.data.view());
  if (!said) return;
  members = std::move(said->known);
  members_at = entry.index;
}

void Repair::Begin(Damage damage) {
  damage_ = std::move(damage);
  for (const auto& [member, known] : damage_.members) {
    std::vector<NodeId>& peers = config_.peers;
    if (member == config_.self) continue;
    if (std::find(peers.begin(), peers.end(), member) == peers.end()) peers.push_back(member);
  }
  if (observer_ != nullptr) {
    observer_->OnRepair(
        {.what = RepairNews::What::kBegun,
         .text = damage_.log != nullptr ? damage_.log->Describe() : std::string(damage_.what.message())});
  }
  at_ = 0;
  said_.clear();
  all_said_no_ = true;
  AskNext();
}

Stamp Repair::StampForPeer() const {
  Stamp stamp = identity_.StampFor(peer());
  if (stamp.cluster_id.empty() && !stamp.to.empty()) stamp.cluster_id = damage_.cluster_id;
  return stamp;
}

// ---- Asking --------------------------------------------------------------------------------------------------------

void Repair::AskNext() {
  if (stopped_) return;
  if (at_ == config_.peers.size()) return EndRound();
  if (damage_.log == nullptr) return AskForPiece({}, 0);
  Ask();
}

void Repair::Ask() {
  Send(EntriesRequest{
      .from = config_.self, .first = damage_.log->first(), .proof = damage_.log->proof(), .stamp = StampForPeer()});
}

void Repair::AskForPiece(LogPosition snapshot, uint64_t offset) {
  offset_ = offset;
  Send(PieceRequest{.from = config_.self,
                    .at_least = damage_.log == nullptr ? damage_.snapshot_from : damage_.log->first(),
                    .last_included = snapshot,
                    .offset = offset,
                    .stamp = StampForPeer()});
}

void Repair::Send(Request request) {
  environment_.transport.Call(peer(), std::move(request), config_.call_timeout,
                              [weak = weak_from_this()](absl::StatusOr<Reply> reply) {
                                const auto self = weak.lock();
                                if (self == nullptr) return;
                                self->environment_.loop.Post([weak, reply = std::move(reply)] {
                                  if (const auto repair = weak.lock()) repair->On(reply);
                                });
                              });
}

void Repair::On(const absl::StatusOr<Reply>& reply) {
  if (stopped_) return;
  if (!reply.ok()) return NextAfter(Says::kNotNow, std::string(reply.status().message()));
  if (const auto* entries = std::get_if<EntriesReply>(&*reply); entries != nullptr && damage_.log != nullptr) {
    return On(*entries);
  }
  if (const auto* piece = std::get_if<PieceReply>(&*reply)) return On(*piece);
  NextAfter(Says::kNotNow, "answers something else");
}

void Repair::On(const EntriesReply& reply) {
  LogRepair& log = *damage_.log;
  switch (reply.proof) {
    case Proof::kHeld:
    case Proof::kReplaced: {
      const absl::Status taken = log.Take(reply.proof, reply.previous, reply.entries);
      if (!taken.ok()) return NextAfter(Says::kNo, std::string(taken.message()));
      said_[peer()] = "helps";
      if (log.replaced_from() && observer_ != nullptr) {
        observer_->OnEvent(environment_.loop.Now(), LogTruncated{log.replaced_from(), log.replaced(), peer()});
      }
      return log.whole() ? Finish(absl::OkStatus()) : Ask();
    }
    case Proof::kCompacted:
      if (reply.snapshot.index >= log.first()) return AskForPiece(reply.snapshot, 0);
      return NextAfter(Says::kNo, absl::StrCat("its log begins with index ", reply.begins.value,
                                               ", and no snapshot of its reaches index ", log.first().value));
    case Proof::kMissing:
      return NextAfter(Says::kNo, absl::StrCat("it does not hold ", At(log.proof())));
  }
}

void Repair::On(const PieceReply& reply) {
  const bool more = offset_ > 0;
  if (!reply.last_included.index) {
    return NextAfter(Says::kNotNow, more ? "its snapshot is gone" : "it has no snapshot that reaches so far");
  }
  const Index least = damage_.log == nullptr ? damage_.snapshot_from : damage_.log->first();
  if (reply.data.empty() || reply.last_included.index > kLastIndex) {
    return NextAfter(Says::kNotNow, "sends a snapshot that is none");
  }
  if (reply.last_included.index < least) return NextAfter(Says::kNotNow, "its snapshot does not reach so far yet");
  KeepPiece(reply);
}

// Kept as if a leader had sent it: whoever serves it, it holds only what is committed.
void Repair::KeepPiece(const PieceReply& piece) {
  SnapshotRequest request{.term = piece.term,
                          .leader = peer(),
                          .last_included = piece.last_included,
                          .offset = offset_,
                          .size = piece.size,
                          .data = piece.data};
  snapshots_->Store(std::move(request), identity_.cluster_id(), Snapshots::Ahead::kNo,
                    [weak = weak_from_this()](absl::StatusOr<PieceStored> stored, const std::string&) {
                      const auto self = weak.lock();
                      if (self == nullptr || self->stopped_) return;
                      if (!stored.ok()) return self->NextAfter(Says::kNotNow, std::string(stored.status().message()));
                      if (!stored->whole) return self->AskForPiece(stored->last_included, stored->offset);
                      self->said_[self->peer()] = "helps";
                      self->Finish(absl::OkStatus());
                    });
}

// ---- What comes of it ----------------------------------------------------------------------------------------------

void Repair::NextAfter(Says says, const std::string& why) {
  said_[peer()] = why;
  if (says == Says::kNotNow) all_said_no_ = false;
  ++at_;
  AskNext();
}

void Repair::EndRound() {
  std::string answers;
  for (const auto& [peer, why] : said_) absl::StrAppend(&answers, answers.empty() ? "" : "; ", peer, ": ", why);
  const Time now = environment_.loop.Now();
  no_since_ = all_said_no_ ? std::min(no_since_, now) : kNever;
  if (all_said_no_ && now - no_since_ >= config_.patience) {
    return Finish(
        absl::DataLossError(absl::StrCat(std::string(damage_.what.message()), "; no peer holds what was there",
                                         answers.empty() ? "" : " (", answers, answers.empty() ? "" : ")")));
  }
  if (now >= tell_at_ && observer_ != nullptr) {
    observer_->OnRepair({.what = RepairNews::What::kWaits, .text = answers});
    tell_at_ = now + kTellEvery;
  }
  environment_.loop.PostAt(now + config_.retry, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_) return;
    self->at_ = 0;
    self->said_.clear();
    self->all_said_no_ = true;
    self->AskNext();
  });
}

void Repair::Finish(absl::Status status) {
  if (status.ok() && damage_.log != nullptr && damage_.log->whole() && observer_ != nullptr) {
    observer_->OnRepair({.what = RepairNews::What::kFetched, .peer = peer(), .entries = damage_.log->taken()});
  }
  done_(std::move(status), std::move(damage_));
}

}  // namespace raftly
