// Whose directory it is, which cluster a node belongs to, and what is refused (SPEC section 1.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "raft/node/errors.h"
#include "raft/node/node_identity.h"
#include "tests/node/node_cluster.h"
#include "tests/support/faulty_files.h"

namespace raftly::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Id(uint64_t number) { return UniqueId(0, number); }

// What RaftNode does with a directory before it takes part in anything.
absl::StatusOr<NodeIdentity> StartOn(FileSystem& files, const NodeId& self, const std::string& incarnation,
                                     bool rejoin = false, const Entries& entries = {}) {
  NodeIdentity identity(files, "d", self, {.incarnation = incarnation, .cluster_id = Id(9)});
  const auto known = identity.Look();
  if (!known.ok()) return known.status();
  const auto opened = Wal::Open(files, "d", {.reserve_bytes = 512, .low_water_bytes = 512, .must_exist = *known});
  if (!opened.ok()) return opened.status();
  if (auto status = identity.TakeUp(*opened, rejoin); !status.ok()) return status;
  if (entries.empty()) return identity;
  if (auto status = opened->log->Append(HardState{.term = {1}}, entries); !status.ok()) return status;
  if (auto status = opened->log->Sync(); !status.ok()) return status;
  return identity;
}

Entry ClusterEntry(uint64_t index, const std::string& id) {
  return {.index = {index}, .term = {1}, .type = EntryType::kConfig, .data = Bytes(EncodeClusterId(id))};
}

// ---- The directory -------------------------------------------------------------------------------------------------

TEST(Directory, ANewOneGetsAnIncarnationThatStays) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node1", Id(1)).ok());
  const auto again = StartOn(files, "node1", Id(2));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->incarnation(), Id(1));
}

TEST(Directory, OneWithoutAnIdentityGetsOneAtStart) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node1", "", false, {{.index = {1}, .term = {1}}}).ok());
  EXPECT_EQ(files.Contents("d/identity"), "") << "as version 0.1 leaves it";
  ASSERT_TRUE(StartOn(files, "node1", Id(1)).ok());
  EXPECT_EQ((*ReadIdentity(files, "d"))->incarnation, Id(1));
}

TEST(Directory, OfAnotherNodeIsRefusedByName) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node2", Id(1)).ok());
  const auto before = files.Everything();
  const absl::Status refused = StartOn(files, "node9", Id(2)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("node2"), HasSubstr("node9"), HasSubstr("d:")));
  EXPECT_EQ(files.Everything(), before);
}

TEST(Directory, WithoutItsLogIsRefusedWithTheRemedy) {
  for (const bool empty : {false, true}) {
    FaultyFiles files;
    ASSERT_TRUE(StartOn(files, "node1", Id(1), false, {{.index = {1}, .term = {1}}}).ok());
    ASSERT_TRUE(files.Remove("d/raft.wal").ok());
    if (empty) files.Put("d/raft.wal", "");
    for (const bool rejoin : {false, true}) {
      const absl::Status refused = StartOn(files, "node1", Id(2), rejoin).status();
      EXPECT_TRUE(absl::IsFailedPrecondition(refused));
      EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("d/raft.wal"), HasSubstr("-rejoin")));
    }
    EXPECT_EQ(files.Contents("d/raft.wal"), "") << "nothing was begun in its place";
  }
}

TEST(Directory, AFirstStartThatIsInterruptedAnywhereMayBeTriedAgain) {
  std::mt19937_64 random(1);
  bool whole = false;
  for (int steps = 0; !whole; ++steps) {
    ASSERT_LT(steps, 100);
    for (int tries = 0; tries < 20; ++tries) {
      FaultyFiles files;
      files.power_for = steps;
      whole = StartOn(files, "node1", Id(1)).ok();
      files.Crash(random, 1);
      const auto second = StartOn(files, "node1", Id(2));
      ASSERT_TRUE(second.ok()) << "after " << steps << " steps: " << second.status();
      files.Crash(random, 1);
      const auto third = StartOn(files, "node1", Id(3));
      ASSERT_TRUE(third.ok()) << third.status();
      EXPECT_EQ(third->incarnation(), second->incarnation()) << "what was told to others is durable";
    }
  }
}

