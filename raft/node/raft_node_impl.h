// The inside of RaftNode: its state, and what arrives at its loop. For the files of this folder that
// define parts of it alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "raft/core/raft_core.h"
#include "raft/env/mutex.h"
#include "raft/node/applier.h"
#include "raft/node/disk_writer.h"
#include "raft/node/member_changes.h"
#include "raft/node/node_identity.h"
#include "raft/node/pending.h"
#include "raft/node/raft_node.h"
#include "raft/node/repair.h"
#include "raft/node/snapshots.h"

namespace raftly {

// Shared with every task and callback that is under way, so that none can outlive it.
class RaftNode::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(NodeConfig config, Environment environment, StateMachine& state_machine, NodeObserver* observer)
      : config_(Completed(std::move(config))),
        environment_(environment),
        observer_(observer),
        identity_(environment.files, config_.data_dir, config_.core.self, config_.fresh_ids, config_.core.features),
        applier_(std::make_shared<Applier>(environment, state_machine, observer)),
        snapshots_(std::make_shared<Snapshots>(environment, state_machine, applier_, config_.data_dir,
                                               config_.snapshots, config_.core.defences, observer)) {}

  absl::Status Start();
  void Stop(absl::AnyInvocable<void()> stopped);
  void Abandon();
  void Propose(std::string command, Time deadline, SettleProposal::Callback done, Handover handover, Effect effect,
               uint32_t features);
  void Read(Time deadline, SettleRead::Callback done, Handover handover);
  void ChangeMembers(RaftNode::MembersChange change, Time deadline, SettleProposal::Callback done) {
    Enqueue(ChangeAsked{std::move(change), deadline, SettleProposal(std::move(done))});
  }
  void HandOver(NodeId to, Time deadline, absl::AnyInvocable<void(absl::StatusOr<NodeId>)> done);
  void EndBatch();
  void SetTimings(Timings timings) { Enqueue(Input(TimingsChanged{timings})); }
  void TakeSnapshot(absl::AnyInvocable<void(absl::StatusOr<SnapshotInfo>)> done) {
    Enqueue(SnapshotAsked{std::move(done)});
  }
  NodeStatus status() const;
  void Tail(size_t n, absl::AnyInvocable<void(Entries)> done);
  WalStats wal_stats() const {
    MutexLock lock(mutex_);
    return log_ != nullptr ? log_->stats() : WalStats{};
  }

 private:
  // What arrives at the loop. Everything that waits is taken in one go: Step x n, then ONE TakeOutput.
  struct FromPeer {
    Request request;
    ReplyFn reply;
  };
  struct FromCallee {
    CallId call;
    NodeId peer;
    absl::StatusOr<Reply> reply;
  };
  struct FromClient {
    std::string command;
    Effect effect;
    Time deadline;
    SettleProposal settle;
    EntryType type = EntryType::kNormal;
    uint32_t features = 0;
  };
  struct ReadFromClient {
    Time deadline;
    SettleRead settle;
  };
  struct LeadGivenAway {
    NodeId to;
    Time deadline;
    SettleProposal settle;  // with Applied::by, who leads then
  };
  struct TailAsked {
    size_t n;
    absl::AnyInvocable<void(Entries)> done;
  };
  struct SnapshotAsked {
    absl::AnyInvocable<void(absl::StatusOr<SnapshotInfo>)> done;
  };
  struct ChangeAsked {
    RaftNode::MembersChange change;
    Time deadline;
    SettleProposal done;  // whoever drops it says that the node stops
  };
  // What the leader answered to commands that were forwarded to it, or why it did not.
  struct FromLeader {
    NodeId leader;
    Term term;  // whose leader it was
    std::vector<RequestId> ids;
    absl::StatusOr<Reply> reply;
  };
  using Item = std::variant<Input, FromPeer, FromCallee, FromClient, ReadFromClient, LeadGivenAway, TailAsked,
                            SnapshotAsked, ChangeAsked, FromLeader>;

