// The candidate: timeouts, its own vote, winning and losing (§5.2).
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

DrivenNode Candidate(Start start = {}) {
  start.defences.pre_vote = false;
  DrivenNode node(start);
  node.TimeOut();
  return node;
}

TEST(Election, Sec5_2_TimeoutsAreRandomInOneToTwoElectionTimeouts) {
  std::set<Duration> seen;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const Duration timeout = Follower({.seed = seed}).until_deadline();
    EXPECT_GE(timeout, 150ms);
    EXPECT_LT(timeout, 300ms);
    seen.insert(timeout);
  }
  EXPECT_GT(seen.size(), 190u);
  EXPECT_LT(*seen.begin(), 165ms) << "the whole range is used";
  EXPECT_GT(*seen.rbegin(), 285ms);
}

TEST(Election, Sec5_2_TimeoutsComeFromTheSeed) {
  EXPECT_EQ(Follower({.seed = 7}).until_deadline(), Follower({.seed = 7}).until_deadline());
  EXPECT_NE(Follower({.seed = 7}).until_deadline(), Follower({.seed = 8}).until_deadline());
}

TEST(Election, Sec5_2_EachElectionDrawsANewTimeout) {
  auto a = Candidate();
  const Duration first = a.until_deadline();
  a.TimeOut();
  EXPECT_NE(a.until_deadline(), first);
}

TEST(Election, Sec5_2_AHeartbeatRestartsTheTimer) {
  auto a = Follower();
  for (int i = 0; i < 100; ++i) {
    a.Wait(100ms);
    a.Ask(Append({.term = 1}));
  }
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Election, Sec5_2_ACandidateRaisesItsTermAndVotesForItself) {
  auto a = Candidate({.log = "1:1 2:2"});
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  EXPECT_EQ(a.core().term(), Term{3});
  EXPECT_EQ(a.core().voted_for(), "a");
}

TEST(Election, Figure2_RequestVoteWaitsForTheCandidatesOwnVoteOnDisk) {
  auto a = Candidate({.log = "1:1 2:2"});
  EXPECT_TRUE(a.outbox.empty());
  a.FinishWrites();
  EXPECT_EQ(a.hard_state_on_disk(), (HardState{.term = {3}, .voted_for = "a"}));
  const auto calls = a.TakeCalls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(VoteIn(calls[0]), (VoteRequest{.term = {3}, .candidate = "a", .last_log = PositionOf("2:2")}));

  auto hasty = Candidate({.defences = Without(&Defences::sync_before_promise)});
  EXPECT_EQ(hasty.TakeCalls().size(), 2u) << "before the disk knows";
}

