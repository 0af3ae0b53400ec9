// A node whose list of peers lacks the leader (SPEC section 1, -peers).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

TEST(Stranger, APeerThatDoesNotListTheLeaderIsNamedOnBothSidesAndHindersNobody) {
  TestCluster cluster(3);
  cluster.Start(1);
  cluster.Start(2);
  ASSERT_TRUE(Eventually([&] { return cluster.Leader().has_value(); })) << cluster.ErrorOutput(1);
  const int leader = *cluster.Leader();
  const int follower = 3 - leader;
  ASSERT_EQ(cluster.Put(leader, "before", "v").status, 200);

  cluster.Start(3, {"-peers", cluster.Name(follower) + "=" + Local(cluster.grpc_port(follower)), "-http-peers",
                    cluster.Name(3) + "=" + Local(cluster.http_port(3))});
  const std::string name = cluster.Name(leader);
  EXPECT_TRUE(Eventually([&] {
    return cluster.ErrorOutput(3).find("refused") != std::string::npos &&
           cluster.ErrorOutput(leader).find("peer refuses this node") != std::string::npos;
  }));
  EXPECT_THAT(cluster.ErrorOutput(3), HasSubstr("peer=" + name));
  EXPECT_THAT(cluster.ErrorOutput(leader),
              ContainsRegex("peer=node3 reason=.*node3 refuses " + name + ": not among its peers"));
  const auto metrics = [&](int node) { return Ask(cluster.http_port(node), "GET", "/metrics").body; };
  EXPECT_THAT(metrics(leader), ContainsRegex("raftly_rpc_failures_total.kind=.refused.,peer=.node3.. [1-9]"));
  EXPECT_THAT(metrics(3), ContainsRegex("raftly_messages_refused_total.reason=.stranger.. [1-9]"));
  EXPECT_EQ(cluster.Put(leader, "after", std::string(100'000, 'x')).status, 200);
  EXPECT_EQ(*cluster.Leader(), leader);
  EXPECT_TRUE(cluster.process(3).running());
}

}  // namespace
}  // namespace raftly::test
