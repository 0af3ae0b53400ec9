// A leader that is cut off must not answer as if it were not: its peers are stopped with SIGSTOP.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

TEST(IsolatedLeader, RefusesFreshReadsAndStepsDown) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  ASSERT_EQ(cluster.Put(1, "balance", "100").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  const std::optional<int> leader = cluster.Leader();
  ASSERT_TRUE(leader);

  for (int node = 1; node <= 3; ++node) {
    if (node != *leader) cluster.Signal(node, SIGSTOP);
  }
  const Answer fresh = cluster.Get(*leader, "balance");
  EXPECT_EQ(fresh.status, 503) << fresh.body;
  EXPECT_NE(fresh.Header("retry-after"), "");
  EXPECT_TRUE(Eventually([&] {
    const Answer status = cluster.Status(*leader);
    return status.status == 200 && status.Field("state") != "Leader";
  }));
  const Answer put = cluster.Put(*leader, "balance", "0");
  EXPECT_TRUE(put.status == 503 || put.status == 504) << put.status << " " << put.body;
  const Answer stale = cluster.GetStale(*leader, "balance");
  EXPECT_EQ(stale.status, 200);
  EXPECT_EQ(stale.Field("value"), "100");

  for (int node = 1; node <= 3; ++node) {
    if (node != *leader) cluster.Signal(node, SIGCONT);
  }
  EXPECT_TRUE(Eventually([&] { return cluster.Put(*leader, "after", "x").status == 200; }));
  EXPECT_TRUE(Eventually([&] { return cluster.Get(*leader, "balance").status == 200; }));
}

TEST(StoppedFollower, CostsNothing) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const int leader = cluster.Leader().value_or(1);
  const int follower = leader == 3 ? 1 : 3;
  cluster.Signal(follower, SIGSTOP);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cluster.Put(leader, "k" + std::to_string(i), "v").status, 200);
  cluster.Signal(follower, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return cluster.GetStale(follower, "k19").status == 200; })) << "it catches up";
}

}  // namespace
}  // namespace raftly::test
