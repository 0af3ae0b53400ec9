// Changes of the cluster: §6, and chapter 4 of the thesis.
#include "raft/core/membership.h"

#include <algorithm>
#include <iterator>

#include "raft/core/check.h"
#include "raft/core/raft_core.h"

namespace raftly {
namespace {

bool Disjoint(const std::set<NodeId>& a, const std::set<NodeId>& b) {
  return std::none_of(a.begin(), a.end(), [&](const NodeId& node) { return b.contains(node); });
}

std::string Names(const std::set<NodeId>& nodes) {
  std::string names;
  for (const NodeId& node : nodes) names += (names.empty() ? "" : ",") + node;
  return names;
}

}  // namespace

// ---- Configurations ------------------------------------------------------------------------------------------------

std::set<NodeId> Configuration::Others(const NodeId& self) const {
  std::set<NodeId> others = voters;
  others.insert(outgoing.begin(), outgoing.end());
  others.insert(learners.begin(), learners.end());
  others.erase(self);
  return others;
}

Configuration FirstStepTo(const Configuration& next, const Configuration& now) {
  RAFTLY_CHECK(!next.joint() && !now.joint(), "a change would begin before the last one has ended");
  Configuration step = next;
  if (next.voters == now.voters) return step;
  step.outgoing = now.voters;
  return step;
}

std::string ToString(const Configuration& configuration) {
  std::string text = Names(configuration.voters);
  if (configuration.joint()) text += ", was " + Names(configuration.outgoing);
  if (!configuration.learners.empty()) text += ", learns " + Names(configuration.learners);
  return text;
}

Configuration Final(const Configuration& joint) { return {.voters = joint.voters, .learners = joint.learners}; }

std::string WhyNotAfter(const Configuration& now, const Configuration& next) {
  if (next.voters.empty()) return "nobody would vote";
  if (!Disjoint(next.learners, next.voters) || !Disjoint(next.learners, next.outgoing)) return "a learner would vote";
  for (const std::set<NodeId>* nodes : {&next.voters, &next.outgoing, &next.learners}) {
    if (nodes->contains(NodeId())) return "a member has no name";
  }
  if (now.joint()) return next == Final(now) ? "" : "a change is under way, and only its end may follow";
  if (next.joint()) return next.outgoing == now.voters ? "" : "the voters of before would be others than they are";
  return next.voters == now.voters ? "" : "voters change by a joint configuration alone";
}

// ---- Which one holds -----------------------------------------------------------------------------------------------

// Everything that ends up in our log comes by here, whoever wrote it.
void RaftCore::NoteConfiguration(const Entry& entry) {
  if (entry.type != EntryType::kConfig || config_.read_configuration == nullptr) return;
  if (auto found = config_.read_configuration(entry)) UseConfiguration(entry.index, *std::move(found));
}

// From now on (§6: "a server always uses the latest configuration in its log, regardless of whether it is committed").
void RaftCore::UseConfiguration(Index at, Configuration configuration) {
  configurations_.push_back({at, std::move(configuration)});
  OnConfigurationChanged();
}

// Back to the one before, where the log that brought them is gone.
void RaftCore::WithdrawConfigurations(Index from) {
  if (configuration_at() < from || configurations_.size() == 1) return;
  while (configurations_.size() > 1 && configuration_at() >= from) configurations_.pop_back();
  OnConfigurationChanged();
}

// A snapshot's takes the place of all that the log said.
void RaftCore::ReplaceConfigurations(Index at, std::optional<Configuration> configuration) {
  if (!configuration) {
    // It says nothing of members, so none was changed up to there: what our log says of it was never committed.
    return WithdrawConfigurations(Index{1});
  }
  configurations_.clear();
  UseConfiguration(at, *std::move(configuration));
}

void RaftCore::OnConfigurationChanged() {
  out_.events.push_back(ConfigurationChanged{configuration_at(), configuration()});
  if (role_ == Role::kLeader) FollowConfiguration();
}

// A leader speaks to all members and to nobody else.
void RaftCore::FollowConfiguration() {
  const std::set<NodeId> others = configuration().Others(config_.self);
  std::erase_if(progress_, [&](const auto& one) { return !others.contains(one.first); });
  std::erase_if(calls_, [&](const auto& open) { return !others.contains(open.second.peer); });
  for (const NodeId& peer : others) {
    if (progress_.contains(peer)) continue;
    Progress progress;
    progress.next = log_.last().index + 1;
    progress.heard_at = now_;  // a full election timeout before check-quorum may doubt us
    progress_.emplace(peer, std::move(progress));
  }
  const auto progress_of = [this](const std::set<NodeId>& voters) {
    std::vector<const Progress*> those;
    those.reserve(voters.size());
    for (const NodeId& voter : voters) those.push_back(voter == config_.self ? kOurselves : &progress_.at(voter));
    return those;
  };
  electorate_ = {progress_of(configuration().voters), progress_of(configuration().outgoing)};
}

// Committed configurations are never withdrawn, so what lay before them is of no use.
void RaftCore::SettleConfigurations() {
  const size_t before = configurations_.size();
  while (configurations_.size() > 1 && configurations_[1].at <= commit_) configurations_.pop_front();
  const bool comes_late = !config_.defences.configuration_when_appended && configurations_.size() < before;
  if (role_ == Role::kLeader && comes_late) FollowConfiguration();
  // §6: a leader that is not in the new configuration leads until that is committed, and counts for nothing meanwhile.
  const bool settled = configurations_.size() == 1 && !configuration().joint();
  if (role_ == Role::kLeader && settled && !configuration().Votes(config_.self)) LeaveTheLead(RoleReason::kRemoved);
}

void RaftCore::On(const TakenIn&) {
  if (hard_state_.may_vote || !AwaitsTakingIn()) return;
  hard_state_.may_vote = true;
  hard_state_dirty_ = true;
  out_.events.push_back(VoteRegained{commit_});
  RestartElectionTimer();
}

void RaftCore::EndRound(Progress& progress) const {
  if (progress.match < progress.round_end) return;
  // The first round begins with the first answer: before, it was not known to be there.
  if (progress.round_end) {
    progress.caught_up = progress.may_vote && now_ < progress.round_began + config_.timings.election_timeout;
  }
  progress.round_end = log_.last().index;
  progress.round_began = now_;
}

bool RaftCore::CaughtUp(const NodeId& peer) const {
  const auto found = progress_.find(peer);
  return found != progress_.end() && CaughtUp(found->second);
}

// One that is in a long round now is behind again, or gone.
bool RaftCore::CaughtUp(const Progress& progress) const {
  return progress.caught_up && now_ < progress.round_began + config_.timings.election_timeout;
}

// Why this change may not begin; nothing: it may.
std::optional<Refusal> RaftCore::WhyNoChange(const Entry& entry) const {
  if (entry.type != EntryType::kConfig || config_.read_configuration == nullptr) return std::nullopt;
  const auto next = config_.read_configuration(entry);
  if (!next) return std::nullopt;  // it says other things of the cluster
  // Until an entry of its own term is committed, a leader does not know whether an earlier leader's change is (Ongaro,
  // raft-dev, 2015: two changes of one server each, of two leaders, may leave two majorities that are disjoint).
  if (config_.defences.change_after_own_entry && log_.TermAt(commit_) != term()) return Refusal::kNewLeader;
  if (configuration_at() > commit_) return Refusal::kChangeUnderWay;
  if (config_.defences.joint_consensus && !WhyNotAfter(configuration(), *next).empty()) return Refusal::kIllegalChange;
  return std::nullopt;
}

// Who cannot be of our cluster, as far as the log tells.
bool RaftCore::IsStranger(const NodeId& node) const {
  if (node.empty() || node == config_.self) return true;
  // Once members come and go, there may be some that our log does not know yet. The nodes tell each other which cluster
  // they are of (raft/node/node_identity.h).
  return !configuration_at() && !config_.joins && !configuration().Has(node);
}

}  // namespace raftly
