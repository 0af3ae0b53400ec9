// Snapshots on threads and files: taken while clients write, let go with the log, sent to who needs one, and found
// again at a start, whole or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/node/faulty_disk.h"
#include "tests/node/node_cluster.h"
#include "tests/support/mutation.h"

namespace raftly::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

void Compact(NodeCluster& cluster, const NodeId& id) {
  NodeConfig& config = cluster.config(id);
  config.snapshots = {.log_bytes = 2000, .keep_bytes = 0, .slice_bytes = 50, .piece_bytes = 300};
  config.wal.segment_bytes = 1000;
  config.core.defences = DefencesUnderTest();
}

class Compacting : public ::testing::Test {
 protected:
  // With the policy from the start.
  void Begin(size_t servers, FileSystem* files = nullptr) {
    cluster_ = std::make_unique<NodeCluster>(static_cast<int>(servers), files);
    for (const NodeId& id : cluster_->ids()) {
      cluster_->Stop(id);
      Compact(*cluster_, id);
    }
    for (const NodeId& id : cluster_->ids()) ASSERT_TRUE(cluster_->Start(id).ok());
  }
  void Write(size_t count) {
    for (size_t i = 0; i < count; ++i) cluster_->ProposeUntilDone("command " + std::to_string(written_++));
  }
  std::vector<std::filesystem::path> Files(const NodeId& id, const std::string& end) const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(cluster_->directory(id))) {
      if (file.path().string().ends_with(end)) files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  Index SnapshotOf(const NodeId& id) { return cluster_->at(id).node.status().snapshot_index; }
  static void Flip(const std::filesystem::path& path, std::streamoff offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(offset);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(offset);
    file.put(byte);
  }

  FaultyDisk disk_;  // outlives the cluster
  std::unique_ptr<NodeCluster> cluster_;
  size_t written_ = 0;
};

TEST_F(Compacting, LogGoesWithSnapshotsAndStatesStayEqual) {
  Begin(3);
  Write(400);
  cluster_->WaitForAgreement(written_);
  for (const NodeId& id : cluster_->ids()) {
    EXPECT_TRUE(Eventually([&] { return SnapshotOf(id) > Index{100}; })) << id;
    EXPECT_TRUE(Eventually([&] { return cluster_->at(id).node.status().first_index > Index{100}; })) << id;
    // On a slow disk one snapshot may have served for all that was written, or a peer may have needed a third: what
    // goes goes with the next, for which there has to be something new.
    EXPECT_TRUE(Eventually([&] {
      const bool gone = Files(id, ".snap").size() == 2 && Files(id, ".wal").size() < 20;
      if (!gone) Write(20);
      return gone;
    })) << id
        << ": " << Files(id, ".snap").size() << " snapshots, " << Files(id, ".wal").size() << " segments";
  }
}

TEST_F(Compacting, ARestartBeginsWithTheSnapshotAndTheLogAfterIt) {
  Begin(1);
  Write(200);
  cluster_->WaitForAgreement(written_);
  ASSERT_TRUE(Eventually([&] { return SnapshotOf("node1") > Index{50}; }));
  for (const bool crash : {false, true}) {
    crash ? cluster_->Crash("node1") : cluster_->Stop("node1");
    ASSERT_TRUE(cluster_->Start("node1").ok());
    EXPECT_GT(SnapshotOf("node1"), Index{50});
    Write(1);
    EXPECT_EQ(cluster_->WaitForAgreement(written_).size(), written_);
  }
}

TEST_F(Compacting, AWipedNodeComesBackBySnapshot) {
  Begin(3);
  Write(200);
  const NodeId leader = cluster_->WaitForLeader();
  const NodeId wiped = leader == "node1" ? "node2" : "node1";
  cluster_->Stop(wiped);
  std::filesystem::remove_all(cluster_->directory(wiped));
  Write(100);
  cluster_->config(wiped).core.rejoin = true;
  ASSERT_TRUE(cluster_->Start(wiped).ok());
  EXPECT_EQ(cluster_->WaitForAgreement(written_).size(), written_);
  EXPECT_GT(cluster_->at(wiped).node.status().first_index, Index{1}) << "it was not sent the whole log";
  EXPECT_TRUE(Eventually([&] { return cluster_->at(wiped).node.status().may_vote; }));
}

