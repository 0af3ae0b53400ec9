#include "raft/node/raft_node.h"

#include <algorithm>
#include <future>
#include <optional>
#include <utility>
#include <variant>

#include "raft/core/check.h"
#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {
namespace {

absl::Status ErrorOf(const Refused& refused) {
  switch (refused.why) {
    case Refusal::kNoSpace:
      return DiskFullError();
    case Refusal::kTooMuchUncommitted:
      return QueueFullError();
    case Refusal::kChangeUnderWay:
      return ChangeUnderWayError();
    case Refusal::kNewLeader:
      return absl::AbortedError("nothing of this leader's term is committed yet");
    case Refusal::kIllegalChange:
      return IllegalChangeError();
    case Refusal::kHandingOver:
      return HandingOverError();
    case Refusal::kNoVoter:
      return NoVoterError();
    case Refusal::kNoSuccessor:
      return NoSuccessorError();
    case Refusal::kNotTakenOver:
      return NotTakenOverError();
    case Refusal::kNotLeader:
      break;
  }
  return NotLeaderError(refused.leader_hint);
}

// How long a node's status speaks of a refusal. Who is refused tries again many times a second.
constexpr Duration kRefusalShown = std::chrono::seconds(10);

bool IsGreeting(const Request& request) {
  const auto* vote = std::get_if<VoteRequest>(&request);
  return vote != nullptr && vote->pre_vote && !vote->term && !vote->stamp.to.empty();
}

}  // namespace

// ---- Starting and stopping -----------------------------------------------------------------------------------------

void RaftNode::Impl::Stop(absl::AnyInvocable<void()> stopped) {
  environment_.transport.Stop();
  environment_.loop.Post([self = shared_from_this(), stopped = std::move(stopped)]() mutable {
    self->Halt(StoppingError());
    if (!self->disk_) {
      stopped();
      return;
    }
    // In the order of the life of a write, so that nothing is under way behind us.
    self->disk_->Close([self, stopped = std::move(stopped)]() mutable {
      self->environment_.apply.Post([stopped = std::move(stopped)]() mutable { stopped(); });
    });
  });
}

// Takes no further part: neither decides, nor answers, nor promises.
void RaftNode::Impl::Halt(const absl::Status& why) {
  if (std::exchange(halted_, true)) return;
  if (repair_ != nullptr) repair_->Stop();
  snapshots_->Stop();
  std::vector<Item> arrived = CloseInbox();
  pending_.SettleAll(absl::UnavailableError(why.message()));
  for (auto& [id, waiting] : std::exchange(incoming_, {})) waiting.reply(StoppingError());
  for (SnapshotAsked& asked : std::exchange(snapshot_asked_, {})) asked.done(StoppingError());
  for (Item& item : arrived) Reject(std::move(item));
}

std::vector<RaftNode::Impl::Item> RaftNode::Impl::CloseInbox() {
  MutexLock lock(mutex_);
  closed_ = true;
  return std::exchange(inbox_, {});
}

// Nothing runs any more; whoever waits still gets an answer, and nothing keeps anything else alive.
void RaftNode::Impl::Abandon() {
  Halt(StoppingError());
  disk_.reset();
  MutexLock lock(mutex_);
  log_.reset();
}

// A client's callback runs when its Settle is dropped.
void RaftNode::Impl::Reject(Item item) {
  if (auto* from_peer = std::get_if<FromPeer>(&item)) from_peer->reply(StoppingError());
  if (auto* tail = std::get_if<TailAsked>(&item)) tail->done({});
  if (auto* snapshot = std::get_if<SnapshotAsked>(&item)) snapshot->done(StoppingError());
}

// ---- What arrives --------------------------------------------------------------------------------------------------

void RaftNode::Impl::Enqueue(Item item, Handover handover) {
  std::optional<Item> rejected;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      rejected = std::move(item);
    } else {
      inbox_.push_back(std::move(item));
      if (handover == Handover::kInBatch || std::exchange(drain_posted_, true)) return;
    }
  }
  if (rejected) return Reject(*std::move(rejected));
  PostDrain();
}

void RaftNode::Impl::EndBatch() {
  {
    MutexLock lock(mutex_);
    if (inbox_.empty() || std::exchange(drain_posted_, true)) return;
  }
  PostDrain();
}

// Not under the lock: it may run right here.
void RaftNode::Impl::PostDrain() {
  environment_.loop.Run([self = shared_from_this()] { self->Drain(); });
}

void RaftNode::Impl::Drain() {
  std::vector<Item> items;
  {
    MutexLock lock(mutex_);
    drain_posted_ = false;
    items.swap(inbox_);
  }
  for (Item& item : items) {
    std::visit([this](auto& what) { Take(what); }, item);
  }
  Act();
}

