// Whom a node belongs with: which cluster its log is of, and what it and its peers take each other for.
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {
namespace {

// A pre-vote of term 0, which nobody grants and nobody minds, Go nodes included.
Request Greeting(const NodeId& self, Stamp stamp) {
  return VoteRequest{.term = {}, .candidate = self, .pre_vote = true, .stamp = std::move(stamp)};
}

}  // namespace

// Which cluster this is, the log says; and once it has said so, this node belongs to no other.
void RaftNode::Impl::LearnFrom(const Entries& committed) {
  for (const Entry& entry : committed) {
    Belong(identity_.OnCommitted(entry));
    if (halted_) return;
  }
  if (!committed.empty()) delivered_term_ = committed.back().term;
}

void RaftNode::Impl::Belong(const absl::StatusOr<bool>& learned) {
  if (!learned.ok()) {
    if (observer_ != nullptr) observer_->OnFatal(learned.status());
    return Halt(learned.status());
  }
  if (!*learned) return;
  if (observer_ != nullptr) observer_->OnClusterKnown(identity_.identity());
  environment_.disk.Post([self = shared_from_this(), identity = identity_.identity()] {
    // Not fatal: log and snapshot say it again at the next start.
    WriteIdentity(self->environment_.files, self->config_.data_dir, identity).IgnoreError();
  });
}

void RaftNode::Impl::GiveClusterAnId() {
  // An entry of this term was delivered, so whatever earlier leaders proposed has either been seen here or is gone.
  if (core_->role() != Role::kLeader || delivered_term_ != core_->term()) return;
  // Refused (a full disk) or not committed: again, but not at every turn.
  const Time now = environment_.loop.Now();
  if (now < no_id_given_until_) return;
  std::optional<std::string> proposal = identity_.Proposal();
  if (!proposal) return;
  no_id_given_until_ = now + config_.call_timeout;
  ProposeConfiguration(*std::move(proposal), no_id_given_until_);
}

void RaftNode::Impl::ProposeConfiguration(std::string command, Time until, SettleProposal done, Effect effect) {
  Enqueue(ConfigurationProposal(std::move(command), until, std::move(done), effect));
}

RaftNode::Impl::FromClient RaftNode::Impl::ConfigurationProposal(std::string command, Time until, SettleProposal done,
                                                                 Effect effect) {
  FromClient item{.command = std::move(command), .effect = effect, .deadline = until, .settle = std::move(done)};
  item.type = EntryType::kConfig;
  return item;
}

// Once every node has said so the log does, for good: a node that is down later, or whose leader is new, is no reason
// to doubt it.
void RaftNode::Impl::SayWhatAllHave() {
  const uint32_t ours = config_.core.features;
  if ((ours & ~identity_.features()) == 0) return;
  if (core_->role() != Role::kLeader || delivered_term_ != core_->term() || identity_.Proposal()) return;
  uint32_t common = ours;
  for (const auto& [peer, progress] : core_->progress()) common &= progress.features;
  const Time now = environment_.loop.Now();
  if ((common & ~identity_.features()) == 0 || now < nothing_said_until_) return;
  nothing_said_until_ = now + config_.call_timeout;
  ProposeConfiguration(identity_.FeaturesProposal(common), nothing_said_until_);
}

// Of a leader. Aborted: that will show at once.
absl::Status RaftNode::Impl::Understood(uint32_t features) const {
  if ((features & ~identity_.features()) == 0) return absl::OkStatus();
  if ((features & ~config_.core.features) != 0) return NotUnderstoodError(config_.core.self);
  if (delivered_term_ != core_->term()) return absl::AbortedError("the log has not been read to its end yet");
  for (const auto& [peer, progress] : core_->progress()) {
    if ((features & ~progress.features) == 0) continue;
    const bool awaited =
        !progress.confirmed && environment_.loop.Now() < progress.heard_at + core_->timings().election_timeout;
    return awaited ? absl::AbortedError(absl::StrCat(peer, " has not been heard of yet")) : NotUnderstoodError(peer);
  }
  return absl::AbortedError("the log does not say yet that all nodes understand this");
}

// Says at once whom it takes a peer for. A follower sends nothing else, and would find out only when it has to lead.
// Again until there is an answer, for as long as that is a refusal.
void RaftNode::Impl::Greet(const NodeId& peer) {
  const Stamp stamp = StampFor(peer);
  if (stamp.to.empty() || halted_) return;
  environment_.transport.Call(peer, Greeting(config_.core.self, stamp), config_.call_timeout,
                              [weak = weak_from_this(), peer](const absl::StatusOr<Reply>& reply) {
                                const auto self = weak.lock();
                                if (self == nullptr || reply.ok()) return;
                                EventLoop& loop = self->environment_.loop;
                                if (IsPeerRefused(reply.status())) {
                                  loop.Post([weak, peer, why = reply.status()] {
                                    if (const auto node = weak.lock()) node->OnRefusedBy(peer, why);
                                  });
                                }
                                loop.PostAt(loop.Now() + self->config_.call_timeout, [weak, peer] {
                                  if (const auto node = weak.lock()) node->Greet(peer);
                                });
                              });
}

void RaftNode::Impl::OnRefusedBy(const NodeId& peer, const absl::Status& why) {
  if (observer_ != nullptr) observer_->OnCallFailed(peer, why);
  OnRefusal(std::string(why.message()));
  Publish();
}

void RaftNode::Impl::OnRefusal(const std::string& why) {
  refusal_ = why;
  refused_at_ = environment_.loop.Now();
}

}  // namespace raftly
