// Leaders that lost their cluster: check-quorum (thesis §6.2) and higher terms (§5.1).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

TEST(CheckQuorum, ALeaderThatNobodyAnswersStepsDownAfterOneElectionTimeout) {
  auto a = Leader();
  a.Wait(150ms - 1ns);
  EXPECT_EQ(a.core().role(), Role::kLeader);
  a.Wait(1ns);
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kLostQuorum);
  EXPECT_EQ(a.core().leader(), "");
  EXPECT_EQ(a.core().term(), Term{1}) << "no new term";

  auto stubborn = Leader({.defences = Without(&Defences::check_quorum)});
  stubborn.FinishWrites();
  stubborn.Wait(10s);
  EXPECT_EQ(stubborn.core().role(), Role::kLeader) << "and still pretends";
}

TEST(CheckQuorum, ItsDeadlineIsTheLastTimeThatAQuorumWasHeard) {
  auto a = Leader({.servers = 5, .timings = {.election_timeout = 150ms, .heartbeat = 149ms}});
  a.Doze(10ms);
  a.AnswerFrom("b", Accept(1));
  a.Doze(10ms);
  a.AnswerFrom("c", Accept(1));
  // Itself, b and c are a quorum of five: heard when the slowest of them was.
  a.Wait(139ms);
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_EQ(a.until_deadline(), 1ms);
  a.Wait(1ms);
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(CheckQuorum, AnyAnswerOfAQuorumKeepsItInOffice) {
  auto a = Leader();
  for (int i = 0; i < 50; ++i) {
    a.Wait(50ms);
    a.AnswerFrom("b", Accept(1));
  }
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(CheckQuorum, AFailedCallIsNoAnswer) {
  auto a = Leader();
  for (int i = 0; i < 4; ++i) {
    a.Wait(50ms);
    a.AnswerFrom("b", kNoAnswer);
    a.AnswerFrom("c", kNoAnswer);
  }
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(CheckQuorum, ALeaderAloneIsItsOwnQuorum) {
  auto a = Leader({.servers = 1});
  a.FinishWrites();
  a.Wait(10s);
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Leader, Sec5_1_AHigherTermInAReplyDeposesIt) {
  auto a = Leader();
  a.AnswerFrom("b", Reject({.term = 5}));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().term(), Term{5});
  a.FinishWrites();
  EXPECT_EQ(a.hard_state_on_disk().term, Term{5});
}

TEST(Leader, Sec5_1_AHigherTermInAnAppendDeposesIt) {
  auto a = Leader();
  EXPECT_EQ(a.Ask(Append({.term = 2, .leader = "b"})), Accept(2));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().leader(), "b");
}

TEST(Leader, Sec5_2_TwoInOneTermCannotBe) {
  auto a = Leader();
  EXPECT_EQ(a.Ask(Append({.term = 1, .leader = "b"})), kNoAnswer);
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Leader, RefusesProposalsAndNamesTheOneWhoTakesThemOnceDeposed) {
  auto a = Leader();
  a.Ask(Append({.term = 2, .leader = "b"}));
  a.Propose();
  const auto& refused = std::get<Refused>(a.outcomes.back());
  EXPECT_EQ(refused.why, Refusal::kNotLeader);
  EXPECT_EQ(refused.leader_hint, "b");
}

// A reply of an earlier role dies by look-up.
TEST(Leader, AnswersToADeposedLeaderAreIgnored) {
  auto a = Leader();
  const auto calls = a.TakeCalls();
  a.Ask(Append({.term = 2, .leader = "b"}));
  for (const Call& call : calls) a.Answer(call, Accept(1));
  EXPECT_EQ(a.core().commit(), Index{0});
}

// The partial partition of 2020: a cannot reach b, both reach c. With all liveness defences the leader stays.
TEST(Leader, APartialPartitionDoesNotChangeIt) {
  VirtualCluster cluster({.servers = 3});
  cluster.Elect("a");
  cluster.Cut("a", "b");
  cluster.Wait(5s);
  EXPECT_EQ(cluster.leader(), "a");
  EXPECT_EQ(cluster["c"].core().term(), Term{1});
}

TEST(Leader, APartialPartitionWithoutTheDefencesChurnsTerms) {
  VirtualCluster cluster(
      {.servers = 3, .defences = Without(&Defences::pre_vote, &Defences::check_quorum, &Defences::stickiness)});
  cluster.Elect("a");
  cluster.Cut("a", "b");
  cluster.Wait(5s);
  EXPECT_GT(cluster["c"].core().term(), Term{2});
}

}  // namespace
}  // namespace raftly
