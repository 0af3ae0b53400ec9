// What clients of this node want, from the call to the core.
#include <utility>

#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {

void RaftNode::Impl::Propose(std::string command, Time deadline, SettleProposal::Callback done, Handover handover,
                             Effect effect, uint32_t features) {
  const size_t bytes = command.size();
  SettleProposal settle(Counted(bytes, std::move(done)));
  if (absl::Status room = RoomFor(bytes); !room.ok()) return settle(std::move(room));
  Enqueue(FromClient{.command = std::move(command),
                     .effect = effect,
                     .deadline = deadline,
                     .settle = std::move(settle),
                     .features = features},
          handover);
}

// For a proposal that is counted already.
absl::Status RaftNode::Impl::RoomFor(size_t command_bytes) const {
  const NodeLimits& limits = config_.limits;
  if (repairing_) return RepairingError();
  if (command_bytes > limits.command_bytes) return TooLargeError(command_bytes, limits.command_bytes);
  if (open_proposals_ > limits.pending_proposals || open_bytes_ > limits.pending_bytes) return QueueFullError();
  return absl::OkStatus();
}

// Counts a proposal as open until it is settled.
SettleProposal::Callback RaftNode::Impl::Counted(size_t bytes, SettleProposal::Callback done) {
  ++open_proposals_;
  open_bytes_ += bytes;
  return [self = shared_from_this(), bytes, begin = environment_.loop.Now(),
          done = std::move(done)](absl::StatusOr<Applied> applied) mutable {
    --self->open_proposals_;
    self->open_bytes_ -= bytes;
    if (self->observer_ != nullptr) {
      self->observer_->OnProposalSettled(applied.status(), self->environment_.loop.Now() - begin);
    }
    done(std::move(applied));
  };
}

void RaftNode::Impl::Read(Time deadline, SettleRead::Callback done, Handover handover) {
  SettleRead settle([self = shared_from_this(), done = std::move(done)](absl::Status status) mutable {
    --self->open_reads_;
    done(std::move(status));
  });
  ++open_reads_;
  if (repairing_) {
    settle(RepairingError());
    return;
  }
  if (open_reads_ > config_.limits.pending_reads) {
    settle(QueueFullError());
    return;
  }
  Enqueue(ReadFromClient{deadline, std::move(settle)}, handover);
}

void RaftNode::Impl::HandOver(NodeId to, Time deadline, absl::AnyInvocable<void(absl::StatusOr<NodeId>)> done) {
  SettleProposal settle([done = std::move(done)](absl::StatusOr<Applied> handed) mutable {
    handed.ok() ? done(std::move(handed->by)) : done(handed.status());
  });
  Enqueue(LeadGivenAway{std::move(to), deadline, std::move(settle)});
}

void RaftNode::Impl::ProposeHere(RequestId id, std::string command, Effect effect, uint32_t features) {
  if (core_->role() == Role::kLeader && features != 0) {
    if (absl::Status status = Understood(features); !status.ok()) return pending_.Settle(id, std::move(status));
  }
  core_->Step(environment_.loop.Now(), Proposed{id, std::move(command), effect == Effect::kFrees});
}

void RaftNode::Impl::Take(LeadGivenAway& item) {
  const RequestId id = pending_.AddProposal(item.deadline, std::move(item.settle));
  core_->Step(environment_.loop.Now(), HandOverAsked{id, std::move(item.to)});
}

}  // namespace raftly
