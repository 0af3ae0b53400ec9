// The Raft protocol as a machine: values in, values out. No thread, clock, file, socket or log line.
//
//   core.Step(now, Proposed{id, "x=1"});
//   core.Step(now, ReplyReceived{call, reply});
//   Output output = core.TakeOutput();      // one for any number of steps
//
// One thread owns a core. Whoever owns it promises to
//   - send `output.send` now, and hand `output.write` to the disk, in order;
//   - send `write.then_send` once that write and all before it are durable, and then Step(WriteDone);
//   - call Step(TimePassed) at next_deadline(), which may have moved after every Step;
//   - let the state machine take up `output.load`, where there is one, before what follows;
//   - apply `output.committed` in order, each entry once;
//   - keep each of `output.pieces`, and then Step(PieceStored); fill in the bytes of each SnapshotRequest that leaves;
//   - read `output.reads` from the disk, after all writes before, and then Step(EntriesRead).
// In return the core never breaks a promise that it made to a peer or a client, whatever is lost, late or repeated.
//
// Paper: "In Search of an Understandable Consensus Algorithm" (extended version) by section, "§"; Ongaro's thesis,
// "thesis §". raft_core.cc holds the machine and its timers; election.cc, replication.cc, snapshot.cc, reads.cc,
// membership.cc and handover.cc the protocol.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "raft/core/config.h"
#include "raft/core/log.h"
#include "raft/core/membership.h"
#include "raft/core/messages.h"
#include "raft/core/node_event.h"
#include "raft/core/progress.h"
#include "raft/core/steps.h"
#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

class RaftCore {
 public:
  // Equal arguments and equal steps give equal outputs: all randomness comes from `seed`.
  RaftCore(CoreConfig config, Recovered recovered, uint64_t seed, Time now);
  RaftCore(RaftCore&&) = default;  // and no copy: parts point to each other

  // `now` never moves back.
  void Step(Time now, Input input);
  // With `deliver` off committed entries stay where they are: the state machine has enough to do.
  Output TakeOutput(bool deliver = true);
  // Committed entries that the next Output could carry.
  bool HasUndelivered() const {
    return delivered_ < commit_ && (!to_deliver_.asked || to_deliver_.Find(delivered_ + 1) != nullptr);
  }
  Time next_deadline() const;

  const NodeId& self() const { return config_.self; }
  Role role() const { return role_; }
  Term term() const { return hard_state_.term; }
  const NodeId& voted_for() const { return hard_state_.voted_for; }
  const NodeId& leader() const { return leader_; }  // empty: none known
  Space space() const { return space_; }
  // Of a leader, what it appended in its term and is not committed yet.
  uint64_t uncommitted_entries() const;
  size_t uncommitted_bytes() const { return uncommitted_bytes_; }
  // From when a hand-over of the lead begins until another leads, or it is given up: an election timeout at most.
  // Proposals are refused meanwhile, and worth keeping.
  bool handing_over() const { return handing_over_.has_value(); }
  bool may_vote() const { return hard_state_.may_vote; }
  // Term, vote or the right to vote are not on the disk yet as they are here.
  bool HardStateUnwritten() const { return hard_state_dirty_ || HardStateInFlight(); }
  Index commit() const { return commit_; }
  Index delivered() const { return delivered_; }
  // How far a node has to have applied to hold all that was committed when it came up, as far as a leader told.
  // Nothing: it has heard of no leader since.
  std::optional<Index> caught_up_at() const { return caught_up_at_; }
  Index stable() const { return stable_; }
  const Log& log() const { return log_; }
  // The newest that this node has; index 0: none.
  const LogPosition& snapshot() const { return snapshot_; }
  uint64_t snapshot_size() const { return snapshot_size_; }
  const Timings& timings() const { return config_.timings; }
  // The one that holds: the last in the log, committed or not. Its entry's index; 0: it is that of the first start.
  const Configuration& configuration() const {
    return (config_.defences.configuration_when_appended ? configurations_.back() : configurations_.front()).value;
  }
  Index configuration_at() const { return configurations_.back().at; }
  const std::map<NodeId, Progress>& progress() const { return progress_; }  // of a leader; else empty
  // Of a leader: whether this member has as good as all of the log (thesis §4.2.1).
  bool CaughtUp(const NodeId& peer) const;
  bool CaughtUp(const Progress& progress) const;

