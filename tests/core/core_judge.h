// What must hold of one core after every step, whatever the world told it: its own invariants, and what it promised.
//
//   CoreJudge judge(node, 3);
//   judge.Asked(call, request);
//   node.Step(RequestReceived{call, request});
//   judge.Look();
//   EXPECT_EQ(judge.complaint(), "");
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/core/driver.h"

namespace raftly {

class CoreJudge {
 public:
  struct Tally {
    uint64_t accepted = 0;   // appends
    uint64_t refused = 0;    // messages, by name
    uint64_t committed = 0;  // entries
    uint64_t truncated = 0;  // times
    uint64_t led = 0;        // terms
    uint64_t installed = 0;  // snapshots of others
    uint64_t sent = 0;       // pieces of its own
    uint64_t handed = 0;     // the lead, at its leader's wish
  };

  // Of a cluster of so many servers: a, which is the node and outlives this, b, c ...
  CoreJudge(DrivenNode& node, size_t servers) : node_(node), term_(node.core().term()) {
    for (size_t i = 1; i < servers; ++i) peers_.emplace_back(1, static_cast<char>('a' + i));
  }

  // Before the node hears of it.
  void Asked(CallId call, const Request& request) { asked_.emplace(call, request); }
  // After each step: takes what the node has put out.
  void Look();
  // Its disk holds what was written; what was not is gone, and so is the duty to answer.
  void Crashed();

  // The first thing that did not hold; empty: nothing.
  const std::string& complaint() const { return complaint_; }
  const std::vector<NodeId>& peers() const { return peers_; }
  // The last ones to peers that the owner has not taken out.
  std::deque<Call>& open_calls() { return open_calls_; }
  const Tally& tally() const { return tally_; }

 private:
  static constexpr size_t kMostOpenCalls = 24;

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
  // Another one with every look, so that in time all are looked at.
  uint64_t Any(uint64_t n) { return (looked_ += 0x9E3779B97F4A7C15) % n; }

  const RaftCore& core() const { return node_.core(); }

  DrivenNode& node_;
  std::vector<NodeId> peers_;
  std::deque<Call> open_calls_;
  std::map<CallId, Request> asked_;  // requests that wait for an answer
  std::map<Term, NodeId> votes_;     // granted for good, in all lives
  std::map<Term, NodeId> leaders_;   // known in this life
  Index taken_up_;                   // by snapshot: committed_ follows it
  Entries committed_;                // in this life
  Term term_;                        // as of the last look
  NodeId voted_for_;
  Index commit_;
  uint64_t looked_ = 0;
  std::string complaint_;
  Tally tally_;
};

}  // namespace raftly
