// Changes of the cluster, from the wish to its end (§6, thesis chapter 4), and who its members are here and now. The
// core decides whether a step may be taken; raft/node/member_changes.h says which one comes next.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "raft/node/member_changes.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {

NodeConfig RaftNode::Impl::Completed(NodeConfig config) {
  if (!config.members_may_change) return config;
  config.core.features |= kMembership;
  config.core.known_by_directory = !config.fresh_ids.incarnation.empty();
  config.core.read_configuration = ConfigurationIn;
  return config;
}

// ---- Who they are --------------------------------------------------------------------------------------------------

// As the configuration that holds says: the first start's, an entry's, or a snapshot's.
void RaftNode::Impl::FollowMembers() {
  const Index at = core_->configuration_at();
  const Log& log = core_->log();
  members_by_index_.erase(members_by_index_.upper_bound(at), members_by_index_.end());
  if (at && log.Holds(at)) {
    if (auto members = MembersIn(log.At(at).data.view())) members_by_index_.insert_or_assign(at, *std::move(members));
  }
  // Committed ones are never withdrawn, so only the last of them may be of use.
  const auto beyond = members_by_index_.upper_bound(core_->commit());
  if (beyond != members_by_index_.begin()) members_by_index_.erase(members_by_index_.begin(), std::prev(beyond));
  const auto found = members_by_index_.find(at);
  const bool said = found != members_by_index_.end() && found->second.configuration == core_->configuration();
  const std::shared_ptr<const Members> before = std::move(members_);
  members_ = std::make_shared<const Members>(
      said ? found->second
           : Among(core_->configuration(), before != nullptr && at ? before->known : config_.first_members));
  members_at_ = at;
  ForgetWhoLeft(before.get());
  if (observer_ != nullptr) observer_->OnMembers(*members_);
  // What -peers said holds until an entry or a snapshot says otherwise.
  if (said) environment_.transport.SetPeers(AddressesOf(members_->known));
}

// What a node said of itself is nothing to who comes after it under its name.
void RaftNode::Impl::ForgetWhoLeft(const Members* before) {
  std::erase_if(introduced_, [&](const auto& one) {
    const auto now = members_->known.find(one.first);
    if (now == members_->known.end()) return true;
    if (before == nullptr || !now->second.incarnation.empty()) return false;
    const auto then = before->known.find(one.first);
    return then == before->known.end() || !then->second.incarnation.empty();
  });
}

// Of a snapshot.
void RaftNode::Impl::NoteMembers(Index at, const std::string& configuration) {
  if (auto members = MembersIn(configuration)) members_by_index_.insert_or_assign(at, *std::move(members));
}

std::map<NodeId, std::string> RaftNode::Impl::AddressesOf(const std::map<NodeId, Member>& members) const {
  std::map<NodeId, std::string> addresses;
  for (const auto& [node, member] : members) {
    if (node != config_.core.self) addresses.emplace(node, member.address);
  }
  return addresses;
}

// A node that joins, once what is committed here knows it by its directory.
void RaftNode::Impl::CountIfTakenIn() {
  if (!config_.core.joins || !config_.core.known_by_directory || core_->may_vote() || members_at_ > core_->commit())
    return;
  const auto own = members_->known.find(config_.core.self);
  if (own == members_->known.end() || own->second.incarnation != identity_.incarnation()) return;
  core_->Step(environment_.loop.Now(), TakenIn{});
}

Stamp RaftNode::Impl::StampFor(const NodeId& to) const {
  Stamp stamp = identity_.StampFor(to);
  if (const auto member = members_->known.find(to); member != members_->known.end()) {
    stamp.to_incarnation = member->second.incarnation;
  }
  stamp.introduce = config_.members_may_change && core_->role() == Role::kLeader && !introduced_.contains(to);
  return stamp;
}

void RaftNode::Impl::Introduce(const NodeId& peer, const absl::StatusOr<Reply>& reply) {
  // Who could not be reached may come back as another version.
  if (!reply.ok()) {
    introduced_.erase(peer);
    return;
  }
  const auto* append = std::get_if<AppendReply>(&*reply);
  if (append != nullptr && append->introduction) introduced_.insert_or_assign(peer, *append->introduction);
}

void RaftNode::Impl::WriteStanding(const NodeId& peer, const Progress& progress, PeerStanding& standing) const {
  using Kind = PeerStanding::Progress;
  const auto introduced = introduced_.find(peer);
  const bool lately = environment_.loop.Now() < progress.heard_at + core_->timings().election_timeout;
  standing.id = peer;
  standing.match = progress.match;
  standing.progress = progress.installation ? Kind::kSnapshot : progress.probing ? Kind::kProbe : Kind::kReplicate;
  standing.heard = progress.confirmed && lately;
  standing.awaited = !progress.confirmed && lately;
  standing.caught_up = core_->CaughtUp(progress);
  if (introduced == introduced_.end()) {
    standing.version.clear();
  } else {
    standing.version = introduced->second.version;
  }
}