 private:
  // One call to a peer that has not been answered. The wire's replies carry neither index nor term of what they
  // answer; this remembers it, so that late and repeated replies are judged by what was asked.
  struct OpenCall {
    NodeId peer;
    Time sent_at = {};
    Term term;  // ours when it was sent; in a pre-vote the term asked for
    bool pre_vote = false;
    LogPosition prev;  // appends: what it built on ...
    Index last;        // ... and the last index that it carried
    Index match_when_sent;
    bool snapshot = false;    // a piece of one
    bool read_index = false;  // of a follower
    bool hand_over = false;
  };
  struct HandingOver {
    std::vector<RequestId> ids;  // who asked for it; nobody: it was our own idea
    NodeId to;
    Term term;  // ours
    Time until;
    CallId asked;                          // the successor to campaign; 0: not yet
    std::optional<RoleReason> leaves_for;  // where nothing comes of it, we step down all the same
  };
  struct WriteInFlight {
    WriteId id;
    Index last;  // highest entry that will be stable when it is done; lowered by a truncation
    bool hard_state = false;
  };
  struct WaitingRead {
    RequestId id;
    NodeId asker;         // a follower, for reads of its own; empty: our own client
    CallId asked_by;      // its request
    CallId confirmed_by;  // a quorum, or the leader, must answer a call from this one on
  };

  // raft_core.cc: inputs, timers, promises.
  void On(const TimePassed&);
  void On(RequestReceived& input);
  void On(ReplyReceived& input);
  void On(const WriteDone& input);
  void On(Proposed& input);
  void On(const ReadAsked& input);
  void On(const TimingsChanged& input);
  void On(const SpaceChanged& input);
  void On(const SnapshotTaken& input);
  void On(const PieceStored& input);
  void On(const PieceMissing& input);
  void On(EntriesRead& input);
  void On(const PeerGone& input);
  void On(const HandOverAsked& input);
  void On(const TakenIn&);
  template <class CallOrAnswer>
  void Send(CallOrAnswer&& message) {
    if (out_.send.empty()) out_.send.reserve(std::max<size_t>(progress_.size(), 1));  // most often one to each
    out_.send.emplace_back(std::forward<CallOrAnswer>(message));
  }
  void SendWhenDurable(Message message);
  Answer AppendAnswer(CallId call, AppendReply reply) const;
  bool NothingUnwritten() const;
  bool HardStateInFlight() const;
  CallId OpenCallTo(const NodeId& peer, OpenCall call);
  Write& PendingWrite();
  void PersistHardState();
  void FillWrite();
  void AppendOwn(Entry entry);
  void Deliver();
  void SetLeader(const NodeId& leader);
  void TrackCatchUp(Index committed_there);
  void ChangeRole(Role to, RoleReason reason);
  void HearLeader(const NodeId& leader);
  Duration DrawFrom(Duration spread);
  void RestartElectionTimer();

  // membership.cc
  void NoteConfiguration(const Entry& entry);
  void UseConfiguration(Index at, Configuration configuration);
  void WithdrawConfigurations(Index from);
  void ReplaceConfigurations(Index at, std::optional<Configuration> configuration);
  void OnConfigurationChanged();
  void FollowConfiguration();
  void SettleConfigurations();
  void EndRound(Progress& progress) const;
  std::optional<Refusal> WhyNoChange(const Entry& entry) const;
  bool IsStranger(const NodeId& node) const;
  bool AwaitsTakingIn() const { return config_.joins && config_.known_by_directory; }
  // Of a leader; ourselves included, where we vote.
  template <class Holds>
  bool QuorumHas(bool ours, Holds holds) const {
    return QuorumHolds(electorate_, [&](const Progress* voter) { return voter == kOurselves ? ours : holds(*voter); });
  }
  template <class T, class Value>
  T QuorumReached(T none, T ours, Value value) const {
    return ReachedByQuorum(electorate_, none,
                           [&](const Progress* voter) { return voter == kOurselves ? ours : value(*voter); });
  }