  struct ToForward {
    RequestId id;
    std::string command;
    Effect effect;
    Time deadline;
    uint32_t features;
  };
  class ForwardedCommands;

  // start.cc. What a directory holds: a log, and the snapshot that was taken up; or what is wrong with it.
  struct Found {
    std::optional<Wal::Opened> opened;
    std::optional<Snapshots::Info> snapshot;
    std::optional<Damage> damage;
  };
  absl::StatusOr<Found> Look();
  absl::StatusOr<Found> LookAtDamage(const absl::Status& what);
  void LearnFromSnapshots(Damage& damage) const;
  absl::Status TakeUp(Found found);
  absl::Status Listen();
  void TakePart();
  void BeginRepair(Damage damage);
  void OnFetched(const absl::Status& status, Damage damage);
  absl::StatusOr<Found> Mend(Damage& damage);
  void OnMended(absl::StatusOr<Found> found, Damage damage);
  void GiveUp(const absl::Status& why);

  // fetching.cc
  std::optional<std::string> ObjectionToRepair(const NodeId& from, const Stamp& stamp) const;
  void ServeEntries(const EntriesRequest& request, ReplyFn reply, const Entries* read = nullptr);
  void ServePiece(const PieceRequest& request, ReplyFn reply);
  void SendPiece(PieceRequest request, ReplyFn reply);

  static NodeConfig Completed(NodeConfig config);
  void Enqueue(Item item, Handover handover = Handover::kAtOnce);
  void PostDrain();
  void Drain();
  void Take(Input& input) { core_->Step(environment_.loop.Now(), std::move(input)); }
  void Take(FromPeer& item);
  void Take(FromCallee& item);
  void Take(FromClient& item);
  void Take(ReadFromClient& item);
  void Take(LeadGivenAway& item);
  void Take(TailAsked& item);
  void Take(SnapshotAsked& item) { snapshot_asked_.push_back(std::move(item)); }
  void Take(FromLeader& item);
  void Take(ChangeAsked& item);

  // Acts on what the core decided.
  void Act();
  void HandToDisk(Write write);
  template <class Use>
  void Deliver(Message&& message, Use use);
  void SendCall(Call&& call);
  void FillPiece(Call call);
  void KeepPiece(Piece piece);
  void LoadState(LogPosition at);
  void MaybeTakeSnapshot();
  bool SnapshotDue() const;
  uint64_t LoggedSinceSnapshot() const { return logged_bytes_ - std::min(logged_bytes_, logged_at_snapshot_); }
  void OnSnapshotTaken(const Snapshots::Info& info);
  void NoteLogged(const Entries& entries);
  uint64_t LoggedAt(Index index) const;
  void Apply(Entries committed, Time now);
  void LearnFrom(const Entries& committed);
  // What NodeIdentity has learned: it is made durable, or this node stops.
  void Belong(const absl::StatusOr<bool>& learned);
  void GiveClusterAnId();
  void SayWhatAllHave();
  absl::Status Understood(uint32_t features) const;
  void ProposeConfiguration(std::string command, Time until, SettleProposal done = {}, Effect effect = Effect::kStores);
  static FromClient ConfigurationProposal(std::string command, Time until, SettleProposal done, Effect effect);

  // changes.cc
  void FollowMembers();
  void ForgetWhoLeft(const Members* before);
  void NoteMembers(Index at, const std::string& configuration);
  void WriteStanding(const NodeId& peer, const Progress& progress, PeerStanding& standing) const;
  std::map<NodeId, std::string> AddressesOf(const std::map<NodeId, Member>& members) const;
  void CountIfTakenIn();
  Stamp StampFor(const NodeId& to) const;
  void Introduce(const NodeId& peer, const absl::StatusOr<Reply>& reply);
  NodeId NewVoterThatIsBehind(const Configuration& next) const;
  void GoOnWithChange();
  void TryStepAgain();
  Acquaintance AcquaintanceWith(const NodeId& node) const;

  void Greet(const NodeId& peer);
  void OnRefusedBy(const NodeId& peer, const absl::Status& why);
  void OnRefusal(const std::string& why);
  void Settle(const Outcome& outcome);
  void MakeReadable(const Readable& readable);
  void ReadWhatWasDelivered();

