// Linearizable reads without a log entry, on the leader and on followers: ReadIndex (thesis §6.4).
//
// A read is safe once (1) the leader has committed an entry of its own term, so its commit index is current, and (2) a
// quorum has answered a call sent after the read was asked, so nobody else can have been elected and acknowledged a
// write before it. One round of heartbeats confirms all reads that wait. A follower asks the leader for that commit
// index, after the read was asked, for all that wait together, and serves them when it has applied as much.
#include <algorithm>

#include "raft/core/raft_core.h"

namespace raftly {
namespace {

// Without an answer for so many heartbeat intervals the leader is asked again: the question may be lost.
constexpr int kOverdueHeartbeats = 4;

}  // namespace

void RaftCore::On(const ReadAsked& input) {
  const bool ask = input.ask_leader && role_ == Role::kFollower && !leader_.empty() && !leader_takes_no_reads_;
  if (role_ != Role::kLeader && !ask) {
    out_.outcomes.push_back(Refused{input.id, Refusal::kNotLeader, leader_});
    return;
  }
  reads_.push_back({.id = input.id, .asker = {}, .asked_by = {}, .confirmed_by = FirstToConfirm()});
  if (role_ == Role::kLeader) ConfirmReads();
}

// Only what is sent after a read was asked says anything about it.
CallId RaftCore::FirstToConfirm() const {
  return read_round_ && !config_.defences.read_before_asking ? read_round_ : last_call_ + 1;
}

// ---- The leader's side ---------------------------------------------------------------------------------------------

// Who asks in our term had voted in no later one when he asked, which is after the read: that is worth an answer of
// his. Among three servers it makes a quorum, and there is nothing to wait for.
void RaftCore::HandleReadIndex(CallId call, const ReadIndexRequest& request) {
  const WaitingRead read{.id = {}, .asker = request.from, .asked_by = call, .confirmed_by = FirstToConfirm()};
  if (role_ != Role::kLeader || request.term > term()) return RefuseRead(read, {});
  const bool confirms = request.term == term() && QuorumConfirmed(request.from) >= read.confirmed_by;
  if (confirms && log_.TermAt(commit_) == term()) return Serve(read);
  reads_.push_back(read);
  ConfirmReads();
}

// The latest call such that a quorum has answered it or a later one. `present` has just confirmed us by itself.
CallId RaftCore::QuorumConfirmed(const NodeId& present) const {
  constexpr CallId kAny{UINT64_MAX};
  const auto found = present.empty() ? progress_.end() : progress_.find(present);
  const Progress* const confirms = found == progress_.end() ? nullptr : &found->second;
  return QuorumReached(CallId{}, kAny,
                       [=](const Progress& progress) { return &progress == confirms ? kAny : progress.confirmed; });
}

// One round at a time: what is asked while one is under way shares the next. A round that gets lost is made good by
// the heartbeats. They also look after peers that are silent, which confirm nothing: rounds may follow each other as
// fast as the others answer, and would pile up open calls to a dead peer.
void RaftCore::StartReadRound() {
  if (reads_.empty() || read_round_ || reads_.back().confirmed_by <= QuorumConfirmed()) return;
  read_round_ = last_call_ + 1;
  for (auto& [peer, progress] : progress_) {
    if (now_ < progress.heard_at + config_.timings.election_timeout) SendAppend(peer, progress, progress.match, {});
  }
}

void RaftCore::ConfirmReads() {
  if (role_ != Role::kLeader) return;
  const CallId confirmed = QuorumConfirmed();
  if (confirmed >= read_round_) read_round_ = {};
  if (log_.TermAt(commit_) != term()) return;  // (1)
  while (!reads_.empty()) {
    const WaitingRead& read = reads_.front();
    if (config_.defences.read_confirmation && read.confirmed_by > confirmed) break;  // (2)
    Serve(read);
    reads_.pop_front();
  }
}

void RaftCore::Serve(const WaitingRead& read) {
  if (!read.asked_by) {
    out_.outcomes.push_back(Readable{read.id, commit_});
    return;
  }
  Send(Answer{read.asked_by, ReadIndexReply{term(), commit_}});
  if (const auto found = progress_.find(read.asker); found != progress_.end()) found->second.reads_at = commit_;
}

// A follower knows what is committed by the appends, and would have to wait for the next heartbeat where nobody writes.
void RaftCore::TellWhoReads() {
  for (auto& [peer, progress] : progress_) {
    if (progress.told >= progress.reads_at || progress.match < progress.reads_at) continue;
    progress.reads_at = {};  // once: what gets lost, a heartbeat makes good
    SendAppend(peer, progress, progress.match, {});
  }
}

// ---- The follower's side -------------------------------------------------------------------------------------------

// One question at a time, for all reads that wait.
void RaftCore::AskLeader() {
  if (reads_.empty() || (read_round_ && now_ < AskLeaderAgainAt())) return;
  read_round_ = OpenCallTo(
      leader_, {.peer = {}, .term = term(), .prev = {}, .last = {}, .match_when_sent = {}, .read_index = true});
  leader_asked_at_ = now_;
  Send(Call{read_round_, leader_, ReadIndexRequest{.from = config_.self, .term = term()}});
}

Time RaftCore::AskLeaderAgainAt() const {
  if (role_ == Role::kLeader || reads_.empty() || !read_round_) return kNever;
  return leader_asked_at_ + kOverdueHeartbeats * config_.timings.heartbeat;
}

// To an earlier question, too: for the reads that it was asked for.
void RaftCore::HandleReadIndexReply(CallId id, const ReadIndexReply& reply) {
  if (read_round_ == id) read_round_ = {};
  for (; !reads_.empty() && reads_.front().confirmed_by <= id; reads_.pop_front()) {
    if (reply.commit) {
      out_.outcomes.push_back(Readable{reads_.front().id, *reply.commit});
    } else {
      RefuseRead(reads_.front(), {});
    }
  }
}

void RaftCore::HandleLostReadIndex(CallId id, bool unknown_call) {
  if (!unknown_call) return HandleReadIndexReply(id, {});
  leader_takes_no_reads_ = true;  // its clients go there themselves
  RefuseReads();
}

// ---- Both ----------------------------------------------------------------------------------------------------------

void RaftCore::RefuseRead(const WaitingRead& read, const NodeId& leader_hint) {
  if (read.asked_by) {
    SendWhenDurable(Answer{read.asked_by, ReadIndexReply{term(), std::nullopt}});
  } else {
    out_.outcomes.push_back(Refused{read.id, Refusal::kNotLeader, leader_hint});
  }
}

void RaftCore::RefuseReads() {
  for (const WaitingRead& read : reads_) RefuseRead(read, leader_);
  reads_.clear();
  read_round_ = {};
}

}  // namespace raftly
