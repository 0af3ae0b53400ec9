// Faults on a real network, proven by what becomes of terms and commits: the rule list alone proves nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// Three nodes: one leads, two follow. Timeouts are long, so that a loaded machine alone changes nothing.
class ChaosEffect : public ::testing::Test {
 protected:
  ChaosEffect() : cluster_(3, {"-election-timeout", "1000", "-heartbeat", "100"}) {}

  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
    leader_ = cluster_.Leader().value_or(1);
    follower_ = leader_ == 1 ? 2 : 1;
    other_ = 6 - leader_ - follower_;
    ASSERT_EQ(cluster_.Put(leader_, "before", "x").status, 200);
    ASSERT_TRUE(cluster_.WaitForAgreement());
    term_ = Number(leader_, "term");
  }

  std::string Name(int node) const { return cluster_.Name(node); }
  uint64_t Number(int node, const std::string& field) const {
    return std::strtoull(cluster_.Status(node).Field(field).c_str(), nullptr, 10);
  }
  bool Has(int node, const std::string& key) const { return cluster_.GetStale(node, key).status == 200; }
  bool Becomes(int node, const std::string& state) const {
    return Eventually([&] { return cluster_.Status(node).Field("state") == state; });
  }

  // On one node alone.
  void Install(int node, const Json& rule) {
    const Answer answer = Ask(cluster_.http_port(node), "POST", "/api/chaos/apply", Json{{"rules", {rule}}}.dump());
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  void Remove(int node, const std::string& id) {
    ASSERT_EQ(Ask(cluster_.http_port(node), "DELETE", "/api/chaos/rules/" + id).status, 200);
  }
  // On all nodes, through the last one that the fault is about.
  void Everywhere(int through, const std::string& action, const Json& body) {
    const Answer answer = Ask(cluster_.http_port(through), "POST", "/api/cluster/chaos/" + action, body.dump());
    ASSERT_EQ(answer.status, 200) << answer.body;
    ASSERT_EQ(answer.body.find("\"error\""), std::string::npos) << answer.body;
  }
  Json DropRule(const std::string& id, int from, int to) const {
    return {{"id", id}, {"action", "drop"}, {"from_node", Name(from)}, {"to_node", Name(to)}};
  }
  // Lost messages that `node` has counted on a link.
  uint64_t Losses(int node, int from, int to) const {
    const Json answer = Json::parse(Ask(cluster_.http_port(node), "GET", "/api/links").body);
    for (const Json& link : answer["links"]) {
      if (link["from"] == Name(from) && link["to"] == Name(to)) return link["losses"];
    }
    return 0;
  }

  void ExpectWritesPass() {
    for (int i = 0; i < 5; ++i) {
      const Answer put = cluster_.Put(leader_, "during-" + std::to_string(i), "x");
      EXPECT_EQ(put.status, 200) << put.body;
    }
    EXPECT_TRUE(Eventually([&] { return Has(other_, "during-4"); }));
  }
  // Nobody has been elected, and nobody has tried.
  void ExpectNothingChanged() {
    for (int node = 1; node <= 3; ++node) EXPECT_EQ(Number(node, "term"), term_) << Name(node);
    EXPECT_EQ(cluster_.Status(other_).Field("leader_id"), Name(leader_));
  }
  void ExpectItHeals() {
    Everywhere(other_, "heal", Json::object());
    EXPECT_TRUE(cluster_.WaitForLeader());
    EXPECT_TRUE(Eventually([&] { return cluster_.Put(other_, "after", "x").status == 200; }));
    EXPECT_TRUE(cluster_.WaitForAgreement());
    for (int node = 1; node <= 3; ++node) EXPECT_TRUE(Has(node, "after")) << Name(node);
  }

  TestCluster cluster_;
  int leader_ = 0;
  int follower_ = 0;  // whom the faults are about
  int other_ = 0;
  uint64_t term_ = 0;
};

TEST_F(ChaosEffect, AFollowerCutFromTheLeaderGetsNothingAndDisturbsNobody) {
  Everywhere(other_, "partition", {{"a", Name(leader_)}, {"b", Name(follower_)}});
  ASSERT_TRUE(Becomes(follower_, "PreCandidate"));
  ExpectWritesPass();
  EXPECT_FALSE(Has(follower_, "during-0"));
  EXPECT_EQ(cluster_.Status(leader_).Field("state"), "Leader");
  ExpectNothingChanged();
  ExpectItHeals();
  EXPECT_TRUE(Has(follower_, "during-4"));
}

