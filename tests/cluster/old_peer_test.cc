// A cluster with a node that knows only the Go server's RPCs: neither streams of appends nor what a follower asks of
// the leader. Whoever leads, everything is served, and nothing is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/cluster/test_cluster.h"
#include "tests/transport/old_peer.h"

namespace raftly::test {
namespace {

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

class OldPeerTest : public ::testing::Test {
 protected:
  static constexpr int kOld = 3;

  OldPeerTest() : old_(Local(port_), Local(cluster_.grpc_port(kOld))) {}
  void SetUp() override {
    ASSERT_TRUE(old_.listens());
    // The old one last: it is no newer one that leads, and tells everybody where it is reached without what is between.
    for (int node = 1; node < kOld; ++node) Start(node);
    ASSERT_TRUE(cluster_.WaitForLeader());
    Start(kOld);
    ASSERT_TRUE(cluster_.WaitForLeader());
  }
  void Start(int node) {
    const int other = 3 - node;
    node == kOld ? cluster_.Start(node)
                 : cluster_.Start(node, {"-peers", cluster_.Name(other) + "=" + Local(cluster_.grpc_port(other)) + "," +
                                                       cluster_.Name(kOld) + "=" + Local(port_)});
    ASSERT_TRUE(Eventually([&] { return cluster_.Status(node).status == 200; })) << cluster_.ErrorOutput(node);
  }
  // Kills leaders until the right one leads.
  void Elect(bool old) {
    while ((*cluster_.Leader() == kOld) != old) {
      const int leader = *cluster_.Leader();
      cluster_.Kill(leader);
      ASSERT_TRUE(cluster_.WaitForLeader());
      Start(leader);
      ASSERT_TRUE(cluster_.WaitForLeader());
    }
  }
  // Every node serves reads and writes, its own and the others'.
  void ExpectAllServe(const std::string& prefix) {
    for (int writer = 1; writer <= cluster_.nodes(); ++writer) {
      const std::string key = prefix + std::to_string(writer);
      const auto leader = cluster_.Leader();
      const Answer put = cluster_.Put(writer, key, "v" + key);
      ASSERT_EQ(put.status, 200) << "through " << writer << ": " << put.body;
      // On a slow machine another may have been elected meanwhile.
      if (leader && leader == cluster_.Leader()) {
        EXPECT_EQ(put.Header("raftly-node"), cluster_.Name(*leader));
      }
      for (int reader = 1; reader <= cluster_.nodes(); ++reader) {
        EXPECT_EQ(cluster_.Get(reader, key).Field("value"), "v" + key)
            << "written by " << writer << ", read at " << reader;
      }
    }
    EXPECT_EQ(cluster_.Delete(1, prefix + "1").status, 200);
    EXPECT_EQ(cluster_.Get(2, prefix + "1").status, 404);
  }

  TestCluster cluster_{3};
  const int port_ = FreePorts(1)[0];
  OldPeer old_;
};

TEST_F(OldPeerTest, FollowsAndIsSentUnaryAppends) {
  Elect(/*old=*/false);
  ExpectAllServe("a");
  EXPECT_TRUE(cluster_.WaitForAgreement());
  EXPECT_GT(old_.appends(), 0);
}

TEST_F(OldPeerTest, LeadsAndIsAskedOverHttp) {
  Elect(/*old=*/true);
  ExpectAllServe("b");
  EXPECT_TRUE(cluster_.WaitForAgreement());
}

}  // namespace
}  // namespace raftly::test
