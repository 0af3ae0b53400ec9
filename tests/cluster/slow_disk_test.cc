// Real servers on disks whose syncs take long, or fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

// Their syncs do what a file says (tests/support/slow_sync.cc).
class SlowDisks : public ::testing::Test {
 protected:
  SlowDisks() {
#ifdef __SANITIZE_ADDRESS__
    skipped_ = true;  // its own library has to be the first
#endif
    setenv("SLOW_SYNC_FILE", (directory_.path() + "/sync").c_str(), 1);
    setenv("LD_PRELOAD", RAFTLY_SLOW_SYNC, 1);
  }
  ~SlowDisks() override {
    unsetenv("LD_PRELOAD");
    unsetenv("SLOW_SYNC_FILE");
  }
  void SetUp() override {
    if (skipped_) GTEST_SKIP() << "needs a library to be loaded first";
  }
  void Syncs(const std::string& how) { WriteFile(directory_.path() + "/sync", how); }
  static int TermOf(const TestCluster& cluster, int node) {
    return std::atoi(cluster.Status(node).Field("term").c_str());
  }

  TemporaryDirectory directory_;
  bool skipped_ = false;
};

TEST_F(SlowDisks, ALeaderIsElectedAlthoughASyncTakesTwiceAsLongAsAnElectionTimeout) {
  TestCluster cluster(3, {"-election-timeout", "150", "-heartbeat", "50"});
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  ASSERT_EQ(cluster.Put(1, "k", "before").status, 200);
  const int dead = *cluster.Leader();
  const int survivor = dead % 3 + 1;
  const int term = TermOf(cluster, survivor);
  Syncs("300");
  cluster.Kill(dead);
  ASSERT_TRUE(Eventually([&] { return cluster.Put(survivor, "k", "after").status == 200; }));
  EXPECT_LE(TermOf(cluster, survivor), term + 10) << "it took 97 once";
  Syncs("0");
}

TEST_F(SlowDisks, ALeaderWhoseDiskHangsLeavesTheLead) {
  TestCluster cluster(3, {"-election-timeout", "150", "-heartbeat", "50"});
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  const int hung = *cluster.Leader();
  const int other = hung % 3 + 1;
  ASSERT_EQ(cluster.Put(other, "k", "before").status, 200);
  Syncs("600000 node" + std::to_string(hung));
  // The others' disks are a majority: only the leader itself can see that its own does nothing.
  ASSERT_EQ(cluster.Put(other, "k", "during").status, 200);
  ASSERT_TRUE(Eventually([&] {
    const auto leader = cluster.Leader();
    return leader && *leader != hung;
  }));
  EXPECT_THAT(cluster.ErrorOutput(hung),
              ::testing::AnyOf(HasSubstr("disk lags behind"), HasSubstr("disk stands still")));
  EXPECT_TRUE(Eventually([&] { return cluster.Put(other, "k", "after").status == 200; }));
  Syncs("0");
}

TEST_F(SlowDisks, ASyncThatFindsTheDiskFullEndsTheProcess) {
  TestCluster cluster(1);
  cluster.Start(1);
  ASSERT_TRUE(cluster.WaitForLeader());
  ASSERT_EQ(cluster.Put(1, "k", "v").status, 200);
  Syncs("full");
  const Answer refused = cluster.Put(1, "k", "lost");
  EXPECT_NE(refused.status, 200);
  EXPECT_EQ(cluster.process(1).WaitForExit(kPatience), 1);
  EXPECT_THAT(cluster.ErrorOutput(1), HasSubstr("the disk failed"));
}

}  // namespace
}  // namespace raftly::test
