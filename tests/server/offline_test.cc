// -inspect and -recover, on directories as a crash, an operator or a stranger left them.
#include "server/offline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raft/storage/wal.h"
#include "tests/support/faulty_files.h"

namespace raftly::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDirectory = "d";
std::string Id(uint64_t number) { return UniqueId(0, number); }

class Offline : public ::testing::Test {
 protected:
  void Log(const HardState& state, const Entries& entries) {
    auto opened = Wal::Open(files_, kDirectory, {.reserve_bytes = 512, .low_water_bytes = 512});
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_TRUE(opened->log->Append(state, entries).ok());
    ASSERT_TRUE(opened->log->Sync().ok());
    ASSERT_TRUE(opened->log->Close().ok());
  }
  void Identify(const NodeId& node, const std::string& cluster) {
    ASSERT_TRUE(WriteIdentity(files_, kDirectory, {cluster, node, Id(1)}).ok());
  }
  DirectoryReport Report() {
    auto report = ReadDirectory(files_, kDirectory);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : DirectoryReport{};
  }
  Inspection Look() { return Inspect(Report(), kDirectory); }
  // What it says and asks is in said_.
  absl::Status Mend(bool agree, const NodeId& self = {}) {
    said_.clear();
    const auto say = [this](const std::string& text) { said_ += text; };
    return Recover({files_, say, [agree](const std::string&) { return agree; }, [] { return Id(77); }}, kDirectory,
                   self);
  }

  FaultyFiles files_;
  std::string said_;
};

Entry ClusterEntry(uint64_t index, const std::string& id) {
  return {.index = {index}, .term = {3}, .type = EntryType::kConfig, .data = Bytes(EncodeClusterId(id))};
}

TEST_F(Offline, InspectingTellsAllThatThereIsAndChangesNothing) {
  Log({.term = {4}, .voted_for = "node2"}, {ClusterEntry(1, Id(7)), {.index = {2}, .term = {4}}});
  Identify("node1", Id(7));
  const auto before = files_.Everything();
  const Inspection inspection = Look();
  EXPECT_TRUE(inspection.sound) << inspection.text;
  EXPECT_THAT(inspection.text,
              AllOf(HasSubstr("node1"), HasSubstr(Id(7)), HasSubstr(Id(1)), HasSubstr("4, voted for node2"),
                    HasSubstr("first entry   index 1, term 3"), HasSubstr("last entry    index 2, term 4")));
  EXPECT_EQ(files_.Everything(), before);
}

TEST_F(Offline, ATornTailIsToldAndIsNothingWrong) {
  Log({.term = {4}}, {{.index = {1}, .term = {4}}});
  files_.Put("d/raft.wal", files_.Contents("d/raft.wal") + std::string("\0\0\0\x20half", 8));
  const Inspection inspection = Look();
  EXPECT_TRUE(inspection.sound) << inspection.text;
  EXPECT_THAT(inspection.text, HasSubstr("torn tail"));
}

TEST_F(Offline, RotIsToldWithItsPlaceAndNotMended) {
  Log({.term = {4}}, {{.index = {1}, .term = {4}, .data = Bytes(std::string(100, 'x'))}});
  std::string log = files_.Contents("d/raft.wal");
  const size_t at = log.find("xxxx");
  ASSERT_NE(at, std::string::npos);
  log[at] = 'y';
  files_.Put("d/raft.wal", log);
  const Inspection inspection = Look();
  EXPECT_FALSE(inspection.sound);
  EXPECT_THAT(inspection.text, AllOf(HasSubstr("wrong"), HasSubstr("is damaged"), HasSubstr("-rejoin")));
  EXPECT_TRUE(absl::IsDataLoss(Mend(true)));
  EXPECT_EQ(files_.Contents("d/raft.wal"), log);
}

TEST_F(Offline, OfRotItIsToldWhetherPeersCanMendIt) {
  Log({.term = {4}}, {{.index = {1}, .term = {4}, .data = Bytes(std::string("first"))}});
  std::string log = files_.Contents("d/raft.wal");
  log[log.find("first")] = 'F';
  files_.Put("d/raft.wal", log);
  EXPECT_THAT(Look().text, HasSubstr("not from peers"));
  log[log.find("First")] = 'f';
  files_.Put("d/raft.wal", log);
  Log({.term = {5}}, {{.index = {2}, .term = {5}, .data = Bytes(std::string("second"))}});
  log = files_.Contents("d/raft.wal");
  log[log.find("first")] = 'F';
  files_.Put("d/raft.wal", log);
  const Inspection inspection = Look();
  EXPECT_FALSE(inspection.sound);
  EXPECT_THAT(inspection.text, AllOf(HasSubstr("gets it back from peers that hold it"),
                                     HasSubstr("missing are the entries from index 1 to 1")));
}