// The log that said it is gone.
TEST_F(Compacting, AWipedNodeLearnsItsClusterFromTheSnapshot) {
  Begin(3);
  for (const NodeId& id : cluster_->ids()) {
    cluster_->Stop(id);
    std::filesystem::remove_all(cluster_->directory(id));
    cluster_->config(id).fresh_ids = {.incarnation = UniqueId(id.back(), 1), .cluster_id = UniqueId(id.back(), 2)};
  }
  for (const NodeId& id : cluster_->ids()) ASSERT_TRUE(cluster_->Start(id).ok());
  const NodeId leader = cluster_->WaitForLeader();
  ASSERT_TRUE(Eventually([&] { return !cluster_->at(leader).node.status().cluster_id.empty(); }));
  const std::string cluster_id = cluster_->at(leader).node.status().cluster_id;
  Write(200);
  const NodeId wiped = cluster_->WaitForLeader() == "node1" ? "node2" : "node1";
  cluster_->Stop(wiped);
  std::filesystem::remove_all(cluster_->directory(wiped));
  Write(100);
  cluster_->config(wiped).core.rejoin = true;
  cluster_->config(wiped).fresh_ids.incarnation = UniqueId(9, 9);
  ASSERT_TRUE(cluster_->Start(wiped).ok());
  cluster_->WaitForAgreement(written_);
  EXPECT_GT(cluster_->at(wiped).node.status().first_index, Index{1});
  EXPECT_EQ(cluster_->at(wiped).node.status().cluster_id, cluster_id);
}

// The one before stays, and so does all of the log since.
TEST_F(Compacting, WhereNoSnapshotCanBeMadeNoLogGoes) {
  Begin(1, &disk_);
  for (const size_t snapshots : {0u, 2u}) {
    cluster_->Stop("node1");
    disk_.snapshots_fail = true;
    const auto files = Files("node1", ".snap");
    ASSERT_GE(files.size(), snapshots);  // a stop may come before the oldest is removed
    ASSERT_TRUE(cluster_->Start("node1").ok());
    const Index before = SnapshotOf("node1");
    Write(200);
    EXPECT_EQ(SnapshotOf("node1"), before);
    cluster_->Stop("node1");
    EXPECT_EQ(Files("node1", ".snap"), files);
    EXPECT_THAT(Files("node1", ".tmp"), SizeIs(0));
    ASSERT_TRUE(cluster_->Start("node1").ok());
    EXPECT_EQ(cluster_->WaitForAgreement(written_).size(), written_);

    disk_.snapshots_fail = false;
    cluster_->Stop("node1");
    ASSERT_TRUE(cluster_->Start("node1").ok());
    Write(200);
    ASSERT_TRUE(Eventually([&] { return Files("node1", ".snap").size() >= 2; }));
  }
}

TEST_F(Compacting, ADamagedSnapshotIsSetAsideAndTheOneBeforeServes) {
  Begin(1);
  Write(200);
  cluster_->WaitForAgreement(written_);
  ASSERT_TRUE(Eventually([&] { return Files("node1", ".snap").size() == 2; }));
  cluster_->Stop("node1");
  Flip(Files("node1", ".snap").back(), 200);
  ASSERT_TRUE(cluster_->Start("node1").ok());
  EXPECT_EQ(cluster_->WaitForAgreement(written_).size(), written_);
  EXPECT_THAT(Files("node1", ".damaged"), SizeIs(1));
}

TEST_F(Compacting, WithoutASnapshotThatReachesTheLogItDoesNotStart) {
  Begin(1);
  Write(200);
  ASSERT_TRUE(Eventually([&] { return Files("node1", ".snap").size() == 2; }));
  cluster_->Stop("node1");
  for (const auto& path : Files("node1", ".snap")) Flip(path, 200);
  const absl::Status refused = cluster_->Start("node1");
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("snapshot-"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("-rejoin"));
}

TEST_F(Compacting, ASnapshotOfAnotherMachineIsRefused) {
  Begin(1);
  Write(200);
  ASSERT_TRUE(Eventually([&] { return Files("node1", ".snap").size() == 2; }));
  cluster_->Stop("node1");
  class Other : public Recorder {
   public:
    Format format() const override { return {"something else", 1}; }
  };
  Other other;
  ThreadLoop loop("loop");
  ThreadLoop disk("disk");
  ThreadLoop apply("apply");
  InMemNetwork network;
  InMemTransport transport(network, "node1", loop);
  const auto files = NewPosixFileSystem();
  RaftNode node(cluster_->config("node1"), Environment{loop, disk, disk, apply, *files, transport, 1}, other, nullptr);
  const absl::Status refused = node.Start();
  for (ThreadLoop* executor : {&loop, &disk, &apply}) executor->Stop();
  EXPECT_TRUE(absl::IsUnimplemented(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("\"recorder\", and this is \"something else\""));
}

}  // namespace
}  // namespace raftly::testing
