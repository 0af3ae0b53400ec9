// What went wrong elsewhere when members changed, message by message, with the rule that prevents it on and off.
#include <gtest/gtest.h>

#include "tests/core/driver.h"
#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// ---- Ongaro, raft-dev, July 2015 -----------------------------------------------------------------------------------

// Members change by one at a time, without a joint configuration. Leader a of {a, b, c, d} takes in e, which only the
// two of them know of when a is cut off; b is elected by the others, and takes a out.
class SingleServerChanges : public testing::TestWithParam<bool> {
 protected:
  SingleServerChanges() : cluster_(Common()) {
    Start knows_e = Common();
    knows_e.log = "1:1 1:2=abcde";
    cluster_.Replace("a", knows_e);
    cluster_.Replace("e", knows_e);
  }

  static Start Common() {
    Defences defences = Without(&Defences::pre_vote, &Defences::joint_consensus);
    if (!GetParam()) defences.change_after_own_entry = false;
    return {.servers = 4, .log = "1:1", .defences = defences};
  }

  void Divide(const std::string& some, const std::string& others) {
    cluster_.Heal();
    for (const char one : some) {
      for (const char other : others) cluster_.Cut(NodeId(1, one), NodeId(1, other));
    }
  }

  // What it appends then is still on its way.
  void CampaignUntilLeader(const NodeId& node) {
    for (int i = 0; i < 5 && cluster_.leader() != node; ++i) {
      for (const NodeId& other : cluster_.names()) cluster_[other].Doze(milliseconds(150));
      cluster_.TimeOut(node);
      for (int round = 0; round < 4 && cluster_.leader() != node; ++round) {
        for (const NodeId& other : cluster_.names()) cluster_.FinishWrites(other);
        cluster_.DeliverAll();
      }
    }
    ASSERT_EQ(cluster_.leader(), node);
  }

  VirtualCluster cluster_;
};

TEST_P(SingleServerChanges, Ongaro2015_TwoLeadersMajoritiesHaveACommonServer) {
  const bool rule = GetParam();
  Divide("bcd", "ae");
  ASSERT_NO_FATAL_FAILURE(CampaignUntilLeader("b"));
  Divide("bc", "ade");
  cluster_["b"].ProposeMembers("bcd");
  cluster_.Collect();
  cluster_.Settle();
  EXPECT_EQ(Text(cluster_["b"].committed), rule ? "" : "1:1 2:2 2:3") << "b and c are two of {b, c, d}";

  ASSERT_NO_FATAL_FAILURE(CampaignUntilLeader("a"));
  cluster_.Settle();
  EXPECT_EQ(Text(cluster_["a"].committed).substr(0, 7), "1:1 1:2") << "a, d and e are three of {a, b, c, d, e}";
}

INSTANTIATE_TEST_SUITE_P(RuleOnAndOff, SingleServerChanges, testing::Bool(),
                         [](const auto& on) { return std::string(on.param ? "On" : "Off"); });

// ---- RethinkDB, 2016: a name without its memory ---------------------------------------------------------------------

// The log that d is sent begins when another of its name was all of the cluster, and ends when it was taken out.
void SendTheBeginning(DrivenNode& d) {
  d.Wait(milliseconds(400));  // it is silent for two elections
  d.Ask(Append({.leader = "a", .entries = "1:1 1:2=d/a 1:3=d", .commit = 3, .leader_last = 9}));
  ASSERT_EQ(d.core().configuration(), MembersOf("d"));
  for (int i = 0; i < 4; ++i) {
    d.Wait(milliseconds(400));
    d.FinishWrites();
  }
}

TEST(Amnesia, AnOldNameMakesNobodyAVoterOfAnOldConfiguration) {
  auto d = Follower({.self = "d", .servers = 1, .joins = true});
  ASSERT_NO_FATAL_FAILURE(SendTheBeginning(d));
  EXPECT_EQ(d.core().role(), Role::kFollower);
  EXPECT_EQ(d.core().term(), Term{1});
  const auto half = d.Ask(Append({.leader = "a", .prev = "1:3", .entries = "1:4=a/d 1:5=a", .commit = 5}));
  EXPECT_FALSE(std::get<AppendReply>(*half).may_vote);
  const auto whole =
      d.Ask(Append({.leader = "a", .prev = "1:5", .entries = "1:6 1:7 1:8=a+d 1:9", .commit = 9, .leader_last = 9}));
  EXPECT_TRUE(std::get<AppendReply>(*whole).may_vote) << "it holds all that there was when it came";
}

TEST(Amnesia, WithoutCatchingUpItLeadsAClusterThatIsGone) {
  auto d = Follower({.self = "d", .servers = 1, .joins = true, .defences = Without(&Defences::joiners_catch_up)});
  ASSERT_NO_FATAL_FAILURE(SendTheBeginning(d));
  EXPECT_EQ(d.core().role(), Role::kLeader);
  EXPECT_EQ(d.core().term(), Term{2});
}

TEST(Amnesia, ARestartDoesNotBringTheVote) {
  auto d = Follower({.self = "d", .servers = 1, .joins = true});
  ASSERT_NO_FATAL_FAILURE(SendTheBeginning(d));
  d.Crash();
  d.Wait(milliseconds(2000));
  EXPECT_EQ(d.core().role(), Role::kFollower);
  EXPECT_FALSE(d.core().may_vote());
}

// ---- §6, hashicorp/raft #524: a server that was removed and does not know it ----------------------------------------

DrivenNode LeaderOfTwo(const Defences& defences) {
  auto a = Leader({.log = "1:1 1:2=ab/abc 1:3=ab", .defences = defences});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  EXPECT_EQ(a.core().commit(), Index{4});
  return a;
}

TEST(DisruptiveServer, Sec6_ItsHigherTermDeposesNobody) {
  auto a = LeaderOfTwo(DefencesUnderTest());
  EXPECT_EQ(a.Ask(AskVote({.term = 9, .candidate = "c", .last = "1:1"})), Denied(2));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_EQ(a.core().term(), Term{2});
  auto b = Follower({.self = "b", .log = "1:1 1:2=ab/abc 1:3=ab"});
  b.Ask(Append({.term = 2, .leader = "a", .prev = "1:3", .entries = "2:4", .commit = 4}));
  EXPECT_EQ(b.Ask(AskVote({.term = 9, .candidate = "c", .last = "1:1"})), Denied(2));
  EXPECT_EQ(b.core().term(), Term{2});
}

TEST(DisruptiveServer, WithoutStickinessEachOfItsCampaignsEndsALeadership) {
  auto a = LeaderOfTwo(Without(&Defences::stickiness));
  EXPECT_EQ(a.Ask(AskVote({.term = 9, .candidate = "c", .last = "1:1"})), Denied(9)) << "its log is behind";
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

// Nor does anybody but the leader hear of it: the leader that took it out sends it nothing, so it asks in vain.
TEST(DisruptiveServer, Thesis9_6_ItsPreVotesFindNobody) {
  auto a = LeaderOfTwo(DefencesUnderTest());
  EXPECT_EQ(a.Ask(AskPreVote({.term = 9, .candidate = "c", .last = "1:1"})), Denied(2));
  EXPECT_TRUE(a.TakeCallsTo("c").empty());
}

}  // namespace
}  // namespace raftly