TEST_F(Offline, AnEmptyDirectoryIsSaidToBeEmpty) {
  ASSERT_TRUE(files_.CreateDirectory(kDirectory).ok());
  EXPECT_TRUE(absl::IsNotFound(ReadDirectory(files_, kDirectory).status()));
}

TEST_F(Offline, NothingIsChangedWithoutAYes) {
  Log({.term = {4}, .may_vote = false}, {{.index = {1}, .term = {4}}});
  Identify("node1", Id(7));
  ASSERT_TRUE(files_.Lock("d/raft.lock").ok());
  const auto before = files_.Everything();
  EXPECT_TRUE(Mend(false, "node2").ok());
  EXPECT_THAT(said_, AllOf(HasSubstr("may not vote"), HasSubstr("directory of node1"), HasSubstr("Left as it is")));
  EXPECT_EQ(files_.Everything(), before);
}

TEST_F(Offline, TheVoteThatARejoinTookIsGivenBack) {
  Log({.term = {4}, .voted_for = "node2", .may_vote = false}, {{.index = {1}, .term = {4}}});
  Identify("node1", Id(7));
  EXPECT_FALSE(Look().sound);
  EXPECT_TRUE(Mend(true).ok());
  const DirectoryReport after = Report();
  EXPECT_TRUE(after.hard_state.may_vote);
  EXPECT_EQ(after.hard_state.term, Term{4});
  EXPECT_EQ(after.hard_state.voted_for, "node2");
  EXPECT_EQ(after.entries.size(), 1u);
  EXPECT_TRUE(Look().sound) << Look().text;
}

TEST_F(Offline, ALostLogLeavesADirectoryThatIsNew) {
  Log({.term = {4}}, {{.index = {1}, .term = {4}}});
  Identify("node1", Id(7));
  ASSERT_TRUE(files_.Remove("d/raft.wal").ok());
  EXPECT_THAT(Look().text, HasSubstr("there is an identity and no log"));
  EXPECT_TRUE(Mend(true).ok());
  EXPECT_THAT(said_, HasSubstr("-rejoin"));
  EXPECT_TRUE(absl::IsNotFound(ReadDirectory(files_, kDirectory).status()));
}

TEST_F(Offline, ACopyOfAnothersDirectoryIsTakenOver) {
  Log({.term = {4}}, {ClusterEntry(1, Id(7))});
  Identify("node1", Id(7));
  EXPECT_TRUE(Mend(true, "node3").ok());
  EXPECT_EQ(*Report().identity, (Identity{Id(7), "node3", Id(77)}));
}

TEST_F(Offline, ADamagedIdentityIsWrittenAnewFromTheLogAndTheNameGiven) {
  Log({.term = {4}}, {ClusterEntry(1, Id(7))});
  files_.Put("d/identity", "{");
  EXPECT_THAT(Look().text, AllOf(HasSubstr("wrong"), HasSubstr("d/identity")));
  EXPECT_THAT(std::string(Mend(true).message()), HasSubstr("-id ID"));
  EXPECT_TRUE(Mend(true, "node1").ok());
  EXPECT_EQ(*Report().identity, (Identity{Id(7), "node1", Id(77)}));
}

TEST_F(Offline, AnIdentityThatContradictsItsLogFollowsTheLog) {
  Log({.term = {4}}, {ClusterEntry(1, Id(7))});
  Identify("node1", Id(8));
  EXPECT_THAT(Look().text, HasSubstr("different clusters"));
  EXPECT_TRUE(Mend(true).ok());
  EXPECT_EQ(Report().identity->cluster_id, Id(7));
}

TEST_F(Offline, ADirectoryInUseIsLeftAlone) {
  Log({.term = {4}, .may_vote = false}, {{.index = {1}, .term = {4}}});
  const auto lock = files_.Lock("d/raft.lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Mend(true)));
  EXPECT_THAT(said_, Not(HasSubstr("Change")));
}

TEST_F(Offline, ASoundDirectoryHasNothingToRecover) {
  Log({.term = {4}}, {{.index = {1}, .term = {4}}});
  Identify("node1", Id(7));
  EXPECT_TRUE(Mend(true, "node1").ok());
  EXPECT_EQ(said_, "There is nothing to recover.\n");
}

}  // namespace
}  // namespace raftly::testing