void RaftNode::Impl::Take(FromPeer& item) {
  const NodeId& from = SenderOf(item.request);
  const Stamp& stamp = StampOf(item.request);
  if (const auto objection = identity_.ObjectionTo(from, stamp)) {
    if (observer_ != nullptr) observer_->OnMisdirected(from, *objection);
    OnRefusal(*objection);
    return item.reply(PeerRefusedError(*objection));
  }
  if (IsGreeting(item.request)) return item.reply(VoteReply{});
  if (auto* forward = std::get_if<ForwardRequest>(&item.request)) {
    return ProposeForwarded(std::move(*forward), std::move(item.reply));
  }
  if (const auto* entries = std::get_if<EntriesRequest>(&item.request)) {
    return ServeEntries(*entries, std::move(item.reply));
  }
  if (const auto* piece = std::get_if<PieceRequest>(&item.request)) return ServePiece(*piece, std::move(item.reply));
  incoming_.emplace(++last_incoming_, Incoming{std::move(item.reply), stamp.introduce});
  core_->Step(environment_.loop.Now(), RequestReceived{last_incoming_, std::move(item.request)});
}

void RaftNode::Impl::Take(FromCallee& item) {
  Introduce(item.peer, item.reply);
  const Time now = environment_.loop.Now();
  if (item.reply.ok()) return core_->Step(now, ReplyReceived{item.call, *std::move(item.reply)});
  const absl::Status& status = item.reply.status();
  if (observer_ != nullptr) observer_->OnCallFailed(item.peer, status);
  if (IsPeerRefused(status)) OnRefusal(std::string(status.message()));
  core_->Step(now, ReplyReceived{item.call, std::nullopt, IsPeerRefused(status), absl::IsUnimplemented(status)});
}

void RaftNode::Impl::Take(FromClient& item) {
  const RequestId id = pending_.AddProposal(item.deadline, std::move(item.settle));
  if (item.type == EntryType::kNormal && (core_->handing_over() || Forwards())) {
    forward_by_ = std::min(forward_by_, item.deadline);
    to_forward_.push_back({id, std::move(item.command), item.effect, item.deadline, item.features});
    return;
  }
  if (item.type == EntryType::kNormal) return ProposeHere(id, std::move(item.command), item.effect, item.features);
  core_->Step(environment_.loop.Now(), Proposed{id, std::move(item.command), item.effect == Effect::kFrees, item.type});
}

void RaftNode::Impl::Take(ReadFromClient& item) {
  core_->Step(environment_.loop.Now(),
              ReadAsked{pending_.AddRead(item.deadline, std::move(item.settle)), config_.forward});
}

void RaftNode::Impl::Take(TailAsked& item) {
  const Log& log = core_->log();
  const Index last = log.last().index;
  item.done(log.From(std::max(log.first_held(), last.value > item.n ? last - item.n + 1 : Index{1})));
}

// ---- What the core decided -----------------------------------------------------------------------------------------

// `use` gets what sends the message, from whatever thread: promises go out from the disk's, without another hand-over.
template <class Use>
void RaftNode::Impl::Deliver(Message&& message, Use use) {
  if (auto* call = std::get_if<Call>(&message)) {
    std::visit([&](auto& request) { request.stamp = StampFor(call->to); }, call->request);
    return use([self = shared_from_this(), call = std::move(*call)]() mutable { self->SendCall(std::move(call)); });
  }
  auto& answer = std::get<Answer>(message);
  auto waiting = incoming_.extract(answer.id);
  RAFTLY_CHECK(!waiting.empty(), "a peer's request would be answered twice");
  if (auto* append = answer.reply ? std::get_if<AppendReply>(&*answer.reply) : nullptr;
      append != nullptr && waiting.mapped().introduce) {
    append->introduction = Introduction{identity_.incarnation(), config_.version};
  }
  use([reply_fn = std::move(waiting.mapped().reply), answer = std::move(answer)]() mutable {
    if (answer.reply) {
      reply_fn(*std::move(answer.reply));
    } else {
      reply_fn(answer.refused.empty() ? absl::UnavailableError("not now") : PeerRefusedError(answer.refused));
    }
  });
}

