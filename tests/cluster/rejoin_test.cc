// A node whose data directory was lost comes back under its old name (SPEC section 1, -rejoin).
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

TEST(Rejoin, AWipedNodeCatchesUpAndThenVotesAgain) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(cluster.Put(1, "key" + std::to_string(i), "v").status, 200);
  ASSERT_TRUE(cluster.WaitForMembers());
  const int leader = cluster.Leader().value_or(1);
  const int wiped = leader == 3 ? 2 : 3;
  cluster.Kill(wiped);
  std::filesystem::remove_all(cluster.DataDirectory(wiped));
  ASSERT_EQ(cluster.Put(leader, "meanwhile", "v").status, 200);

  // It is another node than its cluster knows, until it takes that one's place.
  cluster.Start(wiped, {"-rejoin"});
  EXPECT_TRUE(Eventually([&] {
    return cluster.ErrorOutput(wiped).find("replace it as a member of the cluster") != std::string::npos;
  })) << cluster.ErrorOutput(wiped);
  EXPECT_EQ(cluster.Status(wiped).Field("commit_index"), "0");
  ASSERT_TRUE(cluster.Replace(leader, wiped));
  EXPECT_TRUE(Eventually([&] { return cluster.GetStale(wiped, "meanwhile").status == 200; }))
      << cluster.ErrorOutput(wiped);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(cluster.GetStale(wiped, "key" + std::to_string(i)).status, 200);
  EXPECT_EQ(cluster.Get(wiped, "key0").status, 200);

  // While it is joint, both of the others have to agree.
  ASSERT_TRUE(Eventually([&] {
    const std::string members = cluster.Ask(leader, "GET", "/api/cluster/members").body;
    return members.find("\"joint\":false") != std::string::npos && members.find("learner") == std::string::npos &&
           members.find(cluster.Name(wiped)) != std::string::npos;
  }));
  // Only two are left: no leader without the vote of the one that was wiped.
  ASSERT_TRUE(cluster.WaitForAgreement());
  const int old_leader = cluster.Leader().value_or(leader);
  ASSERT_NE(old_leader, wiped);
  cluster.Kill(old_leader);
  EXPECT_TRUE(Eventually([&] { return cluster.Put(wiped, "after", "v").status == 200; })) << cluster.ErrorOutput(wiped);
}

}  // namespace
}  // namespace raftly::test