  // election.cc
  void OnElectionTimeout();
  void StartPreVote();
  void StartElection(RoleReason reason);
  void BecomeFollower(Term term, RoleReason reason);
  void BecomeLeader();
  void AskForVotes(bool pre_vote, bool handed_over = false);
  void CountPreVote(const NodeId& voter);
  void CountVote(const NodeId& voter);
  void OnOwnVoteDurable();
  void HandleVote(CallId call, const VoteRequest& request);
  bool Sticky() const;
  std::optional<NoVote> WhyNoVoteFor(const VoteRequest& request) const;
  void LetGoFirst(const NodeId& candidate);
  void NoteRefusedVote(const VoteRequest& request, NoVote why);
  void HandleVoteReply(const OpenCall& call, const VoteReply& reply);
  bool MayCampaign() const;
  bool QuorumHasSpace(Space least) const;
  void LeaveTheLeadToWhoHasSpace();
  void CheckQuorum();
  Time DiskDeadline() const;
  void CheckDisk();
  Time LagDeadline() const;
  void NoteLag();
  void NoteRoundTrip(Progress& progress, Duration took) const;
  Time SlowNetworkDeadline() const;
  void CheckNetwork();
  Time QuorumHeardAt() const;
  void TrackRejoin(const AppendRequest& request);

  // handover.cc
  NodeId Successor(const NodeId& wanted) const;
  void BeginHandOver(const NodeId& to, std::optional<RoleReason> why = {});
  void LeaveTheLead(RoleReason reason);
  void AskSuccessor();
  void HandleTimeoutNow(CallId call, const TimeoutNowRequest& request);
  void HandleTimeoutNowReply(CallId id, const OpenCall& call, const std::optional<TimeoutNowReply>& reply,
                             bool unknown_call);
  void EndHandOver();
  void GiveUpHandOver(HandoverChanged::What why);

  // strangers.cc
  std::optional<Objection> ObjectionTo(const VoteRequest& request) const;
  std::optional<Objection> ObjectionTo(const AppendRequest& request) const;
  std::optional<Objection> ObjectionTo(const SnapshotRequest& request) const;
  std::optional<Objection> ObjectionTo(const ReadIndexRequest& request) const;
  std::optional<Objection> ObjectionTo(const TimeoutNowRequest& request) const;
  std::optional<Objection> ObjectionTo(const OpenCall& call, const Reply& reply) const;
  std::optional<Objection> Contradiction(const AppendRequest& request) const;
  std::optional<Objection> Contradiction(const LogPosition& theirs, Term their_term) const;
  bool SecondLeader(Term term, const NodeId& leader) const;
  void Refuse(CallId call, const NodeId& from, Term their_term, Objection why);

  // snapshot.cc
  void HandlePiece(CallId call, SnapshotRequest& request);
  void AnswerAhead();
  void Install(const PieceStored& whole);
  bool NeedsSnapshot(const Progress& progress) const;
  void SendSnapshots();
  void SendPiece(const NodeId& peer, Progress& progress);
  void GiveUpInstallation(const NodeId& peer, Progress& progress);
  void HandleSnapshotReply(CallId id, const OpenCall& call, const SnapshotReply& reply);
  void HandleLostPiece(CallId id, const NodeId& peer, bool refused, bool unknown_call);
  void DropLog(Index through);

  // replication.cc
  void HandleAppend(CallId call, AppendRequest& request);
  std::optional<AppendReply> Mismatch(const AppendRequest& request) const;
  void AppendFromLeader(AppendRequest& request);
  void TruncateFrom(Index from, const NodeId& leader);
  void HandleAppendReply(CallId id, const OpenCall& call, const AppendReply& reply);
  void HandleRejection(const OpenCall& call, const AppendReply& reply);
  void HandleLostCall(CallId id, const OpenCall& call, bool refused = false);
  void KeepToHeartbeats(Progress& progress);
  void Replicate();
  bool SendEntries(const NodeId& peer, Progress& progress);
  bool MaySendEntries(const Progress& progress) const;
  void SendHeartbeats();
  LogPosition PlaceToBuildOn(Index index) const;
  CallId SendAppend(const NodeId& peer, Progress& progress, Index prev, Entries entries);
  void ResendOverdue(Progress& progress);
  void SendAgainFrom(Progress& progress, Index next);
  Entries EntriesFor(const NodeId& reader, FromDisk& disk, Index from, size_t entries, size_t bytes);
  void ReadAhead(const NodeId& reader, FromDisk& disk, Index from);
  void LetGoOfMemory();
  void AdvanceCommit();
  void SetCommit(Index commit);

  // reads.cc
  CallId QuorumConfirmed(const NodeId& present = {}) const;
  void StartReadRound();
  void ConfirmReads();
  void Serve(const WaitingRead& read);
  void TellWhoReads();
  void RefuseReads();
  void RefuseRead(const WaitingRead& read, const NodeId& leader_hint);
  CallId FirstToConfirm() const;
  void HandleReadIndex(CallId call, const ReadIndexRequest& request);
  void AskLeader();
  Time AskLeaderAgainAt() const;
  void HandleReadIndexReply(CallId id, const ReadIndexReply& reply);
  void HandleLostReadIndex(CallId id, bool unknown_call);