TEST(Directory, RejoiningOnAWholeLogIsRefused) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node1", Id(1), false, {{.index = {1}, .term = {1}}}).ok());
  const absl::Status refused = StartOn(files, "node1", Id(1), /*rejoin=*/true).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("-rejoin"));
  EXPECT_TRUE(StartOn(files, "node1", Id(1)).ok()) << "nothing has changed";
}

TEST(Directory, WithTheLogOfAnotherClusterIsRefused) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node1", Id(1), false, {ClusterEntry(1, Id(7))}).ok());
  ASSERT_TRUE(WriteIdentity(files, "d", {Id(7), "node1", Id(1)}).ok());
  EXPECT_TRUE(StartOn(files, "node1", Id(1)).ok());
  ASSERT_TRUE(WriteIdentity(files, "d", {Id(8), "node1", Id(1)}).ok());
  const absl::Status refused = StartOn(files, "node1", Id(1)).status();
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr(Id(7)), HasSubstr(Id(8)), HasSubstr("entry 1")));
}

// ---- The cluster ---------------------------------------------------------------------------------------------------

// An older build would take what follows for something else.
TEST(ClusterOfNode, ALogThatNeedsANewerVersionIsRefused) {
  FaultyFiles files;
  const auto says = [](uint32_t features) {
    return Entry{
        .index = {1}, .term = {1}, .type = EntryType::kConfig, .data = Bytes(EncodeConfiguration({}, features))};
  };
  NodeIdentity identity(files, "d", "node1", {}, /*supported=*/3);
  EXPECT_TRUE(identity.OnCommitted(says(1)).ok());
  EXPECT_TRUE(identity.OnCommitted(says(3)).ok());
  EXPECT_EQ(identity.features(), 3u);
  const absl::Status refused = identity.OnCommitted(says(7)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(std::string(refused.message()).find("needs a newer version"), std::string::npos) << refused;
  EXPECT_FALSE(identity.OnSnapshot(Index{1}, EncodeConfiguration(Id(7), 4)).ok());
  EXPECT_EQ(identity.features(), 3u);
}

TEST(ClusterOfNode, TheFirstIdThatIsCommittedCounts) {
  FaultyFiles files;
  auto identity = StartOn(files, "node1", Id(1));
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->Proposal(), EncodeClusterId(Id(9)));
  EXPECT_FALSE(*identity->OnCommitted({.index = {1}, .term = {1}}));
  EXPECT_TRUE(*identity->OnCommitted(ClusterEntry(2, Id(7))));
  EXPECT_FALSE(*identity->OnCommitted(ClusterEntry(3, Id(8)))) << "two leaders proposed one";
  EXPECT_EQ(identity->cluster_id(), Id(7));
  EXPECT_EQ(identity->Proposal(), std::nullopt);
}

TEST(ClusterOfNode, ALogThatSaysAnotherOneEndsIt) {
  FaultyFiles files;
  ASSERT_TRUE(StartOn(files, "node1", Id(1)).ok());
  ASSERT_TRUE(WriteIdentity(files, "d", {Id(8), "node1", Id(1)}).ok());
  auto identity = StartOn(files, "node1", Id(1));
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(std::string(identity->OnCommitted(ClusterEntry(2, Id(7))).status().message()),
              AllOf(HasSubstr(Id(7)), HasSubstr(Id(8))));
}

// ---- What others say -----------------------------------------------------------------------------------------------

class Stranger : public ::testing::Test {
 protected:
  Stranger() {
    EXPECT_TRUE(StartOn(files_, "node1", Id(1)).ok());
    EXPECT_TRUE(WriteIdentity(files_, "d", {Id(7), "node1", Id(1)}).ok());
    identity_.emplace(*StartOn(files_, "node1", Id(1)));
  }
  std::string Objection(const NodeId& from, const Stamp& stamp) {
    return identity_->ObjectionTo(from, stamp).value_or("none");
  }

  FaultyFiles files_;
  std::optional<NodeIdentity> identity_;
};

TEST_F(Stranger, OfAnotherClusterIsRefusedAndBothAreNamed) {
  EXPECT_THAT(Objection("node2", {.cluster_id = Id(8), .to = "node1", .incarnation = Id(2)}),
              AllOf(HasSubstr("node1 of cluster " + Id(7)), HasSubstr("node2 of cluster " + Id(8))));
}

