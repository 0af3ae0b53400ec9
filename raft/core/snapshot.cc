// Snapshots: §7 and Figure 13. What they hold is the node's business; when one is sent, to whom, and what it does to a
// log is decided here.
#include <algorithm>

#include "raft/core/raft_core.h"

namespace raftly {

namespace {

// A piece that went unanswered for this many heartbeats is sent again.
constexpr int kOverdueHeartbeats = 20;

}  // namespace

bool Recovered::BeginWith(LogPosition taken_up, uint64_t size) {
  snapshot = taken_up;
  snapshot_size = size;
  const bool matches = snapshot == base || (snapshot.index > base.index && snapshot.index <= last().index &&
                                            entries[snapshot.index - base.index - 1].term == snapshot.term);
  if (matches) return false;
  base = snapshot;
  entries.clear();
  return true;
}

// ---- One's own -----------------------------------------------------------------------------------------------------

void RaftCore::On(const SnapshotTaken& input) {
  if (input.last_included.index > snapshot_.index) {
    snapshot_ = input.last_included;
    snapshot_size_ = input.size;
  }
  droppable_ = std::max(droppable_, std::min(input.log_through, snapshot_.index));
  DropLog(droppable_);
}

// Not what a peer will need that is being sent a snapshot: it would need another one at once, and so for ever.
void RaftCore::DropLog(Index through) {
  for (const auto& [peer, progress] : progress_) {
    if (progress.installation) through = std::min(through, progress.installation->last_included.index);
  }
  log_.DropThrough(std::min(through, delivered_));
}

// ---- The follower's side -------------------------------------------------------------------------------------------

void RaftCore::HandlePiece(CallId call, SnapshotRequest& request) {
  if (request.term < term()) return SendWhenDurable(Answer{call, SnapshotReply{term(), 0, false}});
  if (request.term > term() || role_ != Role::kFollower) BecomeFollower(request.term, RoleReason::kLeaderFound);
  HearLeader(request.leader);
  // It is late, or repeated: what it holds is here already.
  if (request.last_included.index <= commit_ && config_.defences.refuse_stale_snapshot) {
    return SendWhenDurable(Answer{call, SnapshotReply{term(), request.size, true}});
  }
  if (space_ == Space::kNone) return Send(Answer{call, std::nullopt});  // the leader will send it again
  pieces_.emplace(call, PieceInHand{.leader = request.leader,
                                    .last_included = request.last_included,
                                    .begin = request.offset,
                                    .end = request.offset + request.data.size(),
                                    .size = request.size});
  out_.pieces.push_back({call, std::move(request)});
  AnswerAhead();
}

// A piece that follows what is there, with nothing before it still to be stored, is answered at once, so that the next
// one is on its way meanwhile. That promises nothing: where it cannot be stored after all, the answer to the next says
// so. The last piece waits: its answer does promise.
void RaftCore::AnswerAhead() {
  if (pieces_.size() != 1 || !taking_in_.index) return;
  auto& [call, piece] = *pieces_.begin();
  const bool follows = piece.last_included == taking_in_ && piece.begin == taken_in_ && piece.end > piece.begin;
  if (piece.answered || !follows || piece.end >= piece.size) return;
  piece.answered = true;
  taken_in_ = piece.end;
  SendWhenDurable(Answer{call, SnapshotReply{term(), piece.end, false}});
}

void RaftCore::On(const PieceStored& input) {
  const auto found = pieces_.find(input.call);
  if (found == pieces_.end()) return;
  const PieceInHand piece = std::move(found->second);
  pieces_.erase(found);
  const bool as_answered = piece.answered && !input.failed && input.offset == piece.end;
  if (!as_answered) {
    taking_in_ = input.failed || input.whole ? LogPosition{} : input.last_included;
    taken_in_ = input.offset;
  }
  if (input.failed) {
    if (!piece.answered) Send(Answer{input.call, std::nullopt});  // the leader will send it again
    return AnswerAhead();
  }
  // Whoever leads by now: it is durable, and what it holds was committed. If we do, it is in our log (§5.4.3), or it
  // was no leader of ours that sent it.
  const bool lawful = role_ != Role::kLeader || log_.Matches(input.last_included);
  const bool stale = input.last_included.index <= commit_ && config_.defences.refuse_stale_snapshot;
  if (input.whole && !stale && lawful) {
    snapshot_ = input.last_included;
    snapshot_size_ = input.size;
    Install(input);
    out_.events.push_back(SnapshotInstalled{input.last_included, piece.leader});
  }
  if (!piece.answered) {
    SendWhenDurable(Answer{input.call, SnapshotReply{term(), input.offset, input.whole && lawful}});
  }
  AnswerAhead();
}

// Figure 13, rules 6 to 8. Where our log has the snapshot's last entry, all before it is what the snapshot holds, and
// what follows may be acknowledged: then it only tells us that all of that is committed. Otherwise nothing of the log
// counts, neither what is missing nor what contradicts; a log that stays in parts is a log that never agrees
// (hashicorp/raft #697).
void RaftCore::Install(const PieceStored& whole) {
  const LogPosition& last_included = whole.last_included;
  if (log_.Matches(last_included)) return SetCommit(last_included.index);
  if (!config_.defences.refuse_stale_snapshot) commit_ = std::min(commit_, last_included.index - 1);
  if (!config_.defences.discard_conflicting_log && log_.Contains(last_included.index)) {
    log_.DropThrough(last_included.index);
    delivered_ = last_included.index;
    out_.load = last_included;
    return SetCommit(last_included.index);
  }
  log_.Reset(last_included);
  ReplaceConfigurations(last_included.index, whole.configuration);
  thrown_away_for_ = last_included;
  // The snapshot is durable, and a recovery with it does what we do here: our disk holds all up to there.
  stable_ = handed_ = delivered_ = last_included.index;
  for (WriteInFlight& write : writes_) write.last = std::min(write.last, last_included.index);
  out_.load = last_included;
  SetCommit(last_included.index);
}

// ---- The leader's side ---------------------------------------------------------------------------------------------

bool RaftCore::NeedsSnapshot(const Progress& progress) const {
  return progress.next <= log_.base().index && progress.match < log_.base().index;
}

void RaftCore::SendSnapshots() {
  size_t under_way = 0;
  for (auto& [peer, progress] : progress_) {
    if (!progress.installation) continue;
    const bool replaced = !config_.defences.one_install_at_a_time && progress.installation->last_included != snapshot_;
    if (replaced) {
      progress.installation.reset();
    } else if (now_ >= progress.installation->moved_at + config_.limits.installation_patience) {
      GiveUpInstallation(peer, progress);
    } else {
      ++under_way;
    }
  }
  for (auto& [peer, progress] : progress_) {
    if (now_ < progress.paused_until || progress.takes_no_snapshots) continue;
    if (!progress.installation) {
      if (!NeedsSnapshot(progress) || under_way >= config_.limits.installations) continue;
      // Only to who is there: a dead peer would keep the log from being let go.
      if (now_ >= progress.heard_at + config_.timings.election_timeout) continue;
      ++under_way;
      progress.installation = {
          .last_included = snapshot_, .size = snapshot_size_, .offset = 0, .call = {}, .sent_at = {}, .moved_at = now_};
      out_.events.push_back(InstallationChanged{peer, snapshot_, InstallationChanged::What::kBegun});
    }
    const Progress::Installation& open = *progress.installation;
    if (!open.call || now_ >= open.sent_at + kOverdueHeartbeats * config_.timings.heartbeat) SendPiece(peer, progress);
  }
}

// One piece at a time: the next is asked for by the answer. Heartbeats go beside them.
void RaftCore::SendPiece(const NodeId& peer, Progress& progress) {
  Progress::Installation& open = *progress.installation;
  // One that is overdue may still be answered, and is as good then.
  open.call = OpenCallTo(peer, {.peer = {},
                                .term = term(),
                                .pre_vote = false,
                                .prev = open.last_included,
                                .last = {},
                                .match_when_sent = progress.match,
                                .snapshot = true});
  open.sent_at = now_;
  Send(Call{open.call, peer,
            SnapshotRequest{.term = term(),
                            .leader = config_.self,
                            .last_included = open.last_included,
                            .offset = open.offset,
                            .size = open.size}});
}

void RaftCore::GiveUpInstallation(const NodeId& peer, Progress& progress) {
  out_.events.push_back(
      InstallationChanged{peer, progress.installation->last_included, InstallationChanged::What::kGivenUp});
  progress.installation.reset();
  progress.paused_until = std::max(progress.paused_until, now_ + config_.timings.election_timeout);
  DropLog(droppable_);
}

void RaftCore::HandleSnapshotReply(CallId id, const OpenCall& call, const SnapshotReply& reply) {
  if (role_ != Role::kLeader) return;
  Progress& progress = progress_.at(call.peer);
  progress.heard_at = now_;
  if (!progress.installation || progress.installation->last_included != call.prev) return;
  Progress::Installation& open = *progress.installation;
  if (open.call == id) open.call = {};
  if (!reply.installed) {
    // Where it begins again and again, the file may be damaged: that is no progress.
    if (reply.offset > open.furthest) {
      open.furthest = reply.offset;
      open.moved_at = now_;
    }
    open.offset = reply.offset < open.size ? reply.offset : 0;  // who has all and not the whole has to begin again
    return;
  }
  // What it holds now it holds for certain; what may follow in its log is found out as ever.
  progress.match = std::max(progress.match, open.last_included.index);
  progress.next = progress.match + 1;
  progress.probing = true;
  progress.step_back = 1;
  out_.events.push_back(InstallationChanged{call.peer, open.last_included, InstallationChanged::What::kDone});
  // The log that it needs next stays until our next snapshot.
  progress.installation.reset();
  AdvanceCommit();
}

void RaftCore::HandleLostPiece(CallId id, const NodeId& peer, bool refused, bool unknown_call) {
  Progress& progress = progress_.at(peer);
  if (!progress.installation || progress.installation->call != id) return;
  progress.installation->call = {};
  if (refused) return KeepToHeartbeats(progress);
  progress.paused_until = std::max(progress.paused_until, now_ + config_.timings.heartbeat);
  if (!unknown_call) return;
  progress.takes_no_snapshots = true;
  out_.events.push_back(
      InstallationChanged{peer, progress.installation->last_included, InstallationChanged::What::kNotTaken});
  progress.installation.reset();
  DropLog(droppable_);
}

void RaftCore::On(const PieceMissing& input) {
  const auto found = calls_.find(input.call);
  if (found == calls_.end() || !found->second.snapshot || role_ != Role::kLeader) return;
  const NodeId peer = found->second.peer;
  Progress& progress = progress_.at(peer);
  if (progress.installation && progress.installation->call == input.call) GiveUpInstallation(peer, progress);
}

}  // namespace raftly
