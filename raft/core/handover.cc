// Handing the lead over: thesis §3.10.
//
// The leader stops accepting proposals, brings its successor to the end of its log, and tells it to campaign at once.
// Nothing else about elections changes: votes are compared, counted and made durable as ever, so whatever is lost on
// the way costs time and nothing more.
#include <utility>

#include "raft/core/check.h"
#include "raft/core/raft_core.h"

namespace raftly {

// ---- The leader's side ---------------------------------------------------------------------------------------------

void RaftCore::On(const HandOverAsked& input) {
  const auto refuse = [&](Refusal why) { out_.outcomes.push_back(Refused{input.id, why, leader_}); };
  if (role_ != Role::kLeader) return refuse(Refusal::kNotLeader);
  if (input.to == config_.self && !handing_over_) {
    out_.outcomes.push_back(HandedOver{input.id, config_.self});
    return;
  }
  if (handing_over_) {
    if (!input.to.empty() && input.to != handing_over_->to) return refuse(Refusal::kHandingOver);
    return handing_over_->ids.push_back(input.id);
  }
  if (!input.to.empty() && !configuration().voters.contains(input.to)) return refuse(Refusal::kNoVoter);
  const NodeId to = Successor(input.to);
  if (to.empty()) return refuse(Refusal::kNoSuccessor);
  BeginHandOver(to);
  handing_over_->ids.push_back(input.id);
}

// Empty: nobody. Those with more space come first, then those that lack least of the log.
NodeId RaftCore::Successor(const NodeId& wanted) const {
  NodeId best;
  const Progress* of_best = nullptr;
  for (const auto& [peer, progress] : progress_) {
    if (wanted.empty() ? progress.takes_no_lead : peer != wanted) continue;
    if (!configuration().voters.contains(peer) || progress.space > space_) continue;
    // `confirmed`: a peer that never answered counts as heard when a term begins.
    if (!progress.confirmed || now_ >= progress.heard_at + config_.timings.election_timeout) continue;
    const bool better = of_best == nullptr || progress.space < of_best->space ||
                        (progress.space == of_best->space && progress.match > of_best->match);
    if (!better) continue;
    best = peer;
    of_best = &progress;
  }
  return best;
}

void RaftCore::BeginHandOver(const NodeId& to, std::optional<RoleReason> why) {
  RAFTLY_CHECK(role_ == Role::kLeader && !handing_over_, "the lead would be handed over twice");
  handing_over_ = HandingOver{
      .ids = {}, .to = to, .term = term(), .until = now_ + config_.timings.election_timeout, .leaves_for = {}};
  out_.events.push_back(HandoverChanged{to, term(), HandoverChanged::What::kBegun, why});
}

// Who must not lead any more hands over where somebody can take it: otherwise everybody waits for a timeout.
void RaftCore::LeaveTheLead(RoleReason reason) {
  if (!handing_over_) {
    const NodeId to = Successor({});
    if (to.empty()) return BecomeFollower(term(), reason);
    BeginHandOver(to, reason);
  }
  handing_over_->leaves_for = reason;
}

// ---- A slow network ------------------------------------------------------------------------------------------------

// Heartbeats that all take long, where they were quick before in this term, have most likely one cause: this node's own
// network. The others hear each other as well as ever, and their clients need not wait for us. Where only one other is
// heard, it may as well be that one's. The next leader measures anew, so that what is slow for everybody moves the lead
// once.
constexpr int kSlowTimes = 8;
constexpr int kSlowPart = 4;  // of an election timeout, at the least

void RaftCore::NoteRoundTrip(Progress& progress, Duration took) const {
  progress.quickest = std::min(progress.quickest, took);
  const bool slow = took >= config_.timings.election_timeout / kSlowPart && took >= kSlowTimes * progress.quickest;
  if (!slow) {
    progress.slow_since.reset();
  } else if (!progress.slow_since) {
    progress.slow_since = now_;
  }
}

// kNever: it is not slow.
Time RaftCore::SlowNetworkDeadline() const {
  if (!config_.defences.network_watchdog) return kNever;
  Time since = Time::min();
  int heard = 0;
  for (const Progress* const voter : electorate_.voters) {
    if (voter == kOurselves || now_ >= voter->heard_at + config_.timings.election_timeout) continue;
    if (!voter->slow_since) return kNever;
    since = std::max(since, *voter->slow_since);
    ++heard;
  }
  return heard > 1 ? since + network_patience_ : kNever;
}

// Tried again more and more seldom: each time writes wait for a moment.
void RaftCore::CheckNetwork() {
  if (role_ != Role::kLeader || handing_over_ || now_ < SlowNetworkDeadline()) return;
  network_patience_ *= 2;
  for (auto& [peer, progress] : progress_) {
    if (progress.slow_since) progress.slow_since = now_;
  }
  if (const NodeId to = Successor({}); !to.empty()) BeginHandOver(to, RoleReason::kNetworkSlow);
}

// ---- The successor is asked ----------------------------------------------------------------------------------------

// As soon as its log is as long as ours: before, it could not win.
void RaftCore::AskSuccessor() {
  if (!handing_over_ || handing_over_->asked) return;
  const NodeId& to = handing_over_->to;
  const auto found = progress_.find(to);
  if (found == progress_.end()) return GiveUpHandOver(HandoverChanged::What::kLeft);
  if (found->second.match < log_.last().index) return;
  // Who is no member any more hears of nothing that is committed after it: its clients would never be told.
  if (!configuration().Has(config_.self) && commit_ < log_.last().index) return;
  out_.events.push_back(HandoverChanged{to, term(), HandoverChanged::What::kAsked});
  handing_over_->asked =
      OpenCallTo(to, {.peer = {}, .term = term(), .prev = {}, .last = {}, .match_when_sent = {}, .hand_over = true});
  Send(Call{handing_over_->asked, to, TimeoutNowRequest{.term = term(), .leader = config_.self}});
}

// That a call failed says nothing: it may have been heard.
void RaftCore::HandleTimeoutNowReply(CallId id, const OpenCall& call, const std::optional<TimeoutNowReply>& reply,
                                     bool unknown_call) {
  if (role_ != Role::kLeader) return;
  if (const auto found = progress_.find(call.peer); unknown_call && found != progress_.end()) {
    found->second.takes_no_lead = true;
  }
  if (!handing_over_ || handing_over_->asked != id || (reply ? reply->campaigns : !unknown_call)) return;
  GiveUpHandOver(unknown_call ? HandoverChanged::What::kUnknown : HandoverChanged::What::kRefused);
}

// A later term has a leader, although perhaps not the one that was meant. Where it is this node again, nothing was
// handed over.
void RaftCore::EndHandOver() {
  if (leader_ == config_.self) return GiveUpHandOver(HandoverChanged::What::kLate);
  const HandingOver done = *std::exchange(handing_over_, std::nullopt);
  // A removed leader hears of the later term, but not who leads in it: as good as certainly the one that it asked.
  const NodeId& leader = leader_.empty() ? done.to : leader_;
  out_.events.push_back(HandoverChanged{leader, term(), HandoverChanged::What::kDone});
  for (const RequestId id : done.ids) out_.outcomes.push_back(HandedOver{id, leader});
}

void RaftCore::GiveUpHandOver(HandoverChanged::What why) {
  const HandingOver given_up = *std::exchange(handing_over_, std::nullopt);
  out_.events.push_back(HandoverChanged{given_up.to, term(), why});
  for (const RequestId id : given_up.ids) out_.outcomes.push_back(Refused{id, Refusal::kNotTakenOver, leader_});
  if (role_ == Role::kLeader && term() == given_up.term && given_up.leaves_for) {
    BecomeFollower(term(), *given_up.leaves_for);
  }
}

// ---- The successor's side ------------------------------------------------------------------------------------------

// Without a pre-vote, which would only ask those who hear the leader. A message that comes late, of a leader that is
// ours no more, means nothing; so does one of a term that we have not met: its leader has never seen our log.
void RaftCore::HandleTimeoutNow(CallId call, const TimeoutNowRequest& request) {
  const bool of_our_leader = request.term == term() && led_term_ == term() && led_by_ == request.leader;
  const bool campaigns = of_our_leader && (role_ == Role::kFollower || role_ == Role::kPreCandidate) && MayCampaign() &&
                         space_ != Space::kNone && now_ < DiskDeadline();
  SendWhenDurable(Answer{call, TimeoutNowReply{term(), campaigns}});
  if (campaigns) StartElection(RoleReason::kHandedOver);
}

}  // namespace raftly