  // forwarding.cc
  void ProposeHere(RequestId id, std::string command, Effect effect, uint32_t features);
  void ProposeForwarded(ForwardRequest request, ReplyFn reply);
  bool Forwards();
  void ForwardCommands(Time now);
  void ForwardSome(Time now);
  void DropOverdue(Time now);

  void ArmTimer();
  void OnTimer(Time armed_for);
  void Publish();
  void Halt(const absl::Status& why);
  std::vector<Item> CloseInbox();
  static void Reject(Item item);

  absl::Status RoomFor(size_t command_bytes) const;
  SettleProposal::Callback Counted(size_t bytes, SettleProposal::Callback done);

  const NodeConfig config_;
  const Environment environment_;
  NodeObserver* const observer_;
  NodeIdentity identity_;  // loop only, once it runs
  const std::shared_ptr<Applier> applier_;
  const std::shared_ptr<Snapshots> snapshots_;

  mutable Mutex mutex_;
  std::vector<Item> inbox_ ABSL_GUARDED_BY(mutex_);
  bool drain_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = true;  // not started, or halted: nothing may enter
  NodeStatus published_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<DiskWriter> log_ ABSL_GUARDED_BY(mutex_);  // disk_, for other threads: after a repair it comes late
  std::optional<Index> caught_up_at_ ABSL_GUARDED_BY(mutex_);

  std::atomic<size_t> open_proposals_{0};
  std::atomic<size_t> open_bytes_{0};
  std::atomic<size_t> open_reads_{0};

  std::atomic<bool> repairing_{false};
  std::optional<LogTruncated> replaced_;  // by a snapshot that mended the log; the same
  bool mended_ = false;                   // which is still to be told
  Time begun_;

  // Loop only.
  std::shared_ptr<Repair> repair_;  // while repairing_
  std::optional<RaftCore> core_;
  std::shared_ptr<DiskWriter> disk_;
  Pending pending_;
  std::multimap<Index, RequestId> unready_reads_;  // by what they wait for, which was not delivered yet
  // For the leader, where that is another node, or while it turns out who leads next.
  std::deque<ToForward> to_forward_;
  Time forward_by_ = kNever;       // the first deadline among them, or earlier
  Term forwards_term_;             // whose leader the messages under way are to
  size_t forwards_under_way_ = 0;  // that were not answered
  NodeId takes_no_commands_;       // the leader, where it knows no such call
  Term takes_no_commands_in_;      // this term: later it may have become another program
  CallId last_incoming_;
  struct Incoming {
    ReplyFn reply;
    bool introduce = false;  // ourselves, in the answer
  };
  std::map<CallId, Incoming> incoming_;  // requests of peers that wait for our answer
  Time armed_for_ = kNever;
  bool halted_ = false;
  // How much log there has been: after the entry at an index, so many bytes in all. Coarse.
  std::deque<std::pair<Index, uint64_t>> logged_;
  uint64_t logged_bytes_ = 0;
  uint64_t logged_at_snapshot_ = 0;
  Time no_snapshot_until_ = Time::min();
  bool snapshot_wanted_ = false;  // however little log there is
  std::vector<SnapshotAsked> snapshot_asked_;
  Term delivered_term_;      // of the last entry on its way to the state machine
  Time nothing_said_until_;  // the same, of what all nodes have
  Index no_step_after_;
  Time no_step_until_;      // the same, of a step of a change
  Time no_id_given_until_;  // a proposal of the cluster's id is open, or was refused just now
  // Those of the configuration that holds; never null once the core runs.
  std::shared_ptr<const Members> members_;
  Index members_at_;
  std::map<Index, Members> members_by_index_;  // as entries and snapshots said, from the last committed one on
  std::map<NodeId, Introduction> introduced_;  // to the leader that this node is
  std::string refusal_;                        // the latest between us and another node
  Time refused_at_;
};

}  // namespace raftly
