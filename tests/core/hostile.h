// A world that lies to one core: messages that are nearly lawful, drawn from small numbers around what the core holds,
// in answer to what it asked and unasked. After each the core's own invariants must hold.
//
//   Hostile world(seed);
//   EXPECT_EQ(world.Run(500), "");
#pragma once

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/core/driver.h"

namespace raftly {

class Hostile {
 public:
  explicit Hostile(uint64_t seed, bool tracing = false);

  // What was violated within so many steps; empty: nothing.
  std::string Run(int steps);
  const std::vector<std::string>& trace() const { return trace_; }
  // So that a test can tell whether the lies came near enough to matter.
  struct Tally {
    uint64_t messages = 0;   // requests and replies
    uint64_t accepted = 0;   // appends
    uint64_t refused = 0;    // messages, by name
    uint64_t committed = 0;  // entries
    uint64_t truncated = 0;  // times
    uint64_t led = 0;        // terms
    uint64_t installed = 0;  // snapshots of others
    uint64_t sent = 0;       // pieces of its own
    uint64_t read = 0;       // entries that were not in memory
    uint64_t told = 0;       // how far the leader has committed
  };
  const Tally& tally() const { return tally_; }

 private:
  // ---- What happens
  void Step();
  void SendRequest();
  void AnswerACall();
  void LetTimePass();
  void LetTheDiskWork();
  void StoreAPiece();
  void TakeSnapshot();
  void Crash();
  Request AnyVote();
  Request AnyAppend();
  Request AnyPiece();
  Request AnyReadIndex() { return ReadIndexRequest{.from = AnySender(), .term = AnyTerm()}; }
  Entry AnyEntry(Index index, Term at_least);
  Reply AnyReply(const Call& call);
  Reply AnyVoteReply();
  Reply AnyAppendReply();
  Reply AnySnapshotReply();
  Reply AnyReadIndexReply();

  // ---- Small numbers around what the core holds
  bool Chance(int in_a_thousand) { return static_cast<int>(random_() % 1000) < in_a_thousand; }
  uint64_t Below(uint64_t n) { return random_() % n; }
  uint64_t Near(uint64_t value);
  Term AnyTerm();
  Term TermOfAReply() { return Chance(calm_ ? 995 : 900) ? core().term() : AnyTerm(); }
  Index AnyIndex();
  LogPosition AnyPlace();
  NodeId AnySender();

  // ---- What must hold
  void Check();
  void CheckState();
  void CheckRole();
  void CheckProgress();
  void CheckCommitted();
  void CheckMessages();
  void CheckAnswer(const Answer& answer);
  void CheckAppend(const AppendRequest& append);
  void CheckPiece(const SnapshotRequest& piece);
  void Require(bool holds, const char* what) {
    if (!holds && complaint_.empty()) complaint_ = what;
  }
  void Note(const std::string& what) { trace_.push_back(what); }

  const RaftCore& core() const { return node_.core(); }

  std::mt19937_64 random_;
  const bool tracing_;
  const bool calm_;  // few requests and mostly our own term: leaders stay long enough to get somewhere
  DrivenNode node_;
  std::vector<NodeId> peers_;
  std::deque<Call> calls_;           // not answered, or answered and answered again
  std::map<CallId, Request> asked_;  // requests that wait for an answer
  uint64_t last_request_ = 0;
  std::map<Term, NodeId> votes_;    // granted for good, in all lives
  std::map<Term, NodeId> leaders_;  // known in this life
  Index taken_up_;                  // by snapshot: committed_ follows it
  Entries committed_;               // in this life
  Term term_;                       // as of the last step
  NodeId voted_for_;
  Index commit_;
  std::string complaint_;
  std::vector<std::string> trace_;
  Tally tally_;
};

}  // namespace raftly
