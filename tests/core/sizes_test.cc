// Clusters of one to seven, as a whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

class Sizes : public testing::TestWithParam<size_t> {};

TEST_P(Sizes, ElectOneLeaderAndCommitOnAllNodes) {
  VirtualCluster cluster({.servers = GetParam()});
  cluster.Wait(2s);
  const NodeId leader = cluster.leader();
  ASSERT_NE(leader, "");
  cluster.Propose(leader, "x");
  cluster.Wait(100ms);
  for (const NodeId& node : cluster.names()) {
    EXPECT_EQ(cluster[node].core().leader(), leader);
    ASSERT_FALSE(cluster[node].committed.empty());
    EXPECT_EQ(cluster[node].committed.back().data.view(), "x");
  }
}

TEST_P(Sizes, SurviveTheLossOfAMinority) {
  VirtualCluster cluster({.servers = GetParam()});
  cluster.Wait(2s);
  const NodeId first = cluster.leader();
  ASSERT_NE(first, "");
  std::vector<NodeId> nodes = cluster.names();
  std::partition(nodes.begin(), nodes.end(), [&](const NodeId& node) { return node == first; });
  nodes.resize((GetParam() - 1) / 2);
  for (const NodeId& node : nodes) cluster.Isolate(node);  // the leader is the first to go
  cluster.Wait(2s);
  const NodeId second = cluster.leader();
  ASSERT_NE(second, "");
  const Index before = cluster[second].core().commit();
  cluster.Propose(second);
  cluster.Settle();
  EXPECT_GT(cluster[second].core().commit(), before);
}

INSTANTIATE_TEST_SUITE_P(Servers, Sizes, testing::Range(size_t{1}, size_t{8}));

TEST(OneServer, ElectsItselfCommitsWithItsDiskAndReadsAtOnce) {
  auto a = Follower({.servers = 1});
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kCandidate) << "nobody to ask in a pre-vote";
  a.FinishWrites();
  ASSERT_EQ(a.core().role(), Role::kLeader);
  EXPECT_EQ(a.core().commit(), Index{1}) << "its no-op, once the disk had it";
  a.Propose();
  EXPECT_EQ(a.core().commit(), Index{1});
  a.FinishWrites();
  EXPECT_EQ(a.core().commit(), Index{2});
  a.Read();
  EXPECT_EQ(Text(a.outcomes.back()), "read 2 is safe at 2");
}

TEST(TwoServers, NeedEachOther) {
  VirtualCluster cluster({.servers = 2});
  cluster.Elect("a");
  cluster.Isolate("b");
  cluster.Propose("a");
  cluster.Wait(1s);
  EXPECT_EQ(cluster.leader(), "");
  EXPECT_EQ(cluster["a"].core().commit(), Index{1});
  cluster.Heal();
  cluster.Wait(2s);
  EXPECT_NE(cluster.leader(), "");
  EXPECT_GE(cluster["b"].core().commit(), Index{2});
}

TEST(Cluster, APausedLeadersTailIsOverwritten) {
  VirtualCluster cluster({.servers = 3});
  cluster.Elect("a");
  cluster.Isolate("a");
  for (int i = 0; i < 5; ++i) cluster.Propose("a", "lost");
  cluster.Settle();
  cluster.Elect("b");
  cluster.Propose("b", "kept");
  cluster.Settle();
  cluster.Heal();
  cluster.Wait(1s);
  EXPECT_EQ(cluster["a"].log(), cluster["b"].log());
  for (const Entry& entry : cluster["a"].committed) EXPECT_NE(entry.data.view(), "lost");
}

TEST(Cluster, AWholeClusterThatCrashesRemembers) {
  VirtualCluster cluster({.servers = 3});
  cluster.Elect("a");
  cluster.Propose("a", "x");
  cluster.Settle();
  for (const NodeId& node : cluster.names()) cluster.Crash(node);
  cluster.Wait(2s);
  const NodeId leader = cluster.leader();
  ASSERT_NE(leader, "");
  EXPECT_EQ(cluster[leader].committed.at(1).data.view(), "x");
}

}  // namespace
}  // namespace raftly