void RaftNode::Impl::Act() {
  if (halted_) return;
  const Time now = environment_.loop.Now();
  CountIfTakenIn();
  if (!to_forward_.empty()) ForwardCommands(now);
  Output output = core_->TakeOutput(applier_->has_room());
  // Before anything leaves: it may be for who has just become a member.
  const bool others = std::any_of(output.events.begin(), output.events.end(), [](const NodeEvent& event) {
    return std::holds_alternative<ConfigurationChanged>(event);
  });
  if (others) FollowMembers();
  for (Message& message : output.send) Deliver(std::move(message), [](auto send) { send(); });
  if (output.write) HandToDisk(std::move(*output.write));
  for (EntriesWanted& wanted : output.reads) disk_->Read(std::move(wanted));
  for (Piece& piece : output.pieces) KeepPiece(std::move(piece));
  for (const NodeEvent& event : output.events) {
    if (observer_ != nullptr) observer_->OnEvent(now, event);
    // From now on others are asked who they are: whatever was said to an earlier leader that this node was is old.
    if (std::holds_alternative<RoleChanged>(event)) introduced_.clear();
    // It may be for a snapshot that cannot be read any more.
    const auto* changed = std::get_if<InstallationChanged>(&event);
    if (changed != nullptr && changed->what == InstallationChanged::What::kGivenUp) snapshot_wanted_ = true;
  }
  // Before anybody is answered: who has been told of a write finds it committed when it asks for the status.
  Publish();
  for (const Outcome& outcome : output.outcomes) {
    if (!std::holds_alternative<Readable>(outcome)) Settle(outcome);
  }
  // Proposals are known by their place before their entry can be committed, and what is committed is on its way to the
  // state machine before a read may wait for it.
  if (output.load) LoadState(*output.load);
  LearnFrom(output.committed);
  if (halted_) return;
  Apply(std::move(output.committed), now);
  ReadWhatWasDelivered();
  for (const Outcome& outcome : output.outcomes) {
    if (const auto* readable = std::get_if<Readable>(&outcome)) MakeReadable(*readable);
  }
  pending_.Expire(now);
  if (observer_ != nullptr) observer_->OnStep(now, *core_);
  GiveClusterAnId();
  SayWhatAllHave();
  GoOnWithChange();
  MaybeTakeSnapshot();
  ArmTimer();
  if (core_->HasUndelivered()) applier_->CallWhenFinished([self = shared_from_this()] { self->Act(); });
}

void RaftNode::Impl::HandToDisk(Write write) {
  NoteLogged(write.entries);
  std::vector<Task> promises;
  promises.reserve(write.then_send.size());
  for (Message& message : write.then_send) {
    Deliver(std::move(message), [&](auto send) { promises.push_back(std::move(send)); });
  }
  write.then_send.clear();
  disk_->Push(std::move(write), std::move(promises));
}

void RaftNode::Impl::SendCall(Call&& call) {
  const auto* piece = std::get_if<SnapshotRequest>(&call.request);
  if (piece != nullptr && piece->data.empty()) return FillPiece(std::move(call));
  environment_.transport.Call(call.to, std::move(call.request), config_.call_timeout,
                              [self = shared_from_this(), id = call.id, to = call.to](absl::StatusOr<Reply>&& reply) {
                                self->Enqueue(FromCallee{id, to, std::move(reply)});
                              });
}

void RaftNode::Impl::Apply(Entries committed, Time now) {
  if (committed.empty()) return;
  applier_->Apply(pending_.Commit(std::move(committed), config_.core.defences.waiter_term), now);
}

void RaftNode::Impl::Settle(const Outcome& outcome) {
  if (const auto* accepted = std::get_if<Accepted>(&outcome)) {
    pending_.Accept(accepted->id, accepted->at);
  } else if (const auto* refused = std::get_if<Refused>(&outcome)) {
    pending_.Refuse(refused->id, ErrorOf(*refused));
  } else if (const auto* handed = std::get_if<HandedOver>(&outcome)) {
    pending_.Settle(handed->id, Applied{.at = {}, .result = {}, .by = handed->leader});
  }
}

void RaftNode::Impl::MakeReadable(const Readable& readable) {
  if (readable.at_least > core_->delivered()) {
    unready_reads_.emplace(readable.at_least, readable.id);
    return;
  }
  applier_->SettleAfter(readable.at_least, pending_.TakeRead(readable.id));
}

void RaftNode::Impl::ReadWhatWasDelivered() {
  while (!unready_reads_.empty() && unready_reads_.begin()->first <= core_->delivered()) {
    const auto [at_least, id] = *unready_reads_.begin();
    unready_reads_.erase(unready_reads_.begin());
    applier_->SettleAfter(at_least, pending_.TakeRead(id));
  }
}

// ---- Time ----------------------------------------------------------------------------------------------------------

// Most deadlines move on before they are reached (each heartbeat moves a follower's), so a timer is set only for a
// deadline earlier than the one that is set already, and looks again when it fires.
void RaftNode::Impl::ArmTimer() {
  const Time next = std::min(core_->next_deadline(), pending_.next_deadline());
  if (next >= armed_for_) return;
  armed_for_ = next;
  environment_.loop.PostAt(next, [self = shared_from_this(), next] { self->OnTimer(next); });
}