TEST(Election, Figure2_ItsOwnVoteCountsOnlyOnceItIsOnDisk) {
  auto a = Candidate({.servers = 1});
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

// The disk's thread asks for votes and then says that its write is done: the answers may come first.
TEST(Election, Figure2_VotesThatComeBeforeTheNodeHearsOfItsOwnAreCountedWithIt) {
  auto a = Candidate({.log = "1:1"});
  a.StoreWrite();
  a.AnswerFrom("b", Granted(2));
  a.AnswerFrom("c", Granted(2));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

// The disk finishes the vote of an election that is over: it says nothing about the next one.
TEST(Election, Figure2_AnEarlierElectionsWriteIsNotThisOnesVote) {
  auto a = Follower({.defences = Without(&Defences::pre_vote, &Defences::sync_before_promise)});
  a.TimeOut();
  a.Hear(AskVote({.term = 5}));
  a.TimeOut();
  ASSERT_EQ(a.core().term(), Term{5}) << "it waits for its disk";
  a.FinishWrites();
  a.TimeOut();
  ASSERT_EQ(a.core().term(), Term{6});
  a.AnswerFrom("b", Granted(6));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Election, ADiskSlowerThanAnElectionTimeoutDelaysTheElectionAndNoMore) {
  auto a = Follower({.servers = 1});
  a.Wait(1s);
  EXPECT_EQ(a.core().term(), Term{1});
  a.FinishWrite();
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Election, Sec5_2_AMajorityWins) {
  auto a = Candidate({.servers = 5});
  a.FinishWrites();
  a.AnswerFrom("b", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.AnswerFrom("c", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Election, Sec5_2_OneVoterCountsOnce) {
  auto a = Candidate({.servers = 5});
  a.FinishWrites();
  const auto calls = a.TakeCallsTo("b");
  a.Answer(calls[0], Granted(1));
  a.Answer(calls[0], Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

TEST(Election, AVoteOfAnEarlierElectionDoesNotCount) {
  auto a = Candidate();
  a.FinishWrites();
  const auto earlier = a.TakeCallsTo("b");
  a.TimeOut();
  a.FinishWrites();
  a.Answer(earlier[0], Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

// A Go peer may grant under the term that it had before: the reply is matched by its call, not by its term.
TEST(Election, AGoPeersVoteCountsUnderItsOldTerm) {
  auto a = Candidate({.log = "1:1 2:2"});
  a.FinishWrites();
  a.AnswerFrom("b", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Election, ADenialOrALostCallIsNoVote) {
  auto a = Candidate();
  a.FinishWrites();
  a.AnswerFrom("b", Denied(1));
  a.AnswerFrom("c", kNoAnswer);
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

TEST(Election, Sec5_1_AHigherTermInAReplyEndsTheCandidacy) {
  auto a = Candidate();
  a.FinishWrites();
  a.AnswerFrom("b", Denied(4));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().term(), Term{4});
  EXPECT_EQ(a.core().voted_for(), "");
}

TEST(Election, Sec5_2_ALeaderOfTheSameTermEndsTheCandidacy) {
  auto a = Candidate();
  a.FinishWrites();
  EXPECT_EQ(a.Ask(Append({.term = 1, .leader = "b"})), Accept(1));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().leader(), "b");
  EXPECT_EQ(a.core().voted_for(), "a") << "its vote in this term stays given";
}

TEST(Election, Sec5_2_ALeaderOfAnEarlierTermDoesNot) {
  auto a = Candidate({.term = 3});
  EXPECT_EQ(a.Ask(Append({.term = 3, .leader = "b"})), Reject({.term = 4}));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

TEST(Election, Sec5_2_AfterASplitVoteItCampaignsAgain) {
  auto a = Candidate();
  a.FinishWrites();
  a.AnswerFrom("b", Denied(1));
  a.AnswerFrom("c", Denied(1));
  a.TimeOut();
  EXPECT_EQ(a.core().term(), Term{2});
}

TEST(Election, Sec8_ANewLeaderAppendsANoOpAndSendsItAtOnce) {
  auto a = Leader({.log = "1:1 2:2"});
  EXPECT_EQ(a.log(), "1:1 2:2 3:3");
  EXPECT_TRUE(a.core().log().At(Index{3}).data.empty());
  const auto calls = a.TakeCalls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(Text(calls[0].request), "Append term 3, after 2:2 [3:3], commit 0");
}

TEST(Election, Sec5_2_HeartbeatsKeepOthersFromCampaigning) {
  auto a = Leader();
  a.TakeCalls();
  a.Wait(50ms);
  const auto calls = a.TakeCalls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_TRUE(AppendIn(calls[0]).entries.empty());
}

TEST(Timings, ChangeLive) {
  auto a = Follower();
  a.Step(TimingsChanged{{.election_timeout = 1000ms, .heartbeat = 100ms}});
  EXPECT_GE(a.until_deadline(), 1000ms);
  EXPECT_LT(a.until_deadline(), 2000ms);
  a.Step(TimingsChanged{{.election_timeout = 50ms, .heartbeat = 10ms}});
  EXPECT_LT(a.until_deadline(), 100ms);

  auto leader = Leader();
  leader.Step(TimingsChanged{{.election_timeout = 50ms, .heartbeat = 10ms}});
  EXPECT_LE(leader.until_deadline(), 10ms);
}

// The last answer may be older than the new timeout: that was in order under the old heartbeat.
TEST(Timings, AShorterTimeoutDoesNotDeposeALeaderThatIsHeard) {
  auto a = Leader({.timings = {.election_timeout = 2000ms, .heartbeat = 500ms}});
  a.AnswerFrom("b", Accept(1));
  a.Wait(400ms);
  a.Step(TimingsChanged{{.election_timeout = 50ms, .heartbeat = 10ms}});
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Determinism, EqualSeedAndStepsGiveEqualOutputs) {
  const auto run = [] {
    auto a = Leader({.servers = 5, .log = "1:1 1:2", .seed = 42});
    std::string text;
    for (int i = 0; i < 20; ++i) {
      a.Propose();
      a.FinishWrites();
      for (const Call& call : a.TakeCalls()) {
        text += call.to + Text(call.request) + "\n";
        if (call.to != "e") a.Answer(call, Accept(2));
      }
      a.Wait(30ms);
    }
    for (const NodeEvent& event : a.events) text += Text(event) + "\n";
    return text + Text(a.committed);
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace raftly
