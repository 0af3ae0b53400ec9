// Whose directory it is and which cluster a node belongs to, as an operator meets it (SPEC sections 1.1 and 2.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

std::string Identity(const TestCluster& cluster, int node) {
  return ReadFile(cluster.DataDirectory(node) + "/identity");
}

// The end of a start that is refused, in one line.
std::string Refusal(TestCluster& cluster, int node, const std::vector<std::string>& more = {}) {
  const std::string before = cluster.ErrorOutput(node);
  cluster.Start(node, more);
  EXPECT_EQ(cluster.process(node).WaitForExit(kPatience), 1);
  return cluster.ErrorOutput(node).substr(before.size());
}

class OneNode : public ::testing::Test {
 protected:
  OneNode() {
    cluster_.Start(1);
    EXPECT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
    EXPECT_EQ(cluster_.Put(1, "k", "v").status, 200);
    EXPECT_TRUE(Eventually([&] { return Identity(cluster_, 1).find(R"("cluster_id":"")") == std::string::npos; }));
    EXPECT_EQ(cluster_.Terminate(1), 0);
  }
  TestCluster cluster_{1};
};

TEST_F(OneNode, TheDirectoryOfAnotherNodeIsRefusedByName) {
  EXPECT_THAT(Refusal(cluster_, 1, {"-id", "node9", "-http-peers="}),
              AllOf(HasSubstr("node1"), HasSubstr("node9"), HasSubstr("-id")));
  cluster_.Start(1);
  EXPECT_TRUE(Eventually([&] { return cluster_.Get(1, "k").status == 200; }));
}

TEST_F(OneNode, ALostLogIsRefusedWithTheRemedyAndMendedByRecover) {
  const std::string directory = cluster_.DataDirectory(1);
  std::filesystem::remove(cluster_.Wal(1));
  EXPECT_THAT(Refusal(cluster_, 1), AllOf(HasSubstr("raft.wal"), HasSubstr("-rejoin")));
  EXPECT_FALSE(std::filesystem::exists(cluster_.Wal(1)));
  const RunResult look = RunToEnd({ServerBinary(), "-inspect", directory});
  EXPECT_EQ(look.exit, 1);
  EXPECT_THAT(look.out, AllOf(HasSubstr("node1"), HasSubstr("no log")));
  const RunResult no = RunToEnd({"/bin/sh", "-c", "echo no | " + ServerBinary() + " -recover " + directory});
  EXPECT_THAT(no.out, HasSubstr("Left as it is"));
  EXPECT_TRUE(std::filesystem::exists(directory + "/identity"));
  const RunResult yes = RunToEnd({"/bin/sh", "-c", "echo yes | " + ServerBinary() + " -recover " + directory});
  EXPECT_EQ(yes.exit, 0) << yes.err;
  cluster_.Start(1);
  EXPECT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
}

TEST_F(OneNode, IsInspectedWithoutAChangeAndWhileItRunsNotRecovered) {
  const std::string directory = cluster_.DataDirectory(1);
  const std::string before = ReadFile(cluster_.Wal(1)) + Identity(cluster_, 1);
  const RunResult look = RunToEnd({ServerBinary(), "-inspect", directory});
  EXPECT_EQ(look.exit, 0) << look.out;
  EXPECT_THAT(look.out,
              AllOf(ContainsRegex("node +node1"), ContainsRegex("cluster +[0-9a-f]{32}"), HasSubstr("last entry")));
  EXPECT_EQ(ReadFile(cluster_.Wal(1)) + Identity(cluster_, 1), before);
  cluster_.Start(1);
  ASSERT_TRUE(cluster_.WaitForLeader());
  EXPECT_EQ(RunToEnd({ServerBinary(), "-inspect", directory}).exit, 0) << "reading needs no lock";
  const RunResult mend = RunToEnd({ServerBinary(), "-recover", directory, "-id", "node2"});
  EXPECT_EQ(mend.exit, 1);
  EXPECT_THAT(mend.err, HasSubstr("lock"));
}