void RaftNode::Impl::OnTimer(Time armed_for) {
  if (halted_ || armed_for != armed_for_) return;
  armed_for_ = kNever;
  const Time now = environment_.loop.Now();
  if (now >= core_->next_deadline()) core_->Step(now, TimePassed{});
  Act();
}

// ---- What can be seen ----------------------------------------------------------------------------------------------

void RaftNode::Impl::Tail(size_t n, absl::AnyInvocable<void(Entries)> done) { Enqueue(TailAsked{n, std::move(done)}); }

// After every step, so it writes into what is there.
void RaftNode::Impl::Publish() {
  MutexLock lock(mutex_);
  NodeStatus& status = published_;
  status.id = core_->self();
  status.role = core_->role();
  status.term = core_->term();
  status.leader = core_->leader();
  status.commit_index = core_->commit();
  status.first_index = core_->log().first();
  status.last_index = core_->log().last().index;
  status.snapshot_index = core_->snapshot().index;
  status.timings = core_->timings();
  status.may_vote = core_->may_vote();
  status.has_space = core_->space() == Space::kPlenty;
  status.cluster_id = identity_.cluster_id();
  status.incarnation = identity_.incarnation();
  status.members = members_;
  status.members_at = members_at_;
  status.log_since_snapshot = LoggedSinceSnapshot();
  status.peers.resize(core_->progress().size());
  status.takes_no_snapshot.clear();
  status.sending.clear();
  auto standing = status.peers.begin();
  for (const auto& [peer, progress] : core_->progress()) {
    WriteStanding(peer, progress, *standing++);
    if (progress.takes_no_snapshots) status.takes_no_snapshot.push_back(peer);
    if (!progress.installation) continue;
    const uint64_t offset = progress.installation->offset, size = progress.installation->size;
    status.sending.push_back({peer, static_cast<uint32_t>(size == 0 ? 0 : std::min(offset, size) * 100 / size)});
  }
  status.error = environment_.loop.Now() - refused_at_ < kRefusalShown ? refusal_ : std::string();
  caught_up_at_ = core_->caught_up_at();
}

NodeStatus RaftNode::Impl::status() const {
  const Index applied = applier_->applied();
  const uint64_t log_bytes = wal_stats().end;
  MutexLock lock(mutex_);
  NodeStatus status = published_;
  status.last_applied = std::min(applied, status.commit_index);
  status.open_proposals = open_proposals_;
  status.log_bytes = log_bytes;
  status.repairing = repairing_;
  status.ready = !status.leader.empty() && caught_up_at_ && applied >= *caught_up_at_;
  return status;
}

// ---- RaftNode ------------------------------------------------------------------------------------------------------

RaftNode::RaftNode(NodeConfig config, Environment environment, StateMachine& state_machine, NodeObserver* observer)
    : impl_(std::make_shared<Impl>(std::move(config), environment, state_machine, observer)) {}
RaftNode::~RaftNode() { impl_->Abandon(); }

absl::Status RaftNode::Start() { return impl_->Start(); }
void RaftNode::Stop(absl::AnyInvocable<void()> stopped) { impl_->Stop(std::move(stopped)); }
void RaftNode::Stop() {
  std::promise<void> stopped;
  impl_->Stop([&stopped] { stopped.set_value(); });
  stopped.get_future().wait();
}
void RaftNode::Propose(std::string command, Time deadline, absl::AnyInvocable<void(absl::StatusOr<Applied>)> done,
                       Handover handover, Effect effect, uint32_t features) {
  impl_->Propose(std::move(command), deadline, std::move(done), handover, effect, features);
}
void RaftNode::Read(Time deadline, absl::AnyInvocable<void(absl::Status)> done, Handover handover) {
  impl_->Read(deadline, std::move(done), handover);
}
void RaftNode::EndBatch() { impl_->EndBatch(); }
void RaftNode::ChangeMembers(MembersChange change, Time deadline,
                             absl::AnyInvocable<void(absl::StatusOr<Applied>)> done) {
  impl_->ChangeMembers(std::move(change), deadline, std::move(done));
}
void RaftNode::HandOver(NodeId to, Time deadline, absl::AnyInvocable<void(absl::StatusOr<NodeId>)> done) {
  impl_->HandOver(std::move(to), deadline, std::move(done));
}
void RaftNode::SetTimings(Timings timings) { impl_->SetTimings(timings); }
void RaftNode::TakeSnapshot(absl::AnyInvocable<void(absl::StatusOr<SnapshotInfo>)> done) {
  impl_->TakeSnapshot(std::move(done));
}
NodeStatus RaftNode::status() const { return impl_->status(); }
void RaftNode::Tail(size_t n, absl::AnyInvocable<void(Entries)> done) const { impl_->Tail(n, std::move(done)); }
WalStats RaftNode::wal_stats() const { return impl_->wal_stats(); }

}  // namespace raftly
