// What a leader may call committed: §5.3, §5.4.2 and Figure 8.
#include <gtest/gtest.h>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

TEST(Commit, Sec5_3_AnEntryOnAMajorityIsCommitted) {
  auto a = Leader({.servers = 5});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{0});
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{1});
}

TEST(Commit, Sec5_3_OneFollowerCountsOnce) {
  auto a = Leader({.servers = 5});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  a.Propose();
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{0});
}

TEST(Commit, Sec5_3_CommittingCommitsAllBefore) {
  auto a = Leader({.log = "1:1 2:2"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(3));
  EXPECT_EQ(Text(a.committed), "1:1 2:2 3:3");
}

TEST(Commit, AHeartbeatsAnswerProvesOnlyWhatItBuiltOn) {
  auto a = Leader();
  a.FinishWrites();
  a.TakeCalls();
  a.Wait(std::chrono::milliseconds(50));
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{0});
}

TEST(Commit, ARepeatedAnswerDiesByLookUp) {
  auto a = Leader({.servers = 5});
  a.FinishWrites();
  const auto call = a.TakeCallsTo("b").at(0);
  a.Answer(call, kNoAnswer);
  a.Answer(call, Accept(1));
  EXPECT_EQ(a.core().progress().at("b").match, Index{0});
  a.Answer(Call{.id = CallId{999}, .to = "b", .request = {}}, Accept(1));  // never asked
  EXPECT_EQ(a.core().progress().at("b").match, Index{0});
}

// Figure 8, letter by letter. a to e are the paper's S1 to S5; entry 1 is common.
class Figure8 : public testing::TestWithParam<bool> {
 protected:
  // (a) a, leader of term 2, brings its entry 2 to b. (b) e, leader of term 3 by its own vote and those of c and d,
  // accepts another entry 2. (c) e is cut off; a leads again, in term 4, and brings its old entry 2 to c as well.
  void UpToC(bool rule) {
    const Defences defences =
        rule ? Without(&Defences::pre_vote) : Without(&Defences::pre_vote, &Defences::current_term_commit);
    const Start common{.servers = 5, .log = "1:1", .limits = {.entries_per_append = 1}, .defences = defences};
    cluster_.emplace(common);
    Start replaced = common;
    replaced.log = "1:1 2:2";
    for (const NodeId node : {"a", "b"}) cluster().Replace(node, replaced);
    replaced.log = "1:1 3:2";
    replaced.voted_for = "e";
    cluster().Replace("e", replaced);
    for (const NodeId node : {"c", "d"}) {
      ASSERT_EQ(cluster()[node].Ask(AskVote({.term = 3, .candidate = "e", .last = "1:1"})), Granted(3));
    }
    cluster().Isolate("e");
    cluster().Cut("a", "d");
    CampaignUntilLeader("a");
    ASSERT_EQ(cluster()["a"].core().term(), Term{4});
    KeepOwnEntriesOf("a");
    ASSERT_EQ(cluster()["c"].log(), "1:1 2:2");
    ASSERT_EQ(cluster()["a"].log(), "1:1 2:2 4:3");
  }

  void CampaignUntilLeader(const NodeId& node) {
    for (int i = 0; i < 3 && cluster().leader() != node; ++i) {
      for (const NodeId& other : cluster().names()) cluster()[other].Doze(std::chrono::milliseconds(150));
      cluster().TimeOut(node);
      cluster().FinishWrites(node);
      DeliverVotes(node);
    }
    ASSERT_EQ(cluster().leader(), node);
  }

  // Answers come back until the node leads; its appends stay on their way.
  void DeliverVotes(const NodeId& node) {
    while (!cluster().network().empty() && cluster().leader() != node) {
      cluster().DeliverAll();
      for (const NodeId& other : cluster().names()) cluster().FinishWrites(other);
    }
  }

  // Everything gets through but the leader's entry of its own term.
  void KeepOwnEntriesOf(const NodeId& node) {
    const Term own = cluster()[node].core().term();
    for (const NodeId& other : cluster().names()) cluster().FinishWrites(other);
    while (!cluster().network().empty()) {
      const auto* request = std::get_if<Request>(&cluster().network().front().content);
      const auto* append = request ? std::get_if<AppendRequest>(request) : nullptr;
      if (append && !append->entries.empty() && append->entries.back().term == own && append->prev.index == Index{2} &&
          append->prev.term == cluster()["c"].core().log().last().term) {
        cluster().Drop(0);
      } else {
        cluster().Deliver(0);
      }
      for (const NodeId& other : cluster().names()) cluster().FinishWrites(other);
    }
  }

  VirtualCluster& cluster() { return *cluster_; }

 private:
  std::optional<VirtualCluster> cluster_;
};

// (d) a dies, e is elected by b, c and d, and its entry of term 3 replaces a's entry of term 2 everywhere.
TEST_P(Figure8, Sec5_4_2_AnEntryOfAnEarlierTermIsNotCommittedByCounting) {
  const bool rule = GetParam();
  ASSERT_NO_FATAL_FAILURE(UpToC(rule));
  EXPECT_EQ(Text(cluster()["a"].committed), rule ? "" : "1:1 2:2") << "entry 2 is on a, b and c";

  cluster().Heal();
  cluster().Isolate("a");
  ASSERT_NO_FATAL_FAILURE(CampaignUntilLeader("e"));
  cluster().Settle();
  EXPECT_EQ(Text(cluster()["e"].committed), "1:1 3:2 5:3");
  EXPECT_EQ(cluster()["c"].log(), "1:1 3:2 5:3") << "2:2 is gone; without the rule it had been acknowledged";
}

INSTANTIATE_TEST_SUITE_P(RuleOnAndOff, Figure8, testing::Bool(),
                         [](const auto& on) { return std::string(on.param ? "On" : "Off"); });

// (e) If a brings an entry of its own term to a majority, all before it is committed and e cannot win.
TEST_F(Figure8, Sec5_4_2_AnEntryOfTheOwnTermCommitsAllBefore) {
  ASSERT_NO_FATAL_FAILURE(UpToC(true));
  cluster().Wait(std::chrono::milliseconds(300));
  EXPECT_EQ(Text(cluster()["a"].committed), "1:1 2:2 4:3");

  cluster().Heal();
  cluster().Isolate("a");
  for (const NodeId& other : cluster().names()) cluster()[other].Doze(std::chrono::milliseconds(150));
  for (int i = 0; i < 5; ++i) {
    cluster().TimeOut("e");
    cluster().Settle();
    EXPECT_NE(cluster()["e"].core().role(), Role::kLeader);
  }
}

}  // namespace
}  // namespace raftly
