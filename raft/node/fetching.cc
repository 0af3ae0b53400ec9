// What a node gives to a peer whose disk is damaged (raft/node/repair.h): entries of its log, pieces of its snapshots.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {
namespace {

// Of commands, in one answer; but one entry always.
constexpr size_t kBytesAtOnce = size_t{1} << 20;
constexpr size_t kEntriesAtOnce = 4096;

// Of those that were read while the log may have changed, what is part of it still. §5.3: one index and one term are
// one entry.
bool StillThere(const Log& log, const Entries& entries) {
  return std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) { return log.Matches(entry.position()); });
}

}  // namespace

// Places are compared, and two clusters may have the same ones. Who was damaged before it knew its cluster is known by
// its name, as when it was new.
std::optional<std::string> RaftNode::Impl::ObjectionToRepair(const NodeId& from, const Stamp& stamp) const {
  if (stamp.cluster_id == identity_.cluster_id()) return std::nullopt;
  if (stamp.cluster_id.empty() && core_->configuration().Others(config_.core.self).contains(from)) return std::nullopt;
  const auto named = [](const std::string& id) { return id.empty() ? std::string("none") : id; };
  return absl::StrCat(config_.core.self, " of cluster ", named(identity_.cluster_id()), " has no entries for ", from,
                      " of cluster ", named(stamp.cluster_id));
}

// Answers from the log as it is now. What is not in memory is read first, and then all is decided again.
void RaftNode::Impl::ServeEntries(const EntriesRequest& request, ReplyFn reply, const Entries* read) {
  if (const auto objection = ObjectionToRepair(request.from, request.stamp)) {
    return reply(PeerRefusedError(*objection));
  }
  const Log& log = core_->log();
  const LogPosition proof = request.proof;
  if (!request.first || proof.index < request.first)
    return reply(PeerRefusedError("entries of no place are asked for"));
  EntriesReply answer{.term = core_->term(), .begins = log.first(), .snapshot = core_->snapshot()};
  const bool held = log.Matches(proof) || (!config_.core.defences.repair_proof && log.Contains(proof.index));
  const bool replaced = !held && log.Contains(proof.index) && proof.index <= core_->commit();
  if (proof.index <= log.base().index || ((held || replaced) && request.first <= log.base().index)) {
    answer.proof = Proof::kCompacted;
  } else if (held || replaced) {
    answer.proof = held ? Proof::kHeld : Proof::kReplaced;
    answer.previous = {log.TermAt(request.first - 1), request.first - 1};
    const uint64_t wanted = (replaced ? proof.index + 1 : proof.index) - request.first;
    const size_t most = std::min<uint64_t>(wanted, kEntriesAtOnce);
    if (read != nullptr) {
      if (read->empty() || !StillThere(log, *read)) return reply(absl::UnavailableError("not now"));
      answer.entries = *read;
    } else if (most > 0 && !log.Holds(request.first)) {
      EntriesWanted from_disk{.reader = request.from, .from = request.first, .entries = most, .bytes = kBytesAtOnce};
      return disk_->Read(std::move(from_disk), [self = shared_from_this(), request,
                                                reply = std::move(reply)](Entries entries) mutable {
        self->environment_.loop.Post([self, request, reply = std::move(reply), entries = std::move(entries)]() mutable {
          if (self->halted_) return reply(StoppingError());
          self->ServeEntries(request, std::move(reply), &entries);
        });
      });
    } else if (most > 0) {
      answer.entries = log.Slice(request.first, most, kBytesAtOnce);
    }
  }
  reply(Reply(std::move(answer)));
}

void RaftNode::Impl::ServePiece(const PieceRequest& request, ReplyFn reply) {
  if (const auto objection = ObjectionToRepair(request.from, request.stamp)) {
    return reply(PeerRefusedError(*objection));
  }
  const LogPosition newest = core_->snapshot();
  const bool named = bool{request.last_included.index};
  if (named ? request.last_included == newest : newest.index && newest.index >= request.at_least) {
    return SendPiece(request, std::move(reply));
  }
  if (named || applier_->applied() < request.at_least) return reply(Reply(PieceReply{.term = core_->term()}));
  snapshot_asked_.push_back({[self = shared_from_this(), request,
                              reply = std::move(reply)](const absl::StatusOr<SnapshotInfo>& taken) mutable {
    if (!taken.ok()) return reply(taken.status());
    self->environment_.loop.Post([self, request, reply = std::move(reply)]() mutable {
      if (self->halted_) return reply(StoppingError());
      self->SendPiece(request, std::move(reply));
    });
  }});
}

// Of the newest one.
void RaftNode::Impl::SendPiece(PieceRequest request, ReplyFn reply) {
  request.last_included = core_->snapshot();
  PieceReply answer{.term = core_->term(), .last_included = request.last_included, .size = core_->snapshot_size()};
  snapshots_->ReadFor(std::move(request),
                      [answer = std::move(answer), reply = std::move(reply)](absl::StatusOr<Bytes> bytes) mutable {
                        if (!bytes.ok()) return reply(absl::UnavailableError(bytes.status().message()));
                        answer.data = *std::move(bytes);
                        reply(Reply(std::move(answer)));
                      });
}

}  // namespace raftly
