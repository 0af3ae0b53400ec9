// A leader whose process is dead, as far as one can tell: who has evidence asks for pre-votes without waiting for a
// timer, and that is all that it is good for.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// In term 1, with b as its leader.
DrivenNode FollowerOfB(const Start& start = {.term = 1}) {
  DrivenNode a = Follower(start);
  a.Ask(Append({.term = 1, .leader = "b"}));
  a.events.clear();
  return a;
}

TEST(Evidence, ThatTheLeaderIsGoneIsAskedAboutAtOnce) {
  auto a = FollowerOfB();
  EXPECT_GE(a.until_deadline(), 150ms);
  a.Step(PeerGone{"b"});
  EXPECT_LE(a.until_deadline(), Limits{}.evidence_spread);
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  EXPECT_EQ(a.core().term(), Term{1}) << "it only asks";
  const auto started = Only<ElectionStarted>(a.events);
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].reason, ElectionReason::kLeaderGone);
  EXPECT_EQ(started[0].last_leader, "b");
  a.AnswerFrom("c", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
}

// Two that know at the same moment should not stand at the same moment.
TEST(Evidence, TheWaitIsRandom) {
  std::set<Duration> waits;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto a = FollowerOfB({.term = 1, .seed = seed});
    a.Step(PeerGone{"b"});
    waits.insert(a.until_deadline());
  }
  EXPECT_GT(waits.size(), 15u);
}

TEST(Evidence, AboutAnotherIsNothing) {
  auto a = FollowerOfB();
  const Time deadline = a.core().next_deadline();
  a.Step(PeerGone{"c"});
  a.Step(PeerGone{"stranger"});
  a.Step(PeerGone{""});
  EXPECT_EQ(a.core().next_deadline(), deadline);
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Denied(1));

  auto leader = Leader({.log = "1:1"});
  const Time before = leader.core().next_deadline();
  leader.Step(PeerGone{"b"});
  leader.Step(PeerGone{"a"});
  EXPECT_EQ(leader.core().next_deadline(), before);
  EXPECT_EQ(leader.core().role(), Role::kLeader);
}

TEST(Evidence, WhoHasItIsNotStickyAndWhoHearsTheLeaderIs) {
  auto knows = FollowerOfB(), hears = FollowerOfB();
  knows.Step(PeerGone{"b"});
  EXPECT_EQ(knows.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1));
  EXPECT_EQ(knows.Ask(AskVote({.term = 2, .candidate = "c"})), Granted(2));
  EXPECT_EQ(hears.Ask(AskPreVote({.term = 2, .candidate = "c"})), Denied(1));
  EXPECT_EQ(hears.Ask(AskVote({.term = 2, .candidate = "c"})), Denied(1));
}

// The one that asked too early for another's evidence is asked by that other.
TEST(Evidence, WhoAskedInVainVotesForTheNextWhoAsks) {
  auto a = FollowerOfB();
  a.Step(PeerGone{"b"});
  a.TimeOut();
  a.AnswerFrom("c", Denied(1));
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1));
}

TEST(Evidence, WhoSaidYesLetsTheOtherGoFirstAndNotForEver) {
  auto a = FollowerOfB();
  a.Step(PeerGone{"b"});
  for (int i = 0; i < 100; ++i) {
    a.Ask(AskPreVote({.term = 2, .candidate = "c"}));
    if (a.core().role() != Role::kFollower) return;
    EXPECT_LE(a.until_deadline(), 150ms);
    if (i == 0) {
      EXPECT_GE(a.until_deadline(), Limits{}.evidence_spread);
    }
    a.Wait(5ms);
  }
  FAIL() << "whoever asks and asks again would keep it from ever asking";
}

TEST(Evidence, OfTwoThatAskAtTheSameMomentOneGoesFirst) {
  VirtualCluster cluster({.defences = DefencesUnderTest()});
  cluster.Elect("a");
  cluster.Isolate("a");
  for (const NodeId name : {"b", "c"}) {
    cluster[name].Step(PeerGone{"a"});
    cluster[name].TimeOut();
    EXPECT_EQ(cluster[name].core().role(), Role::kPreCandidate);
  }
  cluster.Settle();
  EXPECT_EQ(cluster.leader(), "b");
  EXPECT_EQ(cluster["b"].core().term(), Term{2});
}

TEST(Evidence, WhoWaitedForOneThatNeverStoodAsksAgainSoon) {
  DrivenNode c = Follower({.self = "c", .term = 1});
  c.Ask(Append({.term = 1, .leader = "a"}));
  c.Step(PeerGone{"a"});
  c.TimeOut();
  const auto asked = c.TakeCallsTo("b");
  EXPECT_EQ(c.Ask(AskPreVote({.term = 2, .candidate = "b"})), Granted(1));
  c.Answer(asked.at(0), Granted(1));
  EXPECT_EQ(c.core().role(), Role::kPreCandidate) << "it left the election to b";
  EXPECT_LE(c.until_deadline(), 2 * Limits{}.evidence_spread);
  c.TimeOut();
  c.AnswerFrom("b", Granted(1));
  EXPECT_EQ(c.core().role(), Role::kCandidate);
}

TEST(Evidence, AWordFromTheLeaderEndsIt) {
  auto a = FollowerOfB();
  a.Step(PeerGone{"b"});
  a.Ask(Append({.term = 1, .leader = "b"}));
  EXPECT_GE(a.until_deadline(), 150ms);
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Denied(1));
}

// A middlebox that drops connections, and one of the followers believes it.
TEST(Evidence, FalseEvidenceDeposesNobody) {
  VirtualCluster cluster({.defences = DefencesUnderTest()});
  cluster.Elect("a");
  for (int i = 0; i < 10; ++i) {
    cluster["c"].Step(PeerGone{"a"});
    cluster.Collect();
    cluster.Wait(60ms);
    ASSERT_EQ(cluster["a"].core().role(), Role::kLeader);
    ASSERT_EQ(cluster["a"].core().term(), Term{1});
    ASSERT_EQ(cluster["c"].core().leader(), "a") << "it goes on as before";
  }
}

TEST(Evidence, IsAskedAboutEvenWherePreVotesAreSwitchedOff) {
  auto a = FollowerOfB({.term = 1, .defences = Without(&Defences::pre_vote)});
  a.Step(PeerGone{"b"});
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kCandidate) << "and once only: then the switch counts";
}

TEST(Evidence, WhoHasNoSpaceOrNoVoteLeavesItToOthers) {
  auto full = FollowerOfB();
  full.Step(SpaceChanged{Space::kReserve});
  const Time deadline = full.core().next_deadline();
  full.Step(PeerGone{"b"});
  EXPECT_EQ(full.core().next_deadline(), deadline);
  EXPECT_EQ(full.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1)) << "but votes for them";
}

TEST(Evidence, WhoeverAsksFirstLeads) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    VirtualCluster cluster({.seed = seed, .defences = DefencesUnderTest()});
    cluster.Elect("a");
    cluster.Isolate("a");
    cluster["b"].Step(PeerGone{"a"});
    cluster["c"].Step(PeerGone{"a"});
    cluster.Collect();
    const NodeId first = cluster["b"].until_deadline() < cluster["c"].until_deadline() ? "b" : "c";
    EXPECT_LE(cluster[first].until_deadline(), Limits{}.evidence_spread);
    cluster.TimeOut(first);
    cluster.Settle();
    EXPECT_EQ(cluster.leader(), first) << seed;
    EXPECT_EQ(cluster[first].core().term(), Term{2});
  }
}

}  // namespace
}  // namespace raftly
