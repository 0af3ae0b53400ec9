// The voter: §5.2 and §5.4.1.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

TEST(Vote, Sec5_2_FirstComeFirstServed) {
  auto a = Follower();
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "c"})), Denied(1));

  auto forgetful = Follower({.defences = Without(&Defences::one_vote_per_term)});
  EXPECT_EQ(forgetful.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  EXPECT_EQ(forgetful.Ask(AskVote({.term = 1, .candidate = "c"})), Granted(1)) << "what the rule prevents";
}

TEST(Vote, Sec5_2_TheSameCandidateMayAskAgain) {
  auto a = Follower();
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
}

TEST(Vote, Sec5_2_ANewTermIsANewVote) {
  auto a = Follower({.term = 1, .voted_for = "b"});
  EXPECT_EQ(a.Ask(AskVote({.term = 2, .candidate = "c"})), Granted(2));
}

TEST(Vote, Sec5_1_AnOldTermGetsNothing) {
  auto a = Follower({.term = 5});
  EXPECT_EQ(a.Ask(AskVote({.term = 4})), Denied(5));
  EXPECT_EQ(a.Ask(AskPreVote({.term = 4})), Denied(5));
}

TEST(Vote, Sec5_1_TheVoteHandlerAdoptsTheHigherTerm) {
  auto a = Follower({.log = "1:1"});
  EXPECT_EQ(a.Ask(AskVote({.term = 7, .last = ""})), Denied(7)) << "its log is behind, its term is not";
  EXPECT_EQ(a.core().term(), Term{7});
  EXPECT_EQ(a.hard_state_on_disk().term, Term{7});
}

TEST(Vote, Sec5_1_ACandidateStepsDownForAHigherTerm) {
  auto a = Follower({.defences = Without(&Defences::pre_vote)});
  a.TimeOut();
  ASSERT_EQ(a.core().role(), Role::kCandidate);
  EXPECT_EQ(a.Ask(AskVote({.term = 2})), Granted(2));
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Vote, Sec5_2_ACandidateVotesForItselfAndNoOther) {
  auto a = Follower({.defences = Without(&Defences::pre_vote)});
  a.TimeOut();
  EXPECT_EQ(a.Ask(AskVote({.term = 1})), Denied(1));
}

struct LogPair {
  std::string_view own;
  std::string_view candidates;
  bool up_to_date;
};

class UpToDate : public testing::TestWithParam<LogPair> {};

TEST_P(UpToDate, Sec5_4_1_LaterTermThenLongerLogInBothPhases) {
  const LogPair& logs = GetParam();
  const auto answer = [&](uint64_t term) { return logs.up_to_date ? Granted(term) : Denied(term); };
  auto a = Follower({.log = logs.own, .term = 5});
  EXPECT_EQ(a.Ask(AskPreVote({.term = 6, .last = logs.candidates})), answer(5));
  EXPECT_EQ(a.Ask(AskVote({.term = 6, .last = logs.candidates})), answer(6));

  auto careless = Follower({.log = logs.own, .term = 5, .defences = Without(&Defences::election_restriction)});
  EXPECT_EQ(careless.Ask(AskPreVote({.term = 6, .last = logs.candidates})), Granted(5));
  EXPECT_EQ(careless.Ask(AskVote({.term = 6, .last = logs.candidates})), Granted(6));
}

INSTANTIATE_TEST_SUITE_P(Logs, UpToDate,
                         testing::Values(LogPair{"1:1 2:2", "2:2", true},   //
                                         LogPair{"1:1 2:2", "2:3", true},   // longer
                                         LogPair{"1:1 2:2", "2:1", false},  // shorter
                                         LogPair{"1:1 2:2", "3:1", true},   // later term, though shorter
                                         LogPair{"1:1 2:2", "1:9", false},  // longer, but of an earlier term
                                         LogPair{"1:1 2:2", "", false},     //
                                         LogPair{"", "", true}));

TEST(Vote, Figure2_TermAndVoteAreOnDiskBeforeTheVoteIsSent) {
  auto a = Follower();
  const Output output = a.Hear(AskVote({.term = 3}));
  EXPECT_TRUE(output.send.empty());
  ASSERT_TRUE(output.write);
  EXPECT_EQ(output.write->hard_state, (HardState{.term = {3}, .voted_for = "b"}));
  ASSERT_TRUE(AnswerIn(output.write->then_send));
  EXPECT_EQ(AnswerIn(output.write->then_send)->reply, Granted(3));
}

TEST(Vote, Figure2_WithoutSyncBeforePromiseTheVoteRunsAhead) {
  auto a = Follower({.defences = Without(&Defences::sync_before_promise)});
  const Output output = a.Hear(AskVote({.term = 3}));
  EXPECT_TRUE(AnswerIn(output.send)) << "a crash now would forget the vote";
}

// A vote that is repeated while the first one is on its way to the disk must not overtake it.
TEST(Vote, Figure2_ARepeatedVoteWaitsForTheFirstOnesWrite) {
  auto a = Follower();
  a.Hear(AskVote({.term = 3}));
  EXPECT_TRUE(a.Hear(AskVote({.term = 3})).send.empty());
}

TEST(Vote, Figure2_AVoteSurvivesACrash) {
  auto a = Follower();
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  a.Crash();
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "c"})), Denied(1));

  auto forgetful = Follower({.defences = Without(&Defences::vote_persistence)});
  EXPECT_EQ(forgetful.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  forgetful.Crash();
  EXPECT_EQ(forgetful.Ask(AskVote({.term = 1, .candidate = "c"})), Granted(1)) << "twice in one term";
}

