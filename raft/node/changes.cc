// Changes of the cluster, from the wish to its end (§6, thesis chapter 4). The core decides whether a step may be
// taken; here is which step comes next, and what an entry says of the members besides who they are.
#include <utility>

#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {

NodeConfig RaftNode::Impl::Completed(NodeConfig config) {
  if (!config.members_may_change) return config;
  config.core.features |= kMembership;
  config.core.read_configuration = ConfigurationIn;
  return config;
}

// As the last committed entry says, or the first start.
Members RaftNode::Impl::CurrentMembers() const {
  return identity_.members() ? *identity_.members() : Among(core_->configuration(), config_.first_members);
}

void RaftNode::Impl::Take(ChangeAsked& item) {
  const auto refuse = [&](absl::Status why) { item.done(std::move(why)); };
  if (core_->role() != Role::kLeader) return refuse(NotLeaderError(core_->leader()));
  if (absl::Status status = Understood(kMembership); !status.ok()) return refuse(std::move(status));
  const Members now = CurrentMembers();
  // Until then `now` may be an older one than the core's. Nothing is changed on top of what is not committed.
  if (now.configuration != core_->configuration() || now.configuration.joint()) return refuse(ChangeUnderWayError());
  absl::StatusOr<Members> next = item.change(now);
  if (!next.ok()) return refuse(next.status());
  const Configuration step = FirstStepTo(next->configuration, now.configuration);
  if (std::string why = WhyNotAfter(now.configuration, step); !why.empty()) return refuse(IllegalChangeError(why));
  // Who leaves is known until the end: it is still sent the log.
  std::map<NodeId, Member> known = now.known;
  for (auto& [node, member] : next->known) known.insert_or_assign(node, std::move(member));
  ProposeMembers(Among(step, known), item.deadline, std::move(item.done));
}

void RaftNode::Impl::ProposeMembers(const Members& members, Time until, SettleProposal done) {
  FromClient item{.command = EncodeMembers(members), .effect = Effect::kFrees, .deadline = until};
  item.settle = std::move(done);
  item.type = EntryType::kConfig;
  Enqueue(std::move(item));
}

// A joint configuration that is committed has its end proposed, by whoever leads then; a learner that has caught up
// becomes the voter that it was taken in to be.
void RaftNode::Impl::GoOnWithChange() {
  if (core_->role() != Role::kLeader || delivered_term_ != core_->term() || !identity_.members()) return;
  const Members& now = *identity_.members();
  if (now.configuration != core_->configuration()) return;
  const Time time = environment_.loop.Now();
  // Refused, or not committed: again, but not at every turn.
  if (no_step_after_ == core_->configuration_at() && time < no_step_until_) return;
  std::optional<Members> next;
  if (now.configuration.joint()) {
    next = Among(Final(now.configuration), now.known);
  } else {
    next = WithThoseWhoCaughtUp(now);
  }
  if (!next) return;
  no_step_after_ = core_->configuration_at();
  no_step_until_ = time + config_.call_timeout;
  ProposeMembers(*next, no_step_until_, {});
}

std::optional<Members> RaftNode::Impl::WithThoseWhoCaughtUp(const Members& now) const {
  Members next = now;
  for (const NodeId& node : now.configuration.learners) {
    const auto progress = core_->progress().find(node);
    if (!next.known[node].promote || progress == core_->progress().end() || !progress->second.caught_up) continue;
    next.known[node].promote = false;
    next.configuration.learners.erase(node);
    next.configuration.voters.insert(node);
  }
  if (next.configuration == now.configuration) return std::nullopt;
  return Among(FirstStepTo(next.configuration, now.configuration), next.known);
}

}  // namespace raftly
