// The machine: inputs, timers, and the promises that wait for the disk.
#include "raft/core/raft_core.h"

#include <algorithm>
#include <utility>

#include "raft/core/check.h"

namespace raftly {

RaftCore::RaftCore(CoreConfig config, Recovered recovered, uint64_t seed, Time now)
    : config_(std::move(config)),
      now_(now),
      random_(seed),
      hard_state_(std::move(recovered.hard_state)),
      log_(std::move(recovered.entries), recovered.base),
      commit_(recovered.snapshot.index),
      snapshot_(recovered.snapshot),
      snapshot_size_(recovered.snapshot_size),
      stable_(log_.last().index),
      handed_(log_.last().index),
      delivered_(recovered.snapshot.index) {
  RAFTLY_CHECK(snapshot_.index >= log_.base().index && log_.Matches(snapshot_),
               "a log would begin behind what the state machine holds");
  RAFTLY_CHECK(!config_.self.empty(), "a node without a name");
  Configuration first;
  if (!config_.joins) {
    first.voters = {config_.peers.begin(), config_.peers.end()};
    RAFTLY_CHECK(first.voters.insert(config_.self).second, "a node would be its own peer");
  }
  configurations_.push_back({Index{}, std::move(first)});
  RAFTLY_CHECK(config_.timings.heartbeat > Duration::zero(), "a leader that never speaks");
  RAFTLY_CHECK(config_.timings.heartbeat < config_.timings.election_timeout,
               "a leader that speaks less often than its followers' patience lasts");
  RAFTLY_CHECK(config_.limits.entries_per_append > 0 && config_.limits.appends_in_flight > 0,
               "a leader that may send nothing");

  // Who joins with nothing may have the name of a server that was removed, and whose promises others remember. And its
  // log tells of times in which that one was a voter: it would take itself for it.
  const bool begins = config_.joins && !term() && !log_.last().index && config_.defences.joiners_catch_up;
  if (config_.rejoin || begins) {
    hard_state_.may_vote = false;
    hard_state_dirty_ = true;
  }
  if (!hard_state_.may_vote && !AwaitsTakingIn()) {
    // What this node said before it lost its memory may still be believed: by a leader that was deposed with its vote,
    // by a candidate of a later term. Silence for as long as two elections last lets check-quorum retire them.
    silent_until_ = now + 2 * std::max(config_.timings.election_timeout, config_.longest_election_timeout);
  }
  const Index said_by = recovered.configuration ? snapshot_.index : log_.base().index;
  if (recovered.configuration) ReplaceConfigurations(snapshot_.index, std::move(recovered.configuration));
  for (Index index = said_by + 1; index <= log_.last().index; ++index) NoteConfiguration(log_.At(index));
  SettleConfigurations();
  out_.events.clear();  // none of it is news
  Defences needed = config_.defences;
  needed.pre_vote = true;  // a flag of the server, and no matter of safety
  lawful_ = needed == Defences{};
  if (lawful_ && term() < log_.last().term) {
    // A log written without its term: somebody led in that term, and we may have voted for anyone. As if for ourselves.
    hard_state_.term = log_.last().term;
    hard_state_.voted_for = config_.self;
    hard_state_dirty_ = true;
  }
  RestartElectionTimer();
}

void RaftCore::Step(Time now, Input input) {
  RAFTLY_CHECK(now >= now_, "time would move back");
  now_ = now;
  std::visit([this](auto& what) { On(what); }, input);
}

Output RaftCore::TakeOutput(bool deliver) {
  if (role_ == Role::kLeader) {
    StartReadRound();
    Replicate();
    TellWhoReads();
    SendSnapshots();
    AskSuccessor();
  } else {
    AskLeader();
  }
  FillWrite();
  if (deliver) Deliver();
  LetGoOfMemory();
  out_.write = std::exchange(pending_write_, std::nullopt);
  return std::exchange(out_, Output{});
}

void RaftCore::Deliver() {
  if (delivered_ >= commit_) return;
  const size_t entries = std::min<size_t>(commit_ - delivered_, config_.limits.entries_per_delivery);
  out_.committed = EntriesFor({}, to_deliver_, delivered_ + 1, entries, config_.limits.bytes_per_delivery);
  if (out_.committed.empty()) return;
  delivered_ = out_.committed.back().index;
  if (delivered_ < commit_) ReadAhead({}, to_deliver_, delivered_ + 1);  // while the state machine works on these
}

Time RaftCore::next_deadline() const {
  const Time given_up = handing_over_ ? handing_over_->until : kNever;
  if (role_ != Role::kLeader) {
    const Time election = !leader_.empty() || MayCampaign() ? election_deadline_ : kNever;
    return std::min({election, AskLeaderAgainAt(), given_up});
  }
  Time deadline = std::min(heartbeat_deadline_, given_up);
  if (!handing_over_) deadline = std::min({deadline, DiskDeadline(), LagDeadline(), SlowNetworkDeadline()});
  if (config_.defences.check_quorum) deadline = std::min(deadline, QuorumHeardAt() + config_.timings.election_timeout);
  return deadline;
}

// ---- Inputs --------------------------------------------------------------------------------------------------------

void RaftCore::On(const TimePassed&) {
  if (handing_over_ && now_ >= handing_over_->until) GiveUpHandOver(HandoverChanged::What::kLate);
  if (role_ != Role::kLeader) {
    if (now_ < election_deadline_) return;
    // Who may not campaign does not mourn either: the leader is gone, and clients should not be sent there.
    MayCampaign() ? OnElectionTimeout() : SetLeader({});
    return;
  }
  CheckQuorum();
  CheckDisk();
  CheckNetwork();
  if (role_ == Role::kLeader && now_ >= heartbeat_deadline_) SendHeartbeats();
}

void RaftCore::On(RequestReceived& input) {
  const auto* vote = std::get_if<VoteRequest>(&input.request);
  if (now_ < silent_until_) {
    if (vote != nullptr) NoteRefusedVote(*vote, NoVote::kMayNotVote);
    Send(Answer{input.call, std::nullopt});
  } else if (vote != nullptr) {
    const auto objection = ObjectionTo(*vote);
    if (!objection) return HandleVote(input.call, *vote);
    NoteRefusedVote(*vote, *objection == Objection::kStranger ? NoVote::kStranger : NoVote::kImpossible);
    Refuse(input.call, vote->candidate, vote->term, *objection);
  } else if (auto* piece = std::get_if<SnapshotRequest>(&input.request)) {
    const auto objection = ObjectionTo(*piece);
    if (!objection) return HandlePiece(input.call, *piece);
    Refuse(input.call, piece->leader, piece->term, *objection);
  } else if (const auto* read = std::get_if<ReadIndexRequest>(&input.request)) {
    const auto objection = ObjectionTo(*read);
    if (!objection) return HandleReadIndex(input.call, *read);
    Refuse(input.call, read->from, {}, *objection);
  } else if (const auto* handover = std::get_if<TimeoutNowRequest>(&input.request)) {
    const auto objection = ObjectionTo(*handover);
    if (!objection) return HandleTimeoutNow(input.call, *handover);
    Refuse(input.call, handover->leader, handover->term, *objection);
  } else if (auto* append = std::get_if<AppendRequest>(&input.request)) {
    const auto objection = ObjectionTo(*append);
    if (!objection) return HandleAppend(input.call, *append);
    Refuse(input.call, append->leader, append->term, *objection);
  } else {
    Refuse(input.call, SenderOf(input.request), {}, Objection::kMalformed);  // nothing for a core
  }
}

void RaftCore::On(ReplyReceived& input) {
  const auto found = calls_.find(input.call);
  if (found == calls_.end()) return;  // of an earlier role or answered already
  const OpenCall call = std::move(found->second);
  calls_.erase(found);

  if (!input.reply) {
    if (call.snapshot && role_ == Role::kLeader) {
      return HandleLostPiece(input.call, call.peer, input.refused, input.unknown_call);
    }
    if (call.read_index) return HandleLostReadIndex(input.call, input.unknown_call);
    if (call.hand_over) return HandleTimeoutNowReply(input.call, call, {}, input.unknown_call);
    HandleLostCall(input.call, call, input.refused);
    return;
  }
  const Term theirs = std::visit([](const auto& reply) { return reply.term; }, *input.reply);
  if (const auto objection = ObjectionTo(call, *input.reply)) {
    out_.events.push_back(MessageRefused{call.peer, *objection, theirs});
    if (call.read_index) return HandleLostReadIndex(input.call, false);
    if (call.hand_over) return HandleTimeoutNowReply(input.call, call, {}, false);
    call.snapshot&& role_ == Role::kLeader ? HandleLostPiece(input.call, call.peer, false, false)
                                           : HandleLostCall(input.call, call);
    return;
  }
  // Before its term counts: what it says of the past holds whoever leads now.
  if (call.read_index) HandleReadIndexReply(input.call, std::get<ReadIndexReply>(*input.reply));
  if (theirs > term()) {
    BecomeFollower(theirs, RoleReason::kHigherTerm);
  } else if (const auto* vote = std::get_if<VoteReply>(&*input.reply)) {
    HandleVoteReply(call, *vote);
  } else if (const auto* piece = std::get_if<SnapshotReply>(&*input.reply)) {
    HandleSnapshotReply(input.call, call, *piece);
  } else if (const auto* handover = std::get_if<TimeoutNowReply>(&*input.reply)) {
    HandleTimeoutNowReply(input.call, call, *handover, false);
  } else if (role_ == Role::kLeader && !call.read_index) {
    HandleAppendReply(input.call, call, std::get<AppendReply>(*input.reply));
  }
}

void RaftCore::On(const WriteDone& input) {
  while (!writes_.empty() && writes_.front().id <= input.id) {
    stable_ = std::max(stable_, writes_.front().last);
    writes_.pop_front();
  }
  disk_moved_at_ = now_;
  if (role_ == Role::kCandidate && own_vote_write_ && own_vote_write_ <= input.id) {
    OnOwnVoteDurable();
  } else if (vote_write_ && vote_write_ <= input.id) {
    vote_write_ = {};
    RestartElectionTimer();  // a vote that leaves only now deserves as long a wait as one that left at once
  }
  if (role_ == Role::kLeader) {
    AdvanceCommit();
    NoteLag();
  }
}

void RaftCore::On(Proposed& input) {
  const auto refuse = [&](Refusal why) { out_.outcomes.push_back(Refused{input.id, why, leader_}); };
  if (role_ != Role::kLeader) return refuse(Refusal::kNotLeader);
  if (handing_over_) return refuse(Refusal::kHandingOver);
  const Space needed = input.frees_space ? Space::kReserve : Space::kPlenty;
  if (space_ > needed || !QuorumHasSpace(needed)) return refuse(Refusal::kNoSpace);
  // Of what is said of the cluster there is little, and a change has to come to its end.
  const bool limited = input.type == EntryType::kNormal;
  if (limited && (uncommitted_entries() >= config_.limits.uncommitted_entries ||
                  uncommitted_bytes_ + input.data.size() > config_.limits.uncommitted_bytes)) {
    return refuse(Refusal::kTooMuchUncommitted);
  }
  Entry entry{.index = log_.last().index + 1, .term = term(), .type = input.type, .data = Bytes(std::move(input.data))};
  if (const auto why = WhyNoChange(entry)) return refuse(*why);
  uncommitted_bytes_ += entry.data.size();
  AppendOwn(std::move(entry));
  out_.outcomes.push_back(Accepted{input.id, log_.last()});
}

void RaftCore::On(const TimingsChanged& input) {
  RAFTLY_CHECK(input.timings.heartbeat > Duration::zero(), "a leader that never speaks");
  RAFTLY_CHECK(input.timings.heartbeat < input.timings.election_timeout,
               "a leader that speaks less often than its followers' patience lasts");
  config_.timings = input.timings;
  if (role_ == Role::kLeader) {
    heartbeat_deadline_ = std::min(heartbeat_deadline_, now_ + config_.timings.heartbeat);
    // Who answered in time for the old timeout is not late under the new one.
    for (auto& [peer, progress] : progress_) progress.heard_at = now_;
  } else {
    RestartElectionTimer();
  }
}

void RaftCore::On(const SpaceChanged& input) {
  if (space_ == input.space) return;
  space_ = input.space;
  if (role_ == Role::kLeader) {
    LeaveTheLeadToWhoHasSpace();
  } else if (space_ != Space::kPlenty && role_ != Role::kFollower) {
    BecomeFollower(term(), RoleReason::kNoSpace);
  } else {
    RestartElectionTimer();
  }
}

// ---- Calls and promises --------------------------------------------------------------------------------------------

CallId RaftCore::OpenCallTo(const NodeId& peer, OpenCall call) {
  call.peer = peer;
  call.sent_at = now_;
  calls_.emplace(++last_call_, std::move(call));
  return last_call_;
}

bool RaftCore::NothingUnwritten() const {
  return writes_.empty() && !pending_write_ && !hard_state_dirty_ && !thrown_away_for_ && handed_ == log_.last().index;
}

bool RaftCore::HardStateInFlight() const {
  return std::any_of(writes_.begin(), writes_.end(), [](const WriteInFlight& write) { return write.hard_state; });
}

// A message that speaks of our term, vote or log leaves only when the disk holds what it says, or a crash could make
// us contradict it. Writes become durable in order, so the newest one is late enough.
void RaftCore::SendWhenDurable(Message message) {
  if (NothingUnwritten() || !config_.defences.sync_before_promise) {
    Send(std::move(message));
  } else {
    PendingWrite().then_send.push_back(std::move(message));
  }
}

Answer RaftCore::AppendAnswer(CallId call, AppendReply reply) const {
  reply.space = space_;
  reply.features = config_.features;
  reply.may_vote = hard_state_.may_vote;
  return {call, reply, {}};
}

Write& RaftCore::PendingWrite() {
  if (!pending_write_)
    pending_write_.emplace(
        Write{.id = ++last_write_, .hard_state = {}, .thrown_away_for = {}, .entries = {}, .then_send = {}});
  return *pending_write_;
}

void RaftCore::PersistHardState() {
  if (config_.defences.vote_persistence) hard_state_dirty_ = true;
}

// Hands everything that the disk has not seen yet over to it, as one write.
void RaftCore::FillWrite() {
  if (hard_state_dirty_) PendingWrite().hard_state = hard_state_;
  hard_state_dirty_ = false;
  if (thrown_away_for_) PendingWrite().thrown_away_for = std::exchange(thrown_away_for_, std::nullopt);
  if (handed_ < log_.last().index) PendingWrite().entries = log_.From(handed_ + 1);
  handed_ = log_.last().index;
  if (!pending_write_) return;
  if (writes_.empty()) disk_moved_at_ = now_;
  writes_.push_back({pending_write_->id, handed_, pending_write_->hard_state.has_value()});
  if (!config_.defences.sync_before_promise) stable_ = handed_;
}

void RaftCore::AppendOwn(Entry entry) {
  NoteConfiguration(entry);
  log_.Append(std::move(entry));
  if (!config_.defences.quorum_commit) SetCommit(log_.last().index);
}

// ---- Role and timers -----------------------------------------------------------------------------------------------

void RaftCore::SetLeader(const NodeId& leader) {
  if (leader_ == leader) return;
  leader_ = leader;
  leader_gone_ = false;
  leader_takes_no_reads_ = false;
  leader.empty() ? RefuseReads() : void(read_round_ = {});  // the new one is asked
  if (!leader.empty()) {
    failed_campaigns_ = 0;
    led_term_ = term();
    led_by_ = leader;
  }
  out_.events.push_back(LeaderChanged{leader_, term()});
  if (!leader.empty() && handing_over_ && term() > handing_over_->term) EndHandOver();
}

void RaftCore::HearLeader(const NodeId& leader) {
  SetLeader(leader);
  leader_heard_at_ = now_;
  leader_gone_ = false;
  RestartElectionTimer();
}

// Of each term's leader the first word counts, until what it said is committed here: a leader's log may hold entries
// that never will be.
void RaftCore::TrackCatchUp(Index committed_there) {
  if (caught_up_term_ == term() || (caught_up_at_ && commit_ >= *caught_up_at_)) return;
  caught_up_term_ = term();
  caught_up_at_ = committed_there;
}

void RaftCore::ChangeRole(Role to, RoleReason reason) {
  if (role_ == to) return;
  out_.events.push_back(RoleChanged{role_, to, term(), reason});
  role_ = to;
}

// The modulo's bias is of the order of 10^-11 here, and the result is the same with every standard library.
Duration RaftCore::DrawFrom(Duration spread) { return Duration(random_() % static_cast<uint64_t>(spread.count())); }

// §5.2: randomised, so that split votes are rare and resolve quickly. Each election without a winner doubles the
// spread, up to 16 times: whatever makes votes slow, in the end one candidate has the time for them.
void RaftCore::RestartElectionTimer() {
  constexpr uint32_t kDoublings = 4;
  const Duration jitter = DrawFrom(config_.timings.election_timeout * (1 << std::min(failed_campaigns_, kDoublings)));
  election_deadline_ = now_ + config_.timings.election_timeout;
  if (config_.defences.election_jitter) election_deadline_ += jitter;
  if (role_ == Role::kCandidate) election_deadline_ += vote_took_;
  // Those with space on their disks go first; where there are none, somebody has to lead all the same.
  if (space_ != Space::kPlenty) election_deadline_ += 2 * config_.timings.election_timeout;
}

}  // namespace raftly
