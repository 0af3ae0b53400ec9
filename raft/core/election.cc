// Leader election: §5.2 and §5.4.1, pre-vote (thesis §9.6), check-quorum (thesis §6.2), vote stickiness (thesis
// §4.2.3), and the return of a node that lost its memory.
#include <algorithm>

#include "raft/core/check.h"
#include "raft/core/raft_core.h"

namespace raftly {

// ---- Campaigning ---------------------------------------------------------------------------------------------------

// Thesis §4.2.2: who is no voter by its last configuration may still be needed until that is committed, since its log
// may be the only one that can win. Its own vote does not count then.
bool RaftCore::MayCampaign() const {
  return hard_state_.may_vote && term() < kLastTerm &&
         std::any_of(configurations_.begin(), configurations_.end(),
                     [&](const ConfigurationAt& one) { return one.value.Votes(config_.self); });
}

void RaftCore::OnElectionTimeout() {
  if (now_ >= DiskDeadline()) {
    RestartElectionTimer();  // we could not lead
    return;
  }
  if (HardStateUnwritten()) {
    // Our vote, for ourselves or for another, is still on its way to the disk. A new election would only queue behind
    // it, and on a disk slower than an election timeout none would ever be won.
    RestartElectionTimer();
    return;
  }
  if (role_ == Role::kCandidate) ++failed_campaigns_;
  const bool asks_first = leader_gone_ ? config_.defences.evidence_asks_first : config_.defences.pre_vote;
  if (asks_first) {
    StartPreVote();
  } else {
    StartElection(RoleReason::kElectionTimeout);
  }
}

// A dead process says nothing, but its machine does: the connection breaks and a new one is refused. Then nobody has to
// wait for a timer. The evidence may be false, so it is only a reason to ask: where the leader lives, those who hear it
// say no, and nothing has happened. Stopped processes, cut cables and lost power give none; the timer is for them.
void RaftCore::On(const PeerGone& input) {
  if (role_ != Role::kFollower || input.peer.empty() || input.peer != leader_) return;
  leader_gone_ = true;
  if (!MayCampaign() || space_ != Space::kPlenty) return;
  election_deadline_ = std::min(election_deadline_, now_ + DrawFrom(config_.limits.evidence_spread));
}

// Asks whether an election could be won before it disturbs anyone: a node that was cut off comes back without having
// raised its term, and so deposes nobody.
void RaftCore::StartPreVote() {
  const auto reason = leader_gone_ ? ElectionReason::kLeaderGone : ElectionReason::kTimeout;
  out_.events.push_back(ElectionStarted{Role::kPreCandidate, term() + 1, reason, leader_});
  ChangeRole(Role::kPreCandidate, RoleReason::kElectionTimeout);
  asks_on_evidence_ = leader_gone_;
  if (leader_gone_) leader_heard_at_.reset();  // nor do we refuse our vote to another who knows
  SetLeader({});
  pre_votes_.clear();
  // Votes of our term may still come: a slow disk's are no worse for that, and with them we lead after all.
  std::erase_if(calls_, [](const auto& open) { return open.second.pre_vote; });
  RestartElectionTimer();
  AskForVotes(/*pre_vote=*/true);
  CountPreVote(config_.self);
}

void RaftCore::StartElection(RoleReason reason) {
  hard_state_.term = term() + 1;
  hard_state_.voted_for = config_.self;
  PersistHardState();
  const bool handed_over = reason == RoleReason::kHandedOver;
  const auto why = reason == RoleReason::kPreVoteWon ? ElectionReason::kPreVoteWon
                   : handed_over                     ? ElectionReason::kHandedOver
                                                     : ElectionReason::kTimeout;
  out_.events.push_back(ElectionStarted{Role::kCandidate, term(), why, leader_});
  ChangeRole(Role::kCandidate, reason);
  SetLeader({});
  votes_.clear();
  calls_.clear();
  RestartElectionTimer();
  campaign_began_ = now_;
  // Our own vote is a promise like any other: it counts, and asks others for theirs, once it is on disk. Otherwise a
  // crash now would let us vote for someone else in this term.
  own_vote_write_ = PendingWrite().id;
  AskForVotes(/*pre_vote=*/false, handed_over);
}

void RaftCore::AskForVotes(bool pre_vote, bool handed_over) {
  const Term campaign = pre_vote ? term() + 1 : term();
  for (const NodeId& peer : configuration().Others(config_.self)) {
    if (!configuration().Votes(peer)) continue;
    OpenCall call{.peer = {}, .term = campaign, .pre_vote = pre_vote, .prev = {}, .last = {}, .match_when_sent = {}};
    VoteRequest request{.term = campaign,
                        .candidate = config_.self,
                        .last_log = log_.last(),
                        .pre_vote = pre_vote,
                        .handed_over = handed_over};
    const CallId id = OpenCallTo(peer, std::move(call));
    if (pre_vote) {
      Send(Call{id, peer, std::move(request)});
    } else {
      SendWhenDurable(Call{id, peer, std::move(request)});
    }
  }
}

// Replies are matched by the call they answer, not by their term: a Go peer grants under the term that it had before.
void RaftCore::HandleVoteReply(const OpenCall& call, const VoteReply& reply) {
  if (!reply.granted) return;
  if (call.pre_vote) {
    if (role_ == Role::kPreCandidate && call.term == term() + 1) CountPreVote(call.peer);
  } else if (call.term == term() && (role_ == Role::kCandidate || role_ == Role::kPreCandidate)) {
    CountVote(call.peer);
  }
}

void RaftCore::CountPreVote(const NodeId& voter) {
  pre_votes_.insert(voter);
  if (QuorumHolds(configuration(), [&](const NodeId& node) { return pre_votes_.contains(node); })) {
    StartElection(RoleReason::kPreVoteWon);
  }
}

// The others' may come before we hear that our own, which let us ask for them, is on the disk: then it decides.
void RaftCore::CountVote(const NodeId& voter) {
  votes_.insert(voter);
  if (!votes_.contains(config_.self)) return;
  if (QuorumHolds(configuration(), [&](const NodeId& node) { return votes_.contains(node); })) BecomeLeader();
}

// The requests for votes leave now: their answers take a round trip and, at a guess, what our own vote took.
void RaftCore::OnOwnVoteDurable() {
  vote_took_ = now_ - campaign_began_;
  own_vote_write_ = {};
  RestartElectionTimer();
  CountVote(config_.self);
}

void RaftCore::BecomeLeader() {
  RAFTLY_CHECK(voted_for() == config_.self && votes_.contains(config_.self), "a node would lead without an election");
  ChangeRole(Role::kLeader, RoleReason::kElectionWon);
  calls_.clear();
  progress_.clear();
  FollowConfiguration();
  SetLeader(config_.self);
  // §8 and §5.4.2: a no-op of our own term commits what earlier leaders left, and tells us what is committed.
  AppendOwn({.index = log_.last().index + 1, .term = term(), .type = EntryType::kNormal, .data = {}});
  own_first_ = log_.last().index;
  uncommitted_bytes_ = 0;
  lags_at_ = {};
  network_patience_ = config_.limits.network_patience;
  TrackCatchUp(log_.last().index);
  heartbeat_deadline_ = now_ + config_.timings.heartbeat;
}

void RaftCore::BecomeFollower(Term term, RoleReason reason) {
  if (term > hard_state_.term) {
    hard_state_.term = term;
    hard_state_.voted_for.clear();
    PersistHardState();
    SetLeader({});
    if (handing_over_ && handing_over_->asked && !configuration().Has(config_.self)) EndHandOver();
  } else if (leader_ == config_.self) {
    SetLeader({});
  }
  own_vote_write_ = {};
  votes_.clear();
  pre_votes_.clear();
  if (role_ == Role::kFollower) return;
  ChangeRole(Role::kFollower, reason);
  RefuseReads();
  calls_.clear();
  electorate_ = {};
  progress_.clear();
  heartbeat_deadline_ = kNever;
  RestartElectionTimer();
}

// ---- Voting --------------------------------------------------------------------------------------------------------

// While a leader is heard, or a leader is heard by its quorum, an election would only disturb. Bounded in time, not by
// "a leader is known", or a dead leader would be mourned longer than needed.
bool RaftCore::Sticky() const {
  if (!config_.defences.stickiness) return false;
  if (role_ == Role::kLeader) return now_ < QuorumHeardAt() + config_.timings.election_timeout;
  return !leader_gone_ && leader_heard_at_ && now_ < *leader_heard_at_ + config_.timings.election_timeout;
}

std::optional<NoVote> RaftCore::WhyNoVoteFor(const VoteRequest& request) const {
  if (!hard_state_.may_vote) return NoVote::kMayNotVote;
  if (request.term < term()) return NoVote::kOldTerm;
  // §5.4.1: a leader must hold every committed entry. A candidate that is at least as up to date as a majority does.
  if (config_.defences.election_restriction && request.last_log < log_.last()) return NoVote::kLogBehind;
  if (request.term > term()) return std::nullopt;
  // §5.2: one vote per term, first come first served. A lost reply may be asked for again.
  if (!config_.defences.one_vote_per_term || voted_for().empty()) return std::nullopt;
  if (voted_for() != request.candidate) return NoVote::kVotedForOther;
  return std::nullopt;
}

void RaftCore::HandleVote(CallId call, const VoteRequest& request) {
  // Thesis §3.10 and §4.2.3: the leader itself wants this election.
  const bool handed_over = request.handed_over && !request.pre_vote;
  if (!handed_over && Sticky()) {
    // Ignored whole: not even its term is adopted, or a removed or flapping server could depose a working leader.
    NoteRefusedVote(request, NoVote::kLeaderHeard);
    Send(Answer{call, VoteReply{term(), false}});
    return;
  }
  auto refusal = WhyNoVoteFor(request);
  // Asked whether it would vote, a node whose disk does not take its votes says no: it might say yes for ever.
  if (request.pre_vote && !refusal && HardStateUnwritten()) refusal = NoVote::kDiskBusy;
  if (refusal) NoteRefusedVote(request, *refusal);
  if (request.pre_vote) {
    if (!refusal) LetGoFirst(request.candidate);
    Send(Answer{call, VoteReply{term(), !refusal}});
    return;
  }
  if (request.term > term()) {
    BecomeFollower(request.term, handed_over ? RoleReason::kHandedOver : RoleReason::kHigherTerm);
  }
  if (!refusal) {
    if (voted_for() != request.candidate) {
      hard_state_.voted_for = request.candidate;
      PersistHardState();
    }
    out_.events.push_back(VoteCast{request.candidate, term()});
    RestartElectionTimer();
    if (hard_state_dirty_) vote_write_ = PendingWrite().id;
  }
  SendWhenDurable(Answer{call, VoteReply{term(), !refusal}});
}

// All who have evidence of the same death campaign within milliseconds. Whoever has just promised a vote waits; and of
// two that asked each other at the same moment, the one whose name comes later. Otherwise both would stand in the same
// election, and another timeout would pass before the next.
void RaftCore::LetGoFirst(const NodeId& candidate) {
  const Duration spread = config_.limits.evidence_spread;
  if (leader_gone_) {
    // Not for ever, however often one is asked.
    const Time latest = leader_heard_at_.value_or(now_) + config_.timings.election_timeout;
    election_deadline_ = std::max(election_deadline_, std::min(now_ + spread, latest));
  } else if (role_ == Role::kPreCandidate && asks_on_evidence_ && candidate < config_.self) {
    asks_on_evidence_ = false;
    pre_votes_.clear();
    std::erase_if(calls_, [](const auto& open) { return open.second.pre_vote; });
    election_deadline_ = now_ + spread + DrawFrom(spread);
  }
}

void RaftCore::NoteRefusedVote(const VoteRequest& request, NoVote why) {
  out_.events.push_back(VoteRefused{.candidate = request.candidate,
                                    .term = request.term,
                                    .pre_vote = request.pre_vote,
                                    .why = why,
                                    .theirs = request.last_log,
                                    .ours = log_.last(),
                                    .voted_for = voted_for()});
}

// ---- Keeping and losing leadership ---------------------------------------------------------------------------------

Time RaftCore::QuorumHeardAt() const {
  return QuorumReached(Time::min(), now_, [](const Progress& progress) { return progress.heard_at; });
}

// Ourselves included. Who has not answered yet counts as well off.
bool RaftCore::QuorumHasSpace(Space least) const {
  return QuorumHas(space_ <= least, [least](const Progress& progress) { return progress.space <= least; });
}

// Where a quorum of the others could commit what we cannot take, one of them should lead.
void RaftCore::LeaveTheLeadToWhoHasSpace() {
  if (role_ != Role::kLeader || space_ == Space::kPlenty) return;
  const bool others = QuorumHas(/*ours=*/false, [this](const Progress& progress) {
    return now_ < progress.heard_at + config_.timings.election_timeout && progress.space == Space::kPlenty;
  });
  if (others) LeaveTheLead(RoleReason::kNoSpace);
}

// A leader that a quorum no longer answers cannot commit and must not pretend: its clients should look elsewhere.
void RaftCore::CheckQuorum() {
  if (!config_.defences.check_quorum) return;
  if (now_ >= QuorumHeardAt() + config_.timings.election_timeout) BecomeFollower(term(), RoleReason::kLostQuorum);
}

// When the disk has stood still for too long: kNever where it has nothing to do, or no space, which has rules of its
// own.
Time RaftCore::DiskDeadline() const {
  if (!config_.defences.disk_watchdog || writes_.empty() || space_ == Space::kNone) return kNever;
  return disk_moved_at_ + config_.limits.disk_patience;
}

// Heartbeats need no disk: a leader whose disk hangs would lead for ever, with a log of its own that nothing bounds,
// or, where its disk is needed for the quorum, without committing anything.
void RaftCore::CheckDisk() {
  if (role_ != Role::kLeader || handing_over_) return;
  if (now_ >= DiskDeadline()) return LeaveTheLead(RoleReason::kDiskStuck);
  if (now_ < LagDeadline()) return;
  lags_since_ = now_;
  if (const NodeId to = Successor({}); !to.empty()) BeginHandOver(to, RoleReason::kDiskLags);
}

Time RaftCore::LagDeadline() const {
  return lags_at_ && config_.defences.disk_watchdog ? lags_since_ + config_.limits.lag_patience : kNever;
}

// A leader whose disk is slower than a quorum of the others' commits without it, but it is the one that everybody waits
// for when it fails or recovers, and whose memory holds what its disk does not. Only what was committed an unlucky
// moment ago does not count: it must be missing for long.
void RaftCore::NoteLag() {
  if (stable_ < lags_at_) return;
  lags_at_ = stable_ < commit_ ? commit_ : Index{};
  lags_since_ = now_;
}

// ---- -rejoin -------------------------------------------------------------------------------------------------------

// A node that lost its log and its votes must not help to elect a leader that lacks what it once acknowledged. It
// votes again when it holds, committed, all that the leader's log held at the first contact in the leader's term:
// everything that it ever acknowledged and that counted is in there (Leader Completeness, §5.4.3), and a committed end
// of that log carries the leader's own term. Its vote of this term it gives to that leader.
void RaftCore::TrackRejoin(const AppendRequest& request) {
  if (hard_state_.may_vote || AwaitsTakingIn()) return;
  if (rejoin_term_ != request.term) {
    rejoin_term_ = request.term;
    const Index proven = request.prev.index + request.entries.size();
    rejoin_target_ = std::max({request.leader_last, request.commit, proven});  // a Go peer does not send leader_last
  }
  if (commit_ < rejoin_target_ || log_.TermAt(commit_) != term()) return;
  hard_state_.may_vote = true;
  if (voted_for().empty()) hard_state_.voted_for = request.leader;  // one that it remembers stays
  hard_state_dirty_ = true;
  out_.events.push_back(VoteRegained{commit_});
  RestartElectionTimer();
}

}  // namespace raftly