TEST(Vote, GrantingRestartsTheTimerAndDenyingDoesNot) {
  auto a = Follower({.log = "1:1"});
  const Time before = a.core().next_deadline();
  a.Doze(100ms);
  a.Ask(AskVote({.term = 2, .last = ""}));
  EXPECT_EQ(a.core().next_deadline(), before);
  a.Ask(AskVote({.term = 2, .last = "1:1"}));
  EXPECT_GT(a.core().next_deadline(), before);
}

TEST(Vote, Sec6_AStrangerIsIgnoredWhole) {
  auto a = Follower({.term = 1});
  EXPECT_EQ(a.Ask(AskVote({.term = 9, .candidate = "stranger"})), kNoAnswer);
  EXPECT_EQ(a.Ask(AskPreVote({.term = 9, .candidate = "stranger"})), kNoAnswer);
  EXPECT_EQ(a.core().term(), Term{1});
}

// Why, of a's refusal of this request.
NoVote Why(DrivenNode& a, const Request& request) {
  a.events.clear();
  a.Ask(request);
  const auto refused = Only<VoteRefused>(a.events);
  EXPECT_EQ(refused.size(), 1u) << Text(request);
  return refused.at(0).why;
}

TEST(RefusedVote, SaysWhy) {
  auto a = Follower({.log = "1:1 3:2", .term = 5, .voted_for = "c"});
  for (const auto& ask : {AskVote, AskPreVote}) {
    EXPECT_EQ(Why(a, ask({.term = 5, .candidate = "b", .last = "3:2"})), NoVote::kVotedForOther);
    EXPECT_EQ(Why(a, ask({.term = 5, .candidate = "c", .last = "2:9"})), NoVote::kLogBehind);
    EXPECT_EQ(Why(a, ask({.term = 4, .candidate = "c", .last = "3:2"})), NoVote::kOldTerm);
    EXPECT_EQ(Why(a, ask({.term = 5, .candidate = "z", .last = "3:2"})), NoVote::kStranger);
    EXPECT_EQ(Why(a, ask({.term = 5, .candidate = "c", .last = "5:2"})), NoVote::kImpossible);
  }
  auto rejoining = Follower({.rejoin = true});
  EXPECT_EQ(Why(rejoining, AskVote({.term = 1})), NoVote::kMayNotVote);
  rejoining.Doze(300ms);
  EXPECT_EQ(Why(rejoining, AskVote({.term = 1})), NoVote::kMayNotVote);
  a.Ask(Append({.term = 5, .prev = "3:2"}));
  EXPECT_EQ(Why(a, AskVote({.term = 9, .candidate = "c", .last = "8:9"})), NoVote::kLeaderHeard);
}

TEST(RefusedVote, NamesBothPositionsAndTheVoteGiven) {
  auto a = Follower({.log = "1:1 3:2", .term = 5, .voted_for = "c"});
  a.Ask(AskVote({.term = 6, .candidate = "b", .last = "2:9"}));
  const VoteRefused refused = Only<VoteRefused>(a.events).at(0);
  EXPECT_EQ(refused.candidate, "b");
  EXPECT_EQ(refused.term, Term{6});
  EXPECT_FALSE(refused.pre_vote);
  EXPECT_EQ(Text(refused.theirs), "2:9");
  EXPECT_EQ(Text(refused.ours), "3:2");
  EXPECT_EQ(refused.voted_for, "c");
}

TEST(RefusedVote, AGrantedOneIsNone) {
  auto a = Follower();
  a.Ask(AskPreVote({.term = 1}));
  a.Ask(AskVote({.term = 1}));
  EXPECT_TRUE(Only<VoteRefused>(a.events).empty());
}

// Thesis §4.2.3.
TEST(Stickiness, NoVoteAndNoTermWhileALeaderIsHeard) {
  auto a = Follower({.term = 1});
  a.Ask(Append({.term = 1, .leader = "b"}));
  EXPECT_EQ(a.Ask(AskVote({.term = 5, .candidate = "c"})), Denied(1));
  EXPECT_EQ(a.core().term(), Term{1});

  auto fickle = Follower({.term = 1, .defences = Without(&Defences::stickiness)});
  fickle.Ask(Append({.term = 1, .leader = "b"}));
  EXPECT_EQ(fickle.Ask(AskVote({.term = 5, .candidate = "c"})), Granted(5));
}

TEST(Stickiness, EndsOneElectionTimeoutAfterTheLastHeartbeat) {
  auto a = Follower({.term = 1});
  a.Ask(Append({.term = 1, .leader = "b"}));
  a.Doze(a.core().timings().election_timeout - 1ns);
  EXPECT_EQ(a.Ask(AskVote({.term = 5, .candidate = "c"})), Denied(1));
  a.Doze(1ns);
  EXPECT_EQ(a.Ask(AskVote({.term = 5, .candidate = "c"})), Granted(5));
}

TEST(Stickiness, ALeaderThatItsQuorumHearsIsStickyItself) {
  auto a = Leader();
  EXPECT_EQ(a.Ask(AskVote({.term = 9, .last = "8:9"})), Denied(1));
  EXPECT_EQ(a.core().role(), Role::kLeader);

  auto fickle = Leader({.defences = Without(&Defences::stickiness)});
  EXPECT_EQ(fickle.Ask(AskVote({.term = 9, .last = "8:9"})), Granted(9));
  EXPECT_EQ(fickle.core().role(), Role::kFollower);
}

TEST(Stickiness, ALeaderThatNobodyHearsGivesWay) {
  auto a = Leader();
  a.Doze(a.core().timings().election_timeout);
  EXPECT_EQ(a.Ask(AskVote({.term = 9, .last = "8:9"})), Granted(9));
}

}  // namespace
}  // namespace raftly