TEST_F(ChaosEffect, AnIsolatedLeaderIsReplacedAndCommitsNothing) {
  Everywhere(follower_, "isolate", {{"node", Name(leader_)}});
  const uint64_t committed = Number(leader_, "commit_index");
  auto lost = std::async(std::launch::async, [&] { return cluster_.Put(leader_, "lost", "x").status; });
  ASSERT_TRUE(Eventually([&] {
    const Answer status = cluster_.Status(other_);
    return status.Field("leader_id") != "" && status.Field("leader_id") != Name(leader_);
  }));
  EXPECT_GT(Number(other_, "term"), term_);
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(other_, "kept", "x").status == 200; }));
  EXPECT_TRUE(Eventually([&] { return cluster_.Status(leader_).Field("state") != "Leader"; })) << "it steps down";
  EXPECT_GE(lost.get(), 503) << "503 or 504";
  EXPECT_EQ(Number(leader_, "commit_index"), committed);
  EXPECT_EQ(Number(leader_, "term"), term_) << "it asks before it campaigns";
  EXPECT_FALSE(Has(leader_, "kept"));
  ExpectItHeals();
  for (int node = 1; node <= 3; ++node) {
    EXPECT_TRUE(Has(node, "kept")) << Name(node);
    EXPECT_FALSE(Has(node, "lost")) << Name(node);
  }
}

TEST_F(ChaosEffect, AnIsolatedFollowerRaisesNoTerm) {
  Everywhere(leader_, "isolate", {{"node", Name(follower_)}});
  ASSERT_TRUE(Becomes(follower_, "PreCandidate"));
  ExpectWritesPass();
  EXPECT_FALSE(Has(follower_, "during-0"));
  ExpectItHeals();
  ExpectNothingChanged();
}

TEST_F(ChaosEffect, OneDirectionAloneIsCutWhereOneNodeIsToldSo) {
  Install(follower_, DropRule("deaf", leader_, follower_));
  ASSERT_TRUE(Becomes(follower_, "PreCandidate"));
  ExpectWritesPass();
  EXPECT_FALSE(Has(follower_, "during-0"));
  EXPECT_GT(Losses(follower_, leader_, follower_), 0u);
  EXPECT_EQ(Losses(follower_, follower_, leader_), 0u);
  EXPECT_EQ(Losses(leader_, leader_, follower_), 0u) << "the leader knows of no rule";
  ExpectNothingChanged();
  Remove(follower_, "deaf");
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); }));
  ExpectNothingChanged();
}

TEST_F(ChaosEffect, AFollowerWhoseRepliesAreLostFollowsButDoesNotCount) {
  Install(leader_, DropRule("no-replies", follower_, leader_));
  ExpectWritesPass();
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); })) << "it hears everything";
  EXPECT_EQ(cluster_.Status(follower_).Field("state"), "Follower");
  EXPECT_GT(Losses(leader_, follower_, leader_), 0u);
  ExpectNothingChanged();

  // Without the other one, a majority would need those replies.
  Everywhere(leader_, "isolate", {{"node", Name(other_)}});
  const Answer refused = cluster_.Put(leader_, "alone", "x");
  EXPECT_GE(refused.status, 503) << refused.body;

  // Healed one by one: the replies are back, the other node is not.
  Remove(leader_, "no-replies");
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(leader_, "together", "x").status == 200; }));
  EXPECT_FALSE(Has(other_, "together"));
  ExpectItHeals();
  EXPECT_TRUE(Has(other_, "together"));
}

// Six seconds are more than an election timeout, and more than the five that a call may take.
TEST_F(ChaosEffect, ADelayBeyondEveryDeadlineIsLateNotLost) {
  Everywhere(leader_, "delay", {{"node", Name(follower_)}, {"delay_ms", 6000}});
  ExpectWritesPass();
  EXPECT_FALSE(Has(follower_, "during-4"));
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); })) << "it follows, six seconds behind";
  ASSERT_EQ(cluster_.Put(leader_, "later", "x").status, 200);
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "later"); })) << "and goes on to";
  ExpectNothingChanged();
  ExpectItHeals();
}

