// Backups of a running cluster, and what becomes of them: a drill with real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

class Backups : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(cluster_.Put(1, "k" + std::to_string(i), "v" + std::to_string(i)).status, 200);
  }
  RunResult Client(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), ClientBinary());
    return RunToEnd(arguments);
  }
  RunResult Backup(int node, const std::string& file) const {
    return Client({"127.0.0.1:" + std::to_string(cluster_.http_port(node)), "backup", file});
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  std::vector<std::string> Restore(const std::string& backup, const std::vector<int>& ports,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {ServerBinary(), "-id", "new", "-data-dir", Path("new")};
    arguments.insert(arguments.end(), {"-grpc-addr", "127.0.0.1:" + std::to_string(ports[0])});
    arguments.insert(arguments.end(), {"-http-addr", "127.0.0.1:" + std::to_string(ports[1])});
    if (!backup.empty()) arguments.insert(arguments.end(), {"-restore", backup});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TestCluster cluster_{3};
  TemporaryDirectory directory_;
};

TEST_F(Backups, OfAnyNodeHoldWhatWasAcknowledgedAndStartANewCluster) {
  for (int node = 1; node <= 3; ++node) {
    ASSERT_EQ(cluster_.Put(node % 3 + 1, "last", std::to_string(node)).status, 200);
    const std::string file = Path("backup" + std::to_string(node));
    const RunResult made = Backup(node, file);
    ASSERT_EQ(made.exit, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("OK: " + file));
    EXPECT_EQ(Client({"verify", file}).exit, 0);

    std::filesystem::remove_all(Path("new"));
    const std::vector<int> ports = FreePorts(2);
    {
      Process server(Restore(file, ports), Path("server"));
      ASSERT_TRUE(Eventually([&] { return Ask(ports[1], "GET", "/keys/k49").status == 200; }))
          << ReadFile(Path("server.err"));
      EXPECT_EQ(Ask(ports[1], "GET", "/keys/last").Field("value"), std::to_string(node));
      EXPECT_EQ(Ask(ports[1], "PUT", "/keys/after", PutBody("x")).status, 200);
      server.Signal(SIGTERM);
      EXPECT_EQ(server.WaitForExit(kPatience), 0);
    }
    Process again(Restore("", ports), Path("server"));
    EXPECT_TRUE(Eventually([&] { return Ask(ports[1], "GET", "/keys/after").status == 200; }))
        << "it is a node's own now";
    const RunResult look = RunToEnd({ServerBinary(), "-inspect", Path("new")});
    const RunResult theirs = RunToEnd({ServerBinary(), "-inspect", cluster_.DataDirectory(1)});
    const auto cluster_of = [](const std::string& text) { return text.substr(text.find("cluster "), 14 + 32); };
    EXPECT_NE(cluster_of(look.out), cluster_of(theirs.out)) << "old members cannot mix with it";
  }
}

TEST_F(Backups, OneThatBrokeOffIsGoneOnWith) {
  const std::string file = Path("backup");
  ASSERT_EQ(Backup(1, file).exit, 0);
  const std::string whole = ReadFile(file);
  WriteFile(Path("again.part"), whole.substr(0, whole.size() / 2));
  const RunResult resumed = Backup(1, Path("again"));
  EXPECT_EQ(resumed.exit, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("resumed at"));
  EXPECT_EQ(ReadFile(Path("again")), whole);
  // Another node does not have that snapshot, or has it: either way the file is whole.
  WriteFile(Path("other.part"), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Backup(2, Path("other")).exit, 0);
  EXPECT_EQ(Client({"verify", Path("other")}).exit, 0);
}

TEST_F(Backups, OneThatIsDamagedOrCutIsRefusedAndLeavesNothing) {
  const std::string file = Path("backup");
  ASSERT_EQ(Backup(1, file).exit, 0);
  const std::string whole = ReadFile(file);
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
  const std::vector<int> ports = FreePorts(2);
  for (const std::string& bad : {whole.substr(0, whole.size() - 1), flipped, std::string(), std::string("no backup")}) {
    WriteFile(Path("bad"), bad);
    const RunResult verified = Client({"verify", Path("bad")});
    EXPECT_EQ(verified.exit, 1);
    EXPECT_THAT(verified.err, HasSubstr("offset"));
    const RunResult restored = RunToEnd(Restore(Path("bad"), ports));
    EXPECT_EQ(restored.exit, 1);
    EXPECT_THAT(restored.err, HasSubstr("offset"));
    EXPECT_FALSE(std::filesystem::exists(Path("new")));
  }
}

// Its log begins behind the entry that names the cluster.
TEST(Snapshots, AWipedNodeComesBackByOneAndKnowsItsCluster) {
  TestCluster cluster(3,
                      {"-election-timeout", "400", "-heartbeat", "80", "-snapshot-log-mib", "1", "-keep-log-mib", "0"});
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const auto wiped_has = [&](const std::string& id) {
    return ReadFile(cluster.DataDirectory(3) + "/identity").find(id) != std::string::npos;
  };
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(
        Eventually([&] { return cluster.Put(1, "k" + std::to_string(i), std::string(900'000, 'v')).status == 200; }));
  }
  for (int node = 1; node <= 2; ++node) {
    ASSERT_TRUE(Eventually([&] { return std::atoi(cluster.Status(node).Field("first_index").c_str()) > 3; })) << node;
  }
  cluster.Kill(3);
  std::filesystem::remove_all(cluster.DataDirectory(3));
  cluster.Start(3, {"-rejoin"});
  ASSERT_TRUE(cluster.Replace(1, 3));
  EXPECT_TRUE(Eventually([&] { return std::atoi(cluster.Status(3).Field("snapshot_index").c_str()) > 3; }))
      << cluster.ErrorOutput(3);
  EXPECT_TRUE(Eventually([&] { return cluster.GetStale(3, "k5").status == 200; }));
  const std::string identity = ReadFile(cluster.DataDirectory(1) + "/identity");
  const std::string id = identity.substr(identity.find(':') + 2, 32);
  EXPECT_TRUE(Eventually([&] { return wiped_has(id); })) << id;
}

TEST_F(Backups, AreRestoredIntoAnEmptyDirectoryAndByOneNodeOnly) {
  const std::string file = Path("backup");
  ASSERT_EQ(Backup(1, file).exit, 0);
  const std::vector<int> ports = FreePorts(2);
  std::filesystem::create_directory(Path("new"));
  WriteFile(Path("new/something"), "x");
  const RunResult full = RunToEnd(Restore(file, ports));
  EXPECT_EQ(full.exit, 1);
  EXPECT_THAT(full.err, HasSubstr("is not empty"));
  const RunResult peers = RunToEnd(Restore(file, ports, {"-peers", "other=127.0.0.1:1"}));
  EXPECT_EQ(peers.exit, 1);
  EXPECT_THAT(peers.err, HasSubstr("-peers"));
  EXPECT_EQ(RunToEnd(Restore(Path("nowhere"), ports)).exit, 1);
}

}  // namespace
}  // namespace raftly::test
