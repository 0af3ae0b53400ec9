// Whom a node belongs with: which cluster its log is of, and what it and its peers take each other for.
#include <utility>

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
  Enqueue(FromClient{.command = *std::move(proposal),
                     .effect = Effect::kStores,
                     .deadline = no_id_given_until_,
                     .settle = SettleProposal([](const absl::StatusOr<Applied>&) {}),
                     .type = EntryType::kConfig});
}

// Says at once whom it takes a peer for. A follower sends nothing else, and would find out only when it has to lead.
// Again until there is an answer, for as long as that is a refusal.
void RaftNode::Impl::Greet(const NodeId& peer) {
  const Stamp stamp = identity_.StampFor(peer);
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