TEST(IdentityOfCluster, RejoinLeftInOnAllNodesIsRefusedAndTheClusterGoesOn) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  ASSERT_EQ(cluster.Put(1, "k", "v").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  for (int node = 1; node <= 3; ++node) ASSERT_EQ(cluster.Terminate(node), 0);
  for (int node = 1; node <= 3; ++node) {
    EXPECT_THAT(Refusal(cluster, node, {"-rejoin"}), AllOf(HasSubstr("-rejoin"), HasSubstr("whole")));
  }
  cluster.StartAll();
  EXPECT_TRUE(Eventually([&] { return cluster.Get(2, "k").status == 200; }));
}

TEST(IdentityOfCluster, SwappedAddressesAreNamedAndSeenInTheOverview) {
  TestCluster cluster(3);
  cluster.Start(2);
  cluster.Start(3);
  ASSERT_TRUE(Eventually([&] { return cluster.Leader().has_value(); }));
  // node1 takes node2 for node3 and the other way round.
  cluster.Start(1, {"-peers", "node2=" + Local(cluster.grpc_port(3)) + ",node3=" + Local(cluster.grpc_port(2))});
  EXPECT_TRUE(Eventually([&] {
    return Ask(cluster.http_port(1), "GET", "/api/cluster").body.find("which asks for node") != std::string::npos;
  })) << Ask(cluster.http_port(1), "GET", "/api/cluster").body;
  EXPECT_TRUE(Eventually([&] {
    return cluster.ErrorOutput(2).find("refuses node1, which asks for node3") != std::string::npos ||
           cluster.ErrorOutput(3).find("refuses node1, which asks for node2") != std::string::npos;
  }));
  EXPECT_EQ(cluster.Put(2, "k", "v").status, 200);
}

// One lists an address of the other from its first start on.
TEST(IdentityOfCluster, AnAddressOfAnotherClusterHurtsNobody) {
  TestCluster ours(3);
  TestCluster theirs(2);
  ours.StartAll();
  ASSERT_TRUE(ours.WaitForLeader());
  ASSERT_EQ(ours.Put(1, "k", "ours").status, 200);
  ASSERT_TRUE(ours.WaitForMembers());
  ASSERT_TRUE(ours.WaitForAgreement());
  const std::string term = ours.Status(3).Field("term");
  theirs.Start(1, {"-peers", "node2=" + Local(theirs.grpc_port(2)) + ",node3=" + Local(ours.grpc_port(3))});
  theirs.Start(2);

  EXPECT_TRUE(Eventually([&] { return ours.ErrorOutput(3).find("of cluster") != std::string::npos; }));
  EXPECT_THAT(ours.ErrorOutput(3), ContainsRegex("node3 of cluster [0-9a-f]{32} refuses node1"));
  const std::string metrics = Ask(ours.http_port(3), "GET", "/metrics").body;
  EXPECT_THAT(metrics, ContainsRegex("raftly_messages_refused_total.reason=.misdirected.. [1-9]"));
  EXPECT_TRUE(ours.process(3).running());
  EXPECT_EQ(ours.Get(3, "k").Field("value"), "ours");
  EXPECT_EQ(ours.Status(3).Field("term"), term);
  // And it serves: two of what it takes for three are a majority.
  EXPECT_TRUE(Eventually([&] { return theirs.Put(1, "k", "theirs").status == 200; }));
}

TEST(IdentityOfCluster, ACopiedDirectoryIsTakenOverForEachNode) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  ASSERT_EQ(cluster.Put(1, "k", "v").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  for (int node = 1; node <= 3; ++node) ASSERT_EQ(cluster.Terminate(node), 0);
  for (int node = 2; node <= 3; ++node) {
    std::filesystem::remove_all(cluster.DataDirectory(node));
    std::filesystem::copy(cluster.DataDirectory(1), cluster.DataDirectory(node));
    EXPECT_THAT(Refusal(cluster, node), HasSubstr("directory of node1"));
    const std::string command =
        "echo yes | " + ServerBinary() + " -recover " + cluster.DataDirectory(node) + " -id " + cluster.Name(node);
    const RunResult taken = RunToEnd({"/bin/sh", "-c", command});
    EXPECT_EQ(taken.exit, 0) << taken.err;
  }
  cluster.StartAll();
  EXPECT_TRUE(Eventually([&] { return cluster.Get(3, "k").Field("value") == "v"; })) << cluster.ErrorOutput(3);
}

}  // namespace
}  // namespace raftly::test
