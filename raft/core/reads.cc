// Linearizable reads without a log entry: ReadIndex (thesis §6.4).
//
// A read is safe once (1) the leader has committed an entry of its own term, so its commit index is current, and (2) a
// quorum has answered a call sent after the read was asked, so nobody else can have been elected and acknowledged a
// write before it. One round of heartbeats confirms all reads that wait.
#include "raft/core/quorum.h"
#include "raft/core/raft_core.h"

namespace raftly {

void RaftCore::On(const ReadAsked& input) {
  if (role_ != Role::kLeader) {
    out_.outcomes.push_back(Refused{input.id, Refusal::kNotLeader, leader_});
    return;
  }
  reads_.push_back({.id = input.id, .confirmed_by = last_call_ + 1});
  ConfirmReads();
}

// The latest call such that a quorum has answered it or a later one.
CallId RaftCore::QuorumConfirmed() const {
  std::vector<CallId> confirmed = {CallId{UINT64_MAX}};  // ourselves
  for (const auto& [peer, progress] : progress_) confirmed.push_back(progress.confirmed);
  return ReachedByQuorum(std::move(confirmed));
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
  const CallId confirmed = QuorumConfirmed();
  if (confirmed >= read_round_) read_round_ = {};
  if (log_.TermAt(commit_) != term()) return;  // (1)
  while (!reads_.empty()) {
    const WaitingRead& read = reads_.front();
    if (config_.defences.read_confirmation && read.confirmed_by > confirmed) break;  // (2)
    out_.outcomes.push_back(Readable{read.id, commit_});
    reads_.pop_front();
  }
}

void RaftCore::RefuseReads() {
  for (const WaitingRead& read : reads_) out_.outcomes.push_back(Refused{read.id, Refusal::kNotLeader, leader_});
  reads_.clear();
  read_round_ = {};
}

}  // namespace raftly