TEST_F(ChaosEffect, ADelayOfMoreThanAnElectionTimeoutElectsNobody) {
  Everywhere(leader_, "delay", {{"node", Name(follower_)}, {"delay_ms", 2500}, {"jitter_ms", 50}});
  ASSERT_TRUE(Becomes(follower_, "PreCandidate"));
  ASSERT_TRUE(Becomes(follower_, "Follower")) << "what is late comes as steadily as before";
  ExpectWritesPass();
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); }));
  ExpectNothingChanged();
  ExpectItHeals();
}

// Its heartbeats still pass, so nobody would ever elect another.
TEST_F(ChaosEffect, ALeaderThatHasBecomeFarFromEverybodyHandsTheLeadOver) {
  Everywhere(leader_, "delay", {{"node", Name(leader_)}, {"delay_ms", 250}});
  ASSERT_TRUE(Becomes(leader_, "Follower"));
  EXPECT_THAT(cluster_.ErrorOutput(leader_), HasSubstr("the way to all others has become slow"));
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(follower_, "after", "x").status == 200; }));
}

TEST_F(ChaosEffect, HalfOfAllMessagesLostIsEnoughToFollow) {
  Everywhere(leader_, "loss", {{"node", Name(follower_)}, {"loss_rate", 0.5}});
  ExpectWritesPass();
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); }));
  EXPECT_TRUE(Eventually([&] { return Losses(follower_, leader_, follower_) > 0; }));
  EXPECT_TRUE(Eventually([&] { return Losses(follower_, follower_, leader_) > 0; }));
  ExpectNothingChanged();
  ExpectItHeals();
}

TEST_F(ChaosEffect, AnIdInstalledAgainReplacesTheFault) {
  Install(follower_, DropRule("mine", leader_, follower_));
  ASSERT_TRUE(Becomes(follower_, "PreCandidate"));
  ExpectWritesPass();
  EXPECT_FALSE(Has(follower_, "during-0"));
  Install(follower_, {{"id", "mine"}, {"action", "delay"}, {"params", {{"delay_ms", 1}}}});
  EXPECT_TRUE(Eventually([&] { return Has(follower_, "during-4"); }));
  const Answer rules = Ask(cluster_.http_port(follower_), "GET", "/api/chaos/rules");
  EXPECT_EQ(Json::parse(rules.body)["rules"].size(), 1u) << rules.body;
}

TEST_F(ChaosEffect, TimingsAreLiveOnTheNodeThatIsTold) {
  const auto set = [&](int node, const Json& timings) {
    return Ask(cluster_.http_port(node), "POST", "/api/config", timings.dump()).status;
  };
  EXPECT_EQ(set(follower_, {{"election_timeout_ms", 100}}), 400) << "the heartbeat is 100";
  // An election timeout below the leader's heartbeat: this node alone misses a leader, time and again.
  ASSERT_EQ(set(follower_, {{"election_timeout_ms", 50}, {"heartbeat_ms", 10}}), 200);
  EXPECT_TRUE(Becomes(follower_, "PreCandidate"));
  ExpectWritesPass();
  // The leader speaks more often now, and this node waits for longer.
  ASSERT_EQ(set(leader_, {{"heartbeat_ms", 20}}), 200);
  ASSERT_EQ(set(follower_, {{"election_timeout_ms", 2000}}), 200);
  EXPECT_TRUE(Becomes(follower_, "Follower"));
  EXPECT_TRUE(Eventually([&] { return cluster_.Status(follower_).Field("leader_id") == Name(leader_); }));
  ExpectNothingChanged();
}

TEST_F(ChaosEffect, WhatAForeignPageAsksForDoesNotHappen) {
  const std::string body = Json{{"node", Name(follower_)}}.dump();
  const Answer refused = Ask(cluster_.http_port(1), "POST", "/api/cluster/chaos/isolate", body, kPatience,
                             {{"Origin", "http://elsewhere.example"}});
  EXPECT_EQ(refused.status, 403) << refused.body;
  for (int node = 1; node <= 3; ++node) {
    EXPECT_EQ(Json::parse(Ask(cluster_.http_port(node), "GET", "/api/chaos/rules").body)["rules"], Json::array());
  }
}

}  // namespace
}  // namespace raftly::test
