// The lead handed over (SPEC section 4.3), as an operator asks for it and as a stopping server does it by itself.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

class HandOver : public ::testing::Test {
 protected:
  HandOver() : cluster_(3) {
    cluster_.StartAll();
    EXPECT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
    EXPECT_EQ(cluster_.Put(1, "key", "value").status, 200);
  }

  Answer Ask(int node, const std::string& to) {
    return cluster_.Ask(node, "POST", "/api/cluster/leader", "{\"id\":\"" + to + "\"}");
  }
  // A successor that has not been heard in this term yet is worth another try.
  Answer AskUntilDone(int node, const std::string& to) {
    Answer answer;
    Eventually([&] { return (answer = Ask(node, to)).status != 503; });
    return answer;
  }

  TestCluster cluster_;
};

TEST_F(HandOver, WhoIsNamedLeadsWhoeverWasAsked) {
  for (int asked = 1; asked <= 3; ++asked) {
    for (int to = 1; to <= 3; ++to) {
      const Answer answer = AskUntilDone(asked, cluster_.Name(to));
      ASSERT_EQ(answer.status, 200) << answer.body;
      EXPECT_EQ(answer.Field("leader_id"), cluster_.Name(to));
      EXPECT_TRUE(Eventually([&] { return cluster_.Leader() == to; }));
      EXPECT_TRUE(cluster_.WaitForLeader());
    }
  }
}

TEST_F(HandOver, WithoutANameTheLeaderChoosesAnother) {
  const int before = *cluster_.Leader();
  const Answer answer = AskUntilDone(1, "");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.Field("leader_id"), cluster_.Name(before));
}

TEST_F(HandOver, WhatCannotBeIsSaid) {
  for (int node = 1; node <= 3; ++node) {
    const Answer nobody = Ask(node, "node9");
    EXPECT_EQ(nobody.status, 404) << nobody.body;
    EXPECT_EQ(nobody.Field("error"), "there is no such voter");
    EXPECT_EQ(cluster_.Ask(node, "POST", "/api/cluster/leader", "{}").status, 400);
  }
}

TEST_F(HandOver, WithoutAnybodyToTakeItTheLeaderStays) {
  const int leader = *cluster_.Leader();
  for (int node = 1; node <= 3; ++node) {
    if (node != leader) cluster_.Signal(node, SIGSTOP);
  }
  EXPECT_EQ(Ask(leader, "").status, 503);
  for (int node = 1; node <= 3; ++node) {
    if (node != leader) cluster_.Signal(node, SIGCONT);
  }
  EXPECT_TRUE(cluster_.WaitForLeader());
}

// One after the other, the leader among them, while clients of the others write: nobody is refused.
TEST_F(HandOver, AServerThatStopsGivesTheLeadAwayFirst) {
  for (int round = 0; round < 2; ++round) {
    const int leader = *cluster_.Leader();
    std::atomic<bool> done{false};
    std::atomic<int> written{0};
    std::vector<std::thread> clients;
    for (int node = 1; node <= 3; ++node) {
      if (node == leader) continue;
      clients.emplace_back([&, node] {
        while (!done) {
          const Answer put = cluster_.Put(node, "k" + std::to_string(node), "v");
          EXPECT_EQ(put.status, 200) << put.body;
          ++written;
        }
      });
    }
    EXPECT_TRUE(Eventually([&] { return written > 20; }));
    EXPECT_EQ(cluster_.Terminate(leader), 0);
    const int before = written;
    EXPECT_TRUE(Eventually([&] { return written > before + 20; }));
    done = true;
    for (std::thread& client : clients) client.join();
    EXPECT_NE(cluster_.ErrorOutput(leader).find("has handed the lead over"), std::string::npos);
    cluster_.Start(leader);
    ASSERT_TRUE(cluster_.WaitForLeader());
    ASSERT_TRUE(cluster_.WaitForAgreement());
  }
}

}  // namespace
}  // namespace raftly::test