// Until a change is looked at again that waits for an entry to be committed.
constexpr std::chrono::milliseconds kUncommittedPause{2};

// ---- How they change -----------------------------------------------------------------------------------------------

void RaftNode::Impl::Take(ChangeAsked& item) {
  const auto refuse = [&](absl::Status why) { item.done(std::move(why)); };
  if (core_->role() != Role::kLeader) return refuse(NotLeaderError(core_->leader()));
  if (absl::Status status = Understood(kMembership); !status.ok()) return refuse(std::move(status));
  // Nothing is changed on top of what is not committed; but what a leader writes down by itself is no change of
  // anybody's.
  if (core_->configuration_at() > core_->commit() || core_->configuration_at() != members_at_) {
    const Time now = environment_.loop.Now();
    if (members_->configuration.joint() || now >= item.deadline) return refuse(ChangeUnderWayError());
    const Time next = std::min(item.deadline, now + kUncommittedPause);
    return environment_.loop.PostAt(next, [weak = weak_from_this(), item = std::move(item)]() mutable {
      if (const auto self = weak.lock()) self->Enqueue(std::move(item));
    });
  }
  absl::StatusOr<Members> next = item.change(*members_);
  if (!next.ok()) return refuse(next.status());
  if (*next == *members_) return item.done(Applied{.at = {.term = {}, .index = members_at_}, .result = {}});
  if (members_->configuration.joint()) return refuse(ChangeUnderWayError());
  // Thesis §4.2.1: an empty server is no help to a majority, but is counted in it.
  if (const NodeId node = NewVoterThatIsBehind(next->configuration); !node.empty()) {
    return refuse(IllegalChangeError(node + " would vote, and has not caught up"));
  }
  const bool joint = config_.core.defences.joint_consensus;
  const Configuration step = joint ? FirstStepTo(next->configuration, members_->configuration) : next->configuration;
  const std::string why = WhyNotAfter(members_->configuration, step);
  if (joint && !why.empty()) return refuse(IllegalChangeError(why));
  // Who leaves is known until the end: it is still sent the log.
  std::map<NodeId, Member> known = members_->known;
  for (auto& [node, member] : next->known) known.insert_or_assign(node, std::move(member));
  Members members = Among(step, known);
  members.entering = std::move(next->entering);
  // At once: of two changes that come together the second waits for the first.
  FromClient proposal =
      ConfigurationProposal(EncodeMembers(members), item.deadline, std::move(item.done), Effect::kFrees);
  Take(proposal);
}

// Empty: none.
NodeId RaftNode::Impl::NewVoterThatIsBehind(const Configuration& next) const {
  for (const NodeId& node : next.voters) {
    if (!core_->configuration().Votes(node) && !core_->CaughtUp(node)) return node;
  }
  return {};
}

// By whoever leads when a step is committed.
void RaftNode::Impl::GoOnWithChange() {
  if (!config_.members_may_change || core_->role() != Role::kLeader || delivered_term_ != core_->term()) return;
  if (members_at_ > core_->commit() || !Understood(kMembership).ok()) return;
  const Time now = environment_.loop.Now();
  // Refused, or not committed: again, but not at every turn.
  if (no_step_after_ == members_at_ && now < no_step_until_) return;
  const auto next =
      NextStep(*members_, [this](const NodeId& node) { return AcquaintanceWith(node); },
               {.names_directories = !identity_.incarnation().empty(), .joint = config_.core.defences.joint_consensus});
  if (!next) return;
  no_step_after_ = members_at_;
  no_step_until_ = now + config_.call_timeout;
  const auto settle = [self = shared_from_this()](const absl::StatusOr<Applied>& done) {
    if (!done.ok()) self->environment_.loop.Post([self] { self->TryStepAgain(); });
  };
  ProposeConfiguration(EncodeMembers(*next), no_step_until_, SettleProposal(settle), Effect::kFrees);
}

// It was refused, or replaced. Soon, but not at once: why may still hold.
void RaftNode::Impl::TryStepAgain() {
  const Time soon = environment_.loop.Now() + core_->timings().heartbeat;
  no_step_until_ = std::min(no_step_until_, soon);
}

Acquaintance RaftNode::Impl::AcquaintanceWith(const NodeId& node) const {
  if (node == config_.core.self) return {.caught_up = true, .incarnation = identity_.incarnation()};
  const auto introduced = introduced_.find(node);
  return {.caught_up = core_->CaughtUp(node),
          .incarnation = introduced == introduced_.end() ? std::string() : introduced->second.incarnation};
}

}  // namespace raftly
