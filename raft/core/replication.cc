// Log replication: §5.3, the commit rules of §5.4, and what both owe to a network that loses, delays and repeats.
#include <algorithm>
#include <iterator>
#include <utility>

#include "raft/core/check.h"
#include "raft/core/raft_core.h"

namespace raftly {

namespace {

// An append that went unanswered for this many heartbeats no longer holds replication back.
constexpr int kOverdueHeartbeats = 4;

}  // namespace

// ---- The follower's side -------------------------------------------------------------------------------------------

void RaftCore::HandleAppend(CallId call, AppendRequest& request) {
  if (request.term < term()) {
    SendWhenDurable(AppendAnswer(call, {term(), false, {}, {}}));
    return;
  }
  if (request.term > term() || role_ != Role::kFollower) BecomeFollower(request.term, RoleReason::kLeaderFound);
  HearLeader(request.leader);
  // A Go leader does not tell the end of its log, but its whole commit index.
  TrackCatchUp(std::max(request.leader_last, request.commit));

  if (const auto rejection = Mismatch(request)) {
    SendWhenDurable(AppendAnswer(call, *rejection));
    return;
  }
  if (space_ == Space::kNone && !request.entries.empty()) {
    Send(Answer{call, std::nullopt});  // the leader will send it again
    return;
  }
  const Index proven = request.prev.index + request.entries.size();
  const Index leader_commit =
      config_.defences.clamp_commit_on_receive ? std::min(request.commit, proven) : request.commit;
  AppendFromLeader(request);
  SetCommit(std::max(commit_, std::min(leader_commit, log_.last().index)));
  TrackRejoin(request);

  Answer accepted = AppendAnswer(call, {term(), true, {}, {}});
  // What this acknowledges may be durable already although later writes are under way: a heartbeat does not wait for a
  // slow disk.
  const bool durable = proven <= stable_ && !hard_state_dirty_ && !HardStateInFlight();
  if (durable) {
    Send(accepted);
  } else {
    SendWhenDurable(accepted);
  }
}

// §5.3, the consistency check. The hint names the whole conflicting term, so that each costs one round trip.
std::optional<AppendReply> RaftCore::Mismatch(const AppendRequest& request) const {
  const LogPosition& prev = request.prev;
  if (prev.index > log_.last().index) return AppendReply{term(), false, {}, log_.last().index + 1};
  // What a snapshot took the place of was committed, so it is what every later leader has (§5.4.3).
  if (prev.index < log_.base().index) return std::nullopt;
  if (log_.TermAt(prev.index) == prev.term || !config_.defences.log_matching) return std::nullopt;
  // A Go leader, which does not say where its log ends, takes the hint's term for an index where it does not know it.
  const Term clashing = request.leader_last ? log_.TermAt(prev.index) : Term{};
  const Index first = log_.Contains(prev.index) ? log_.FirstIndexOfTermAt(prev.index) : prev.index;
  return AppendReply{term(), false, clashing, first};
}

// Figure 2, AppendEntries 3 and 4. Entries that are there already stay: the request may be late, and what followed it
// may be acknowledged.
void RaftCore::AppendFromLeader(AppendRequest& request) {
  for (Entry& entry : request.entries) {
    if (entry.index <= log_.base().index) continue;
    if (log_.Contains(entry.index)) {
      if (log_.TermAt(entry.index) == entry.term) continue;
      TruncateFrom(entry.index, request.leader);
    }
    NoteConfiguration(entry);
    log_.Append(std::move(entry));
  }
}

void RaftCore::TruncateFrom(Index from, const NodeId& leader) {
  if (from <= commit_) {
    // Whoever asks for this is refused (strangers.cc), but in the laboratory.
    RAFTLY_CHECK(!lawful_, "a committed entry would be truncated");
    commit_ = from - 1;
    delivered_ = std::min(delivered_, commit_);
  }
  out_.events.push_back(LogTruncated{from, log_.last().index - from + 1, leader});
  log_.TruncateFrom(from);
  if (config_.defences.configuration_goes_with_log) WithdrawConfigurations(from);
  handed_ = std::min(handed_, from - 1);
  if (!config_.defences.lower_in_flight_writes) return;
  // Writes that are still on their way will be overwritten by the one that follows: when they are done, the disk holds
  // nothing that we could vouch for above `from`.
  stable_ = std::min(stable_, from - 1);
  for (WriteInFlight& write : writes_) write.last = std::min(write.last, from - 1);
}

// ---- The leader's side: sending ------------------------------------------------------------------------------------

void RaftCore::Replicate() {
  for (auto& [peer, progress] : progress_) {
    ResendOverdue(progress);
    while (MaySendEntries(progress) && SendEntries(peer, progress)) {
    }
  }
}

bool RaftCore::MaySendEntries(const Progress& progress) const {
  if (now_ < progress.paused_until || !log_.Contains(progress.next)) return false;
  if (progress.space == Space::kNone) return false;  // it would only refuse them; its heartbeats will tell
  return progress.in_flight.size() < (progress.probing ? 1 : config_.limits.appends_in_flight);
}

// False: they have to be read from the disk first.
bool RaftCore::SendEntries(const NodeId& peer, Progress& progress) {
  Entries entries = EntriesFor(peer, progress.from_disk, progress.next, config_.limits.entries_per_append,
                               config_.limits.bytes_per_append);
  if (entries.empty()) return false;
  const Index prev = progress.next - 1;
  progress.next = entries.back().index + 1;
  progress.in_flight.push_back({SendAppend(peer, progress, prev, std::move(entries)), now_});
  ReadAhead(peer, progress.from_disk, progress.next);  // while the peer works on these
  return true;
}

// §5.2. They pass whatever is in flight, carry no entries, and build on what the peer is known to hold; towards a peer
// whose log is still unknown they probe.
void RaftCore::SendHeartbeats() {
  heartbeat_deadline_ = now_ + config_.timings.heartbeat;
  if (!reads_.empty()) read_round_ = last_call_ + 1;
  for (auto& [peer, progress] : progress_) {
    SendAppend(peer, progress, progress.probing && progress.in_flight.empty() ? progress.next - 1 : progress.match, {});
  }
}

// Where the log does not reach back so far, a heartbeat builds on the beginning of all logs, which everybody has.
LogPosition RaftCore::PlaceToBuildOn(Index index) const {
  return log_.HasTermAt(index) ? LogPosition{log_.TermAt(index), index} : LogPosition{};
}

CallId RaftCore::SendAppend(const NodeId& peer, Progress& progress, Index prev, Entries entries) {
  const LogPosition place = PlaceToBuildOn(prev);
  const Index proven = place.index + entries.size();
  const CallId id = OpenCallTo(peer, {.peer = {},
                                      .term = term(),
                                      .pre_vote = false,
                                      .prev = place,
                                      .last = proven,
                                      .match_when_sent = progress.match});
  progress.told = std::max(progress.told, std::min(commit_, proven));
  Send(Call{id, peer,
            AppendRequest{.term = term(),
                          .leader = config_.self,
                          .prev = place,
                          .entries = std::move(entries),
                          .commit = config_.defences.clamp_commit_on_send ? std::min(commit_, proven) : commit_,
                          .leader_last = log_.last().index}});
  return id;
}

// A lost append must not hold replication back until its call times out. It is sent again from where it began, not from
// `match`, which is 0 while the peer has not answered yet: a leader would send its whole log to a peer that was down.
void RaftCore::ResendOverdue(Progress& progress) {
  if (progress.in_flight.empty()) return;
  if (now_ < progress.in_flight.front().sent_at + kOverdueHeartbeats * config_.timings.heartbeat) return;
  const OpenCall& lost = calls_.at(progress.in_flight.front().call);
  SendAgainFrom(progress, std::max(progress.match, lost.prev.index) + 1);
}

void RaftCore::SendAgainFrom(Progress& progress, Index next) {
  progress.next = next;
  progress.probing = true;
  progress.in_flight.clear();
}

// ---- The leader's side: replies ------------------------------------------------------------------------------------

void RaftCore::HandleAppendReply(CallId id, const OpenCall& call, const AppendReply& reply) {
  Progress& progress = progress_.at(call.peer);
  std::erase_if(progress.in_flight, [id](const Progress::InFlight& sent) { return sent.call == id; });
  const bool in_its_own_term = reply.term < term() && !reply.conflict_index;
  if (!reply.success && (in_its_own_term || call.prev.index == Index{})) {
    // It stays in its term, or finds fault with the empty log: it does not follow us, wherever we begin. That is how a
    // Go peer, or one of our first version, refuses whom it does not know.
    out_.events.push_back(PeerRefuses{call.peer});
    KeepToHeartbeats(progress);
    return;
  }
  progress.space = reply.space;
  progress.features = reply.features;
  progress.may_vote = reply.may_vote;
  progress.heard_at = now_;
  progress.confirmed = std::max(progress.confirmed, id);
  // What carries nothing new is answered at once, whatever the peer's disk does.
  if (reply.success && call.last == call.prev.index) NoteRoundTrip(progress, now_ - call.sent_at);
  if (reply.success) {
    progress.match = std::max(progress.match, call.last);
    progress.next = std::max(progress.next, progress.match + 1);
    // A heartbeat that built on what was known anyway does not end the search for where the logs agree.
    if (progress.next == progress.match + 1) progress.probing = false;
    progress.paused_until = Time::min();
    progress.step_back = 1;
    EndRound(progress);
    AdvanceCommit();
  } else {
    HandleRejection(call, reply);
  }
  ConfirmReads();
  LeaveTheLeadToWhoHasSpace();
}

void RaftCore::HandleRejection(const OpenCall& call, const AppendReply& reply) {
  Progress& progress = progress_.at(call.peer);
  if (call.prev.index <= call.match_when_sent && call.prev.index > Index{}) {
    // It had acknowledged this very place before we asked. It lost its log, so its acknowledgements count no more,
    // nor do those that may still be on their way.
    out_.events.push_back(PeerLostLog{call.peer, progress.match});
    progress.match = progress.round_end = {};
    progress.caught_up = false;
    std::erase_if(calls_, [&](const auto& open) { return open.second.peer == call.peer; });
  } else if (call.prev.index <= progress.match) {
    // Late: the peer has caught up since. But what came too early for it then is still missing there, and heartbeats,
    // which build on match, would never find out.
    if (call.last > progress.match) SendAgainFrom(progress, progress.match + 1);
    return;
  }
  if (reply.conflict_index && reply.conflict_index <= call.prev.index) {
    // Past a whole term: to the end of that term in our log if we have it, else to its beginning in the peer's.
    const Index ours = reply.conflict_term ? log_.LastIndexOf(reply.conflict_term) : Index{};
    const Index next = ours && ours < call.prev.index ? ours + 1 : reply.conflict_index;
    progress.paused_until = Time::min();
    SendAgainFrom(progress, std::max(next, progress.match + 1));
    return;
  }
  // No hint (both fields 0, as a Go peer may answer), or one that leads nowhere.
  const uint64_t back = std::min(progress.step_back, call.prev.index - progress.match);
  progress.step_back = 2 * back;
  SendAgainFrom(progress, call.prev.index + 1 - back);
}

void RaftCore::HandleLostCall(CallId id, const OpenCall& call, bool refused) {
  if (role_ != Role::kLeader) return;
  Progress& progress = progress_.at(call.peer);
  if (refused) return KeepToHeartbeats(progress);
  const auto lost = [id](const Progress::InFlight& sent) { return sent.call == id; };
  if (std::none_of(progress.in_flight.begin(), progress.in_flight.end(), lost)) return;
  progress.paused_until = now_ + config_.timings.heartbeat;
  SendAgainFrom(progress, std::max(progress.match, call.prev.index) + 1);
}

// Whoever refuses us is not sent the same again, but asked with each heartbeat. The first that is accepted, or rejected
// with a reason, ends it.
void RaftCore::KeepToHeartbeats(Progress& progress) {
  SendAgainFrom(progress, (progress.match ? progress.match : log_.last().index) + 1);
  progress.step_back = 1;
  progress.paused_until = kNever;
}

// ---- What is not in memory -----------------------------------------------------------------------------------------

// As Log::Slice. Nothing: it has to be read from the disk first, and is asked for. The disk read what it held then;
// what counts is what our log says now. One index and one term are one command (§5.3).
Entries RaftCore::EntriesFor(const NodeId& reader, FromDisk& disk, Index from, size_t entries, size_t bytes) {
  if (log_.Holds(from)) {
    disk.entries.clear();
    return log_.Slice(from, entries, bytes);
  }
  Entries found = EntriesWithin(from, entries, bytes, [&](Index index) -> const Entry* {
    const Entry* entry = disk.Find(index);
    return entry != nullptr && log_.Matches(entry->position()) ? entry : nullptr;
  });
  if (found.empty()) {
    disk.entries.clear();
    ReadAhead(reader, disk, from);
  }
  return found;
}

// One at a time; what is read takes the place of what was.
void RaftCore::ReadAhead(const NodeId& reader, FromDisk& disk, Index from) {
  if (disk.asked || disk.Find(from) != nullptr || !log_.Contains(from) || log_.Holds(from)) return;
  disk.asked = from;
  out_.reads.push_back({reader, from, config_.limits.entries_per_read, config_.limits.bytes_per_read});
}

void RaftCore::On(EntriesRead& input) {
  const auto peer = progress_.find(input.reader);
  const bool ours = input.reader.empty();
  if (!ours && peer == progress_.end()) return;
  FromDisk& disk = ours ? to_deliver_ : peer->second.from_disk;
  const Index from = std::exchange(disk.asked, {});
  if (input.entries.empty()) {
    RAFTLY_CHECK(!ours || !lawful_ || from <= delivered_,
                 "an entry that was never applied would be gone from the disk");
    // It will turn out to need a snapshot.
    if (!ours) peer->second.paused_until = std::max(peer->second.paused_until, now_ + config_.timings.heartbeat);
    return;
  }
  disk.entries = std::move(input.entries);
}

// Only what the disk holds, and not what a leader still has to account for.
void RaftCore::LetGoOfMemory() {
  const Index through = role_ == Role::kLeader ? std::min(stable_, std::max(commit_, own_first_ - 1)) : stable_;
  log_.Evict(through, config_.limits.bytes_in_memory);
  // What everybody is known to have, nobody is likely to ask for.
  Index everywhere = std::min(through, delivered_);
  for (const auto& [peer, progress] : progress_) everywhere = std::min(everywhere, progress.match);
  log_.Evict(everywhere, config_.limits.bytes_in_memory / 4);
}

// ---- Commit --------------------------------------------------------------------------------------------------------

void RaftCore::AdvanceCommit() {
  const Index agreed = QuorumReached(Index{}, stable_, [](const Progress& progress) { return progress.match; });
  if (agreed <= commit_) return;
  // §5.4.2, Figure 8: entries of earlier terms commit only under an entry of our own.
  if (config_.defences.current_term_commit && log_.TermAt(agreed) != term()) return;
  SetCommit(agreed);
  NoteLag();
  ConfirmReads();
}

uint64_t RaftCore::uncommitted_entries() const {
  return role_ == Role::kLeader ? log_.last().index - std::max(commit_, own_first_ - 1) : 0;
}

void RaftCore::SetCommit(Index commit) {
  if (commit <= commit_) return;
  if (role_ == Role::kLeader) {
    for (Index own = std::max(commit_ + 1, own_first_); own <= commit; ++own) {
      uncommitted_bytes_ -= std::min(uncommitted_bytes_, log_.At(own).data.size());
    }
  }
  commit_ = commit;
  out_.events.push_back(CommitAdvanced{commit_});
  SettleConfigurations();
}

}  // namespace raftly
