#include "tests/core/driver.h"

#include <algorithm>
#include <utility>

#include "raft/core/check.h"

namespace raftly {

DrivenNode::DrivenNode(const Start& start) : seed_(start.seed) {
  for (size_t i = 0; i < start.servers; ++i) {
    const NodeId node(1, static_cast<char>('a' + i));
    if (node != start.self) config_.peers.push_back(node);
  }
  config_.self = start.self;
  config_.rejoin = start.rejoin;
  config_.joins = start.joins;
  config_.known_by_directory = start.known_by_directory;
  config_.read_configuration = MembersIn;
  config_.timings = start.timings;
  config_.limits = start.limits;
  config_.defences = start.defences;
  disk_.entries = EntriesOf(start.log);
  disk_.hard_state.term = {start.term};
  if (start.term == 0 && !disk_.entries.empty()) disk_.hard_state.term = disk_.entries.back().term;
  disk_.hard_state.voted_for = start.voted_for;
  core_.emplace(config_, disk_, seed_, now_);
}

Output DrivenNode::Step(Input input) {
  core_->Step(now_, std::move(input));
  Output output = core_->TakeOutput();
  outbox.insert(outbox.end(), output.send.begin(), output.send.end());
  if (output.write) writes_.push_back(*output.write);
  reads.insert(reads.end(), output.reads.begin(), output.reads.end());
  pieces.insert(pieces.end(), output.pieces.begin(), output.pieces.end());
  if (output.load) loads.push_back(*output.load);
  committed.insert(committed.end(), output.committed.begin(), output.committed.end());
  outcomes.insert(outcomes.end(), output.outcomes.begin(), output.outcomes.end());
  events.insert(events.end(), output.events.begin(), output.events.end());
  return output;
}

Output DrivenNode::Hear(const Request& request) { return Step(RequestReceived{CallId{++last_call_}, request}); }

std::optional<Reply> DrivenNode::Ask(const Request& request) {
  Hear(request);
  const CallId asked{last_call_};
  FinishWrites();
  for (const Message& message : outbox) {
    const auto* answer = std::get_if<raftly::Answer>(&message);
    if (answer && answer->id == asked) return answer->reply;
  }
  RAFTLY_CHECK(false, "a request was not answered");
}

void DrivenNode::Answer(const Call& call, std::optional<Reply> reply) {
  Step(ReplyReceived{call.id, std::move(reply)});
}

void DrivenNode::AnswerFrom(const NodeId& peer, std::optional<Reply> reply) {
  for (const Call& call : TakeCallsTo(peer)) Answer(call, reply);
}

void DrivenNode::StoreWrite() {
  if (stored_ == writes_.size()) return;
  const Write& write = writes_[stored_++];
  Store(write);
  outbox.insert(outbox.end(), write.then_send.begin(), write.then_send.end());
}

void DrivenNode::FinishWrite() {
  if (stored_ == 0) StoreWrite();
  const WriteId id = writes_.front().id;
  writes_.pop_front();
  --stored_;
  Step(WriteDone{id});
}

void DrivenNode::FinishWrites() {
  while (!writes_.empty() || !reads.empty()) writes_.empty() ? FinishRead() : FinishWrite();
}

void DrivenNode::FinishRead() {
  const EntriesWanted wanted = std::move(reads.front());
  reads.erase(reads.begin());
  Entries read;
  size_t bytes = 0;
  for (const Entry& entry : disk_.entries) {
    if (entry.index < wanted.from || read.size() == wanted.entries) continue;
    bytes += entry.data.size();
    if (!read.empty() && bytes > wanted.bytes) break;
    read.push_back(entry);
  }
  if (!read.empty() && read.front().index != wanted.from) read.clear();
  Step(EntriesRead{wanted.reader, std::move(read)});
}

void DrivenNode::Store(const Write& write) {
  if (write.hard_state) disk_.hard_state = *write.hard_state;
  if (write.thrown_away_for) {
    disk_.base = *write.thrown_away_for;
    disk_.entries.clear();
  }
  for (const Entry& entry : write.entries) {
    RAFTLY_CHECK(entry.index > disk_.base.index && entry.index <= disk_.last().index + 1,
                 "a write would leave a gap on the disk");
    disk_.entries.resize(entry.index - disk_.base.index - 1);
    disk_.entries.push_back(entry);
  }
}

void DrivenNode::Wait(Duration duration) {
  const Time end = now_ + duration;
  while (core_->next_deadline() <= end) TimeOut();
  now_ = end;
}

void DrivenNode::TimeOut() {
  RAFTLY_CHECK(core_->next_deadline() != kNever, "time stands still: the node waits for nothing");
  const Time before = core_->next_deadline();
  now_ = std::max(now_, before);
  Step(TimePassed{});
  RAFTLY_CHECK(core_->next_deadline() > now_, "a deadline does not move on: its owner would spin");
}

void DrivenNode::Doze(Duration duration) { now_ += duration; }

RequestId DrivenNode::Propose(std::string data) {
  Step(Proposed{RequestId{++last_request_}, std::move(data)});
  return {last_request_};
}

RequestId DrivenNode::ProposeMembers(std::string_view members) {
  Step(Proposed{.id = RequestId{++last_request_}, .data = std::string(members), .type = EntryType::kConfig});
  return {last_request_};
}

RequestId DrivenNode::HandOver(const NodeId& to) {
  Step(HandOverAsked{{++last_request_}, to});
  return {last_request_};
}

RequestId DrivenNode::Read(bool ask_leader) {
  Step(ReadAsked{RequestId{++last_request_}, ask_leader});
  return {last_request_};
}

void DrivenNode::TakeSnapshot(uint64_t index, uint64_t drop_through) {
  RAFTLY_CHECK(index <= core_->delivered().value, "a snapshot of what was not applied");
  disk_.snapshot = {core_->log().TermAt(Index{index}), Index{index}};
  std::erase_if(disk_.entries, [&](const Entry& entry) { return entry.index.value <= drop_through; });
  if (drop_through > disk_.base.index.value) disk_.base = {core_->log().TermAt(Index{drop_through}), {drop_through}};
  Step(SnapshotTaken{disk_.snapshot, Index{drop_through}, 100});
}

void DrivenNode::StorePiece(uint64_t offset, bool whole) {
  const Piece piece = pieces.front();
  pieces.erase(pieces.begin());
  if (whole && piece.request.last_included.index > disk_.snapshot.index) disk_.snapshot = piece.request.last_included;
  Step(PieceStored{piece.call, piece.request.last_included, offset, whole, piece.request.size});
}

void DrivenNode::Crash() {
  writes_.clear();
  stored_ = 0;
  outbox.clear();
  committed.clear();
  pieces.clear();
  reads.clear();
  loads.clear();
  if (disk_.snapshot.index) disk_.BeginWith(disk_.snapshot, 100);
  core_.emplace(config_, disk_, ++seed_, now_);
}

void DrivenNode::LoseDirectory(bool rejoin) {
  disk_ = {};
  config_.rejoin = rejoin;
  Crash();
}

void DrivenNode::BecomeLeader() {
  TimeOut();
  while (core_->role() != Role::kLeader) {
    const Role role = core_->role();
    FinishWrites();
    if (core_->role() == Role::kLeader) break;
    RAFTLY_CHECK(core_->role() == role, "a node with every vote lost its election");
    for (const Call& call : TakeCalls()) {
      if (core_->role() == role) Answer(call, VoteReply{core_->term(), true});
    }
  }
}

std::vector<Call> DrivenNode::TakeCalls() {
  std::vector<Call> calls = CallsIn(outbox);
  std::erase_if(outbox, [](const Message& message) { return std::holds_alternative<Call>(message); });
  return calls;
}

std::vector<Call> DrivenNode::TakeCallsTo(const NodeId& peer) {
  std::vector<Call> calls = CallsIn(outbox);
  std::erase_if(calls, [&](const Call& call) { return call.to != peer; });
  std::erase_if(outbox, [&](const Message& message) {
    const auto* call = std::get_if<Call>(&message);
    return call && call->to == peer;
  });
  return calls;
}

DrivenNode Follower(const Start& start) { return DrivenNode(start); }

DrivenNode Leader(const Start& start) {
  DrivenNode node(start);
  node.BecomeLeader();
  return node;
}

std::optional<Answer> AnswerIn(const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    if (const auto* answer = std::get_if<Answer>(&message)) return *answer;
  }
  return std::nullopt;
}

std::vector<Call> CallsIn(const std::vector<Message>& messages) {
  std::vector<Call> calls;
  for (const Message& message : messages) {
    if (const auto* call = std::get_if<Call>(&message)) calls.push_back(*call);
  }
  return calls;
}

std::vector<Message> PromisesOf(const Output& output) {
  return output.write ? output.write->then_send : std::vector<Message>{};
}

const AppendRequest& AppendIn(const Call& call) { return std::get<AppendRequest>(call.request); }
const VoteRequest& VoteIn(const Call& call) { return std::get<VoteRequest>(call.request); }

}  // namespace raftly