  CoreConfig config_;
  // No rule of safety is switched off. Otherwise what cannot be is just what the laboratory wants to see.
  bool lawful_ = true;
  Time now_;
  std::mt19937_64 random_;

  HardState hard_state_;
  Log log_;
  Role role_ = Role::kFollower;
  NodeId leader_;  // of this term; empty: unknown
  // Whom we last knew to lead, and in which term, although we may have lost sight of it since.
  Term led_term_;
  NodeId led_by_;
  Index commit_;                  // commit_ <= log_.last().index; never moves back (Defences all on)
  Space space_ = Space::kPlenty;  // on our disk
  LogPosition snapshot_;          // the newest of ours: snapshot_.index >= log_.base().index
  uint64_t snapshot_size_ = 0;
  struct ConfigurationAt {
    Index at;
    Configuration value;
  };
  std::deque<ConfigurationAt> configurations_;  // ascending, never empty; the last holds, the first is committed
  Index droppable_;                             // of the log, once no peer's installation needs it any more
  struct PieceInHand {
    NodeId leader;
    LogPosition last_included;
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t size = 0;  // of the whole snapshot
    bool answered = false;
  };
  std::map<CallId, PieceInHand> pieces_;  // that the node is storing
  LogPosition taking_in_;                 // the snapshot that they are of; index 0: it has to turn out
  uint64_t taken_in_ = 0;                 // what will be there of it once they are stored

  // Disk. stable_ <= handed_ <= log_.last().index, but for a log that has not been handed over yet.
  Index stable_;                                // highest entry that our own disk holds
  Index handed_;                                // highest entry that was handed to the disk
  std::optional<LogPosition> thrown_away_for_;  // the disk does not know of it yet
  bool hard_state_dirty_ = false;
  WriteId last_write_;
  std::deque<WriteInFlight> writes_;  // ascending ids
  Time disk_moved_at_{};              // when the last of them was done, or the first began
  std::optional<Write> pending_write_;

  // Timers. An unused one is kNever.
  Time election_deadline_ = kNever;   // followers and candidates
  Time heartbeat_deadline_ = kNever;  // leaders
  std::optional<Time> leader_heard_at_;
  bool asks_on_evidence_ = false;  // of a pre-candidate
  bool leader_gone_ = false;       // PeerGone said so, and it has not been heard since

  // Elections.
  std::set<NodeId> pre_votes_;  // of the pre-vote under way
  std::set<NodeId> votes_;      // for us in this term
  WriteId own_vote_write_;      // our vote for ourselves counts once this write is done; 0: it is, or there is none
  WriteId vote_write_;          // the one that carries our vote for another; 0: it is done
  Time campaign_began_{};
  Duration vote_took_{};           // the last of ours, to the disk
  uint32_t failed_campaigns_ = 0;  // elections without a winner since a leader was known

  // Leadership. Empty on a follower.
  Index own_first_;  // the no-op that our term began with
  size_t uncommitted_bytes_ = 0;
  std::map<NodeId, Progress> progress_;
  // The configuration's voters: a leader counts them at nearly every step, and names take long to compare.
  static constexpr const Progress* kOurselves = nullptr;
  struct Electorate {
    std::vector<const Progress*> voters;  // within progress_
    std::vector<const Progress*> outgoing;

    bool joint() const { return !outgoing.empty(); }
  };
  Electorate electorate_;
  CallId last_call_;
  std::map<CallId, OpenCall> calls_;

  // What was committed then, or before, and is not on our own disk yet; index 0: nothing.
  Index lags_at_;
  Time lags_since_{};
  Duration network_patience_{};
  // Of a leader, and of who stepped down for it until another leads.
  std::optional<HandingOver> handing_over_;

  // Reads, of a leader and of a follower that asks it.
  std::deque<WaitingRead> reads_;
  CallId read_round_;  // first call of the confirmation under way; 0: none
  Time leader_asked_at_{};
  bool leader_takes_no_reads_ = false;  // it knows no such call

  // -rejoin
  Time silent_until_ = Time::min();
  Term rejoin_term_;
  Index rejoin_target_;

  Index delivered_;      // highest entry that went out in Output::committed
  FromDisk to_deliver_;  // what comes next
  std::optional<Index> caught_up_at_;
  Term caught_up_term_;  // whose leader said so
  Output out_;
};

}  // namespace raftly
