// Pre-vote: thesis §9.6.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

TEST(PreVote, ChangesNothingOnTheCandidatesSide) {
  auto a = Follower({.log = "1:1"});
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  EXPECT_EQ(a.core().term(), Term{1});
  EXPECT_FALSE(a.disk_is_busy());
  const auto calls = a.TakeCalls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(VoteIn(calls[0]),
            (VoteRequest{.term = {2}, .candidate = "a", .last_log = PositionOf("1:1"), .pre_vote = true}));

  auto rude = Follower({.log = "1:1", .defences = Without(&Defences::pre_vote)});
  rude.TimeOut();
  EXPECT_EQ(rude.core().term(), Term{2}) << "at once a real election";
}

TEST(PreVote, ChangesNothingOnTheVotersSide) {
  auto a = Follower({.term = 1});
  const Time deadline = a.core().next_deadline();
  const Output output = a.Hear(AskPreVote({.term = 9}));
  EXPECT_EQ(AnswerIn(output.send)->reply, Granted(1)) << "under its own term";
  EXPECT_FALSE(output.write);
  EXPECT_EQ(a.core().term(), Term{1});
  EXPECT_EQ(a.core().voted_for(), "");
  EXPECT_EQ(a.core().next_deadline(), deadline);
}

TEST(PreVote, MayBeGrantedToSeveralInOneTerm) {
  auto a = Follower({.term = 1});
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "b"})), Granted(1));
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1));
}

TEST(PreVote, AMajorityLeadsToTheElection) {
  auto a = Follower({.term = 1});
  a.TimeOut();
  a.AnswerFrom("b", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  EXPECT_EQ(a.core().term(), Term{2});
}

TEST(PreVote, ItsGrantsAreNoVotes) {
  auto a = Follower({.term = 1});
  a.TimeOut();
  a.AnswerFrom("b", Granted(1));
  a.FinishWrites();
  a.AnswerFrom("c", Denied(1));  // answers to both phases
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

TEST(PreVote, ALatePreVoteGrantIsNotAVote) {
  auto a = Follower({.term = 1});
  a.TimeOut();
  const auto late = a.TakeCallsTo("c");
  a.AnswerFrom("b", Granted(1));
  a.FinishWrites();
  a.Answer(late[0], Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

TEST(PreVote, DeniedWhileALeaderIsHeardAndNoLonger) {
  auto a = Follower({.term = 1});
  a.Ask(Append({.term = 1, .leader = "b"}));
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Denied(1));
  a.Doze(150ms);
  EXPECT_EQ(a.core().leader(), "b") << "still known, but silent";
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1));
}

TEST(PreVote, AHigherTermInADenialIsAdopted) {
  auto a = Follower({.term = 1});
  a.TimeOut();
  a.AnswerFrom("b", Denied(6));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().term(), Term{6}) << "or it would never win, however good its log";
}

TEST(PreVote, UnansweredItAsksAgainInTheSameTerm) {
  auto a = Follower({.term = 1});
  for (int i = 0; i < 10; ++i) a.TimeOut();
  EXPECT_EQ(a.core().term(), Term{1});
  EXPECT_EQ(VoteIn(a.TakeCalls().back()).term, Term{2});
}

// What it is for: a node that was cut off comes back without deposing anyone.
TEST(PreVote, ANodeThatWasCutOffDisturbsNobody) {
  for (const bool pre_vote : {true, false}) {
    Defences defences;
    defences.pre_vote = pre_vote;
    defences.stickiness = false;  // it would hide what pre-vote does
    VirtualCluster cluster({.defences = defences});
    cluster.Elect("a");
    cluster.Isolate("c");
    cluster.Wait(1s);
    cluster.Heal();
    cluster.Wait(1s);
    EXPECT_EQ(cluster["a"].core().term() == Term{1}, pre_vote);
    EXPECT_EQ(cluster["c"].core().log().last().index, cluster["a"].core().log().last().index);
  }
}

}  // namespace
}  // namespace raftly
