// A world that lies to one core: messages that are nearly lawful, drawn from small numbers around what the core holds,
// in answer to what it asked and unasked. After each the core's own invariants must hold.
//
//   Hostile world(seed);
//   EXPECT_EQ(world.Run(500), "");
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/core/core_judge.h"
#include "tests/core/driver.h"

namespace raftly {

class Hostile {
 public:
  explicit Hostile(uint64_t seed, bool tracing = false);

  // What was violated within so many steps; empty: nothing.
  std::string Run(int steps);
  const std::vector<std::string>& trace() const { return trace_; }
  // So that a test can tell whether the lies came near enough to matter.
  struct Tally : CoreJudge::Tally {
    uint64_t messages = 0;  // requests and replies
    uint64_t read = 0;      // entries that were not in memory
    uint64_t told = 0;      // how far the leader has committed
  };
  Tally tally() const;

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
  Request AnyTimeoutNow();
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

  void NoteEvents();
  void Note(const std::string& what) { trace_.push_back(what); }

  const RaftCore& core() const { return node_.core(); }

  std::mt19937_64 random_;
  const bool tracing_;
  const bool calm_;  // few requests and mostly our own term: leaders stay long enough to get somewhere
  DrivenNode node_;
  CoreJudge judge_;
  uint64_t last_request_ = 0;
  std::vector<std::string> trace_;
  Tally tally_;
};

}  // namespace raftly