TEST_F(Stranger, WhoMeansAnotherNodeIsRefusedAndAllThreeAreNamed) {
  EXPECT_THAT(Objection("node2", {.cluster_id = Id(7), .to = "node3", .incarnation = Id(2)}),
              AllOf(HasSubstr("node1"), HasSubstr("node2"), HasSubstr("node3")));
}

TEST_F(Stranger, ThatIsOurselvesIsToldSo) {
  EXPECT_THAT(Objection("node1", {.cluster_id = Id(7), .to = "node2", .incarnation = Id(1)}),
              AllOf(HasSubstr("node1 calls itself"), HasSubstr("node2")));
}

TEST_F(Stranger, AMemberIsServedAndSoIsAPeerThatSaysNothing) {
  EXPECT_EQ(Objection("node2", identity_->StampFor("node1")), "none");
  EXPECT_EQ(Objection("node2", {}), "none") << "a Go node, or version 0.1";
  EXPECT_EQ(Objection("node2", {.to = "node1", .incarnation = Id(2)}), "none") << "knows no cluster yet";
}

// ---- Whole clusters ------------------------------------------------------------------------------------------------

class IdentifiedCluster : public ::testing::Test {
 protected:
  // Every start has ids of its own, as in production.
  void Restart(bool identified = true) {
    for (const NodeId& id : kIds) {
      if (cluster_.running(id)) cluster_.Stop(id);
      cluster_.config(id).fresh_ids = identified ? FreshIds{Id(++drawn_), Id(++drawn_)} : FreshIds{};
    }
    for (const NodeId& id : kIds) ASSERT_TRUE(cluster_.Start(id).ok());
  }
  Identity OnDisk(const NodeId& id) {
    const auto found = ReadIdentity(*posix_, cluster_.directory(id).string());
    return found.ok() ? found->value_or(Identity{}) : Identity{};
  }
  // The id that all three directories hold; waits for it.
  std::string AgreedId() {
    EXPECT_TRUE(Eventually([&] {
      const std::string first = OnDisk("node1").cluster_id;
      return !first.empty() && OnDisk("node2").cluster_id == first && OnDisk("node3").cluster_id == first;
    }));
    return OnDisk("node1").cluster_id;
  }

  const std::vector<NodeId> kIds = {"node1", "node2", "node3"};
  NodeCluster cluster_{3};
  std::unique_ptr<FileSystem> posix_ = NewPosixFileSystem();
  uint64_t drawn_ = 0;
};

TEST_F(IdentifiedCluster, DirectoriesOfVersion01GetAnIdThatAllAgreeOnAndKeep) {
  cluster_.ProposeUntilDone("before");
  EXPECT_EQ(OnDisk("node1"), Identity{});
  Restart();
  const std::string agreed = AgreedId();
  Restart();
  cluster_.ProposeUntilDone("after");
  EXPECT_EQ(AgreedId(), agreed);
  EXPECT_EQ(cluster_.WaitForAgreement(2), (std::vector<std::string>{"before", "after"})) << "the id is no command";
  const NodeId leader = cluster_.WaitForLeader();
  EXPECT_EQ(cluster_.at(leader).node.status().cluster_id, agreed);
}

TEST_F(IdentifiedCluster, ALostDirectoryComesBackAsAnotherIncarnationOfTheSameCluster) {
  Restart();
  cluster_.ProposeUntilDone("x");
  const std::string agreed = AgreedId();
  const std::string before = OnDisk("node3").incarnation;
  cluster_.Stop("node3");
  std::filesystem::remove_all(cluster_.directory("node3"));
  cluster_.config("node3").fresh_ids = {Id(++drawn_), Id(++drawn_)};
  cluster_.config("node3").core.rejoin = true;
  ASSERT_TRUE(cluster_.Start("node3").ok());
  EXPECT_EQ(AgreedId(), agreed);
  EXPECT_NE(OnDisk("node3").incarnation, before);
  EXPECT_TRUE(Eventually([&] { return cluster_.at("node3").node.status().may_vote; }));
  cluster_.Stop("node3");
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster_.Start("node3"))) << "-rejoin was left in";
}

}  // namespace
}  // namespace raftly::testing
