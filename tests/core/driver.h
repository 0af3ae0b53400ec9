// One core with a disk, a clock and an outbox that the test moves by hand.
//
//   auto a = Leader({.log = "1:1 1:2"});
//   a.Propose();
//   a.FinishWrites();
//   a.AnswerFrom("b", Accept(2));
//   EXPECT_EQ(a.core().commit(), Index{4});
//
// Nodes are called a, b, c …; the one that a test drives is a.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/core/raft_core.h"
#include "tests/core/notation.h"
#include "tests/support/mutation.h"

namespace raftly {

struct Start {
  NodeId self = "a";
  size_t servers = 3;
  std::string_view log = "";
  uint64_t term = 0;  // 0: the term of the last entry
  NodeId voted_for = {};
  bool rejoin = false;
  bool joins = false;
  bool known_by_directory = false;
  uint64_t seed = 1;
  Timings timings = {};
  Limits limits = {};
  Defences defences = DefencesUnderTest();
};

class DrivenNode {
 public:
  explicit DrivenNode(const Start& start);

  // ---- What the world does to it
  // Steps, files the output, and returns it for a closer look.
  Output Step(Input input);
  Output Hear(const Request& request);               // a request arrives; the disk does nothing
  std::optional<Reply> Ask(const Request& request);  // a request arrives, the disk does its work: the answer
  void Answer(const Call& call, std::optional<Reply> reply);
  void AnswerFrom(const NodeId& peer, std::optional<Reply> reply);  // to all open calls to the peer, oldest first
  // The oldest that is not: it is durable, what waited for it leaves, and the node has not heard of it yet.
  void StoreWrite();
  void FinishWrite();            // the oldest one: the node hears of it
  void FinishWrites();           // and reads
  void FinishRead();             // the oldest one
  void Wait(Duration duration);  // telling it of every deadline on the way
  void TimeOut();                // moves the clock to its deadline
  void Doze(Duration duration);  // the clock moves and nobody tells it
  RequestId Propose(std::string data = "x");
  RequestId ProposeMembers(std::string_view members);  // "abd/abc+e"
  RequestId HandOver(const NodeId& to = {});
  RequestId Read(bool ask_leader = false);
  // It has applied all up to `index` and takes a snapshot; the log goes up to `drop_through`, on the disk as well.
  void TakeSnapshot(uint64_t index, uint64_t drop_through);
  // The node has stored the oldest of `pieces`, up to `offset`; and then all of it is there, or not.
  void StorePiece(uint64_t offset, bool whole = true);
  void Crash();                     // loses all but what its disk holds, and starts again
  void LoseDirectory(bool rejoin);  // the same, but the disk holds nothing
  void BecomeLeader();

  // ---- What can be seen
  const RaftCore& core() const { return *core_; }
  Time now() const { return now_; }
  Duration until_deadline() const { return core_->next_deadline() - now_; }
  std::string log() const { return Text(core_->log()); }
  bool disk_is_busy() const { return !writes_.empty(); }
  const HardState& hard_state_on_disk() const { return disk_.hard_state; }
  std::vector<Call> TakeCalls();  // what was sent since the last look
  std::vector<Call> TakeCallsTo(const NodeId& peer);

  std::vector<Message> outbox;
  Entries committed;
  std::vector<Piece> pieces;
  std::vector<EntriesWanted> reads;
  std::vector<LogPosition> loads;  // snapshots that the state machine was told to take up
  std::vector<Outcome> outcomes;
  std::vector<NodeEvent> events;

 private:
  void Store(const Write& write);

  CoreConfig config_;
  uint64_t seed_;
  Time now_{};
  Recovered disk_;
  std::deque<Write> writes_;
  size_t stored_ = 0;  // of them, the first so many
  std::optional<RaftCore> core_;
  uint64_t last_request_ = 0;
  uint64_t last_call_ = 1000;
};

DrivenNode Follower(const Start& start = {});
DrivenNode Leader(const Start& start = {});  // its no-op is sent and not yet written

template <class Event>
std::vector<Event> Only(const std::vector<NodeEvent>& events) {
  std::vector<Event> only;
  for (const NodeEvent& event : events) {
    if (const auto* wanted = std::get_if<Event>(&event)) only.push_back(*wanted);
  }
  return only;
}

// The one answer, or nothing where there is none.
std::optional<Answer> AnswerIn(const std::vector<Message>& messages);
std::vector<Call> CallsIn(const std::vector<Message>& messages);
// What waits for the output's write, if there is one.
std::vector<Message> PromisesOf(const Output& output);
const AppendRequest& AppendIn(const Call& call);
const VoteRequest& VoteIn(const Call& call);

// All on but those named.
template <class... Switches>
Defences Without(Switches... switches) {
  Defences defences = DefencesUnderTest();
  ((defences.*switches = false), ...);
  return defences;
}

}  // namespace raftly
