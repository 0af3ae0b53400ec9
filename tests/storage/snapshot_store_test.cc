// Snapshots on disk: in place only when whole and durable, whatever crash, full disk or foreign bytes come.
#include "raft/storage/snapshot_store.h"

#include "absl/strings/str_cat.h"
#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SnapshotHeader HeaderAt(uint64_t index) {
  return {.last_included = {{2}, {index}}, .configuration_index = {}, .configuration = "", .machine = "test"};
}

absl::Status Make(SnapshotStore& store, uint64_t index, std::string_view state) {
  auto writer = store.Create(HeaderAt(index));
  if (!writer.ok()) return writer.status();
  if (absl::Status status = (*writer)->Append(state); !status.ok()) return status;
  return (*writer)->Commit();
}

absl::StatusOr<std::string> StateOf(const SnapshotStore& store, Index index) {
  std::string state;
  const auto header = store.Read(index, [&](std::string_view block) {
    state.append(block);
    return absl::OkStatus();
  });
  if (!header.ok()) return header.status();
  EXPECT_EQ(*header, HeaderAt(index.value));
  return state;
}

SnapshotStore Opened(FileSystem& files) {
  SnapshotStore store(files, kDirectory, DefencesUnderTest().sync_before_rename);
  EXPECT_TRUE(store.Open().ok());
  return store;
}

std::vector<uint64_t> IndexesOf(const SnapshotStore& store) {
  std::vector<uint64_t> indexes;
  for (const Index index : store.indexes()) indexes.push_back(index.value);
  return indexes;
}

TEST(SnapshotStore, WhatWasWrittenInAnyPiecesComesBackAtTheNextStart) {
  FaultyFiles files;
  std::string state;
  {
    SnapshotStore store = Opened(files);
    auto writer = store.Create(HeaderAt(42));
    for (size_t size = 1; size < (size_t{3} << 20); size = size * 3 + 1) {
      const std::string piece(size, static_cast<char>('a' + size % 26));
      ASSERT_TRUE((*writer)->Append(piece).ok());
      state += piece;
    }
    ASSERT_TRUE((*writer)->Commit().ok());
  }
  const SnapshotStore store = Opened(files);
  EXPECT_THAT(IndexesOf(store), ElementsAre(42));
  EXPECT_EQ(store.PathOf(Index{42}), "data/snapshot-00000000000000000042.snap");
  EXPECT_EQ(*StateOf(store, Index{42}), state);
}

TEST(SnapshotStore, KeepsTheNewestTwo) {
  FaultyFiles files;
  SnapshotStore store = Opened(files);
  for (const uint64_t index : {5, 9, 100}) ASSERT_TRUE(Make(store, index, "state").ok());
  ASSERT_TRUE(store.Prune().ok());
  EXPECT_THAT(IndexesOf(store), ElementsAre(9, 100));
  EXPECT_THAT(IndexesOf(Opened(files)), ElementsAre(9, 100));
}

TEST(SnapshotStore, ACrashBetweenAnyTwoStepsLeavesAllOrNothingAndNoRest) {
  for (int steps = 0; steps < 40; ++steps) {
    std::mt19937_64 random(static_cast<uint64_t>(steps));
    FaultyFiles files;
    {
      SnapshotStore store = Opened(files);
      ASSERT_TRUE(Make(store, 5, "old").ok());
      files.power_for = steps;
      const bool durable = Make(store, 9, std::string(2'500'000, 'n')).ok();
      ASSERT_TRUE(steps < 25 || durable) << "so many steps are enough";
      files.Crash(random, 512);
      const SnapshotStore after = Opened(files);
      ASSERT_TRUE(!durable || IndexesOf(after).back() == 9) << "it was promised";
    }
    const SnapshotStore store = Opened(files);
    for (const Index index : store.indexes()) EXPECT_TRUE(StateOf(store, index).ok()) << steps;
    EXPECT_EQ(*StateOf(store, Index{5}), "old");
    EXPECT_THAT(files.Everything().size(), store.indexes().size()) << "nothing half made stays";
  }
}

// Rename after sync.
TEST(SnapshotStore, WhatHasItsNameIsWholeAfterACrash) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    FaultyFiles files;
    {
      SnapshotStore store = Opened(files);
      ASSERT_TRUE(Make(store, 9, std::string(100'000, 'n')).ok());
      auto receiver = store.Receive(Index{12});
      ASSERT_TRUE(receiver.ok());
      std::string bytes;
      SnapshotEncoder encoder;
      encoder.Header(HeaderAt(12), bytes);
      encoder.Block(std::string(100'000, 'm'), bytes);
      encoder.End(bytes);
      ASSERT_TRUE((*receiver)->Append(0, bytes).ok());
      ASSERT_TRUE((*receiver)->Commit().ok());
    }
    files.Crash(random, 512);
    const SnapshotStore store = Opened(files);
    for (const uint64_t index : {9, 12}) {
      EXPECT_TRUE(StateOf(store, Index{index}).ok())
          << "seed " << seed << ": " << StateOf(store, Index{index}).status();
    }
  }
}

TEST(SnapshotStore, AFullDiskKeepsTheOldOneAndLeavesNothingHalfMade) {
  FaultyFiles files;
  SnapshotStore store = Opened(files);
  ASSERT_TRUE(Make(store, 5, "old").ok());
  files.capacity = 1'000'000;
  EXPECT_TRUE(absl::IsResourceExhausted(Make(store, 9, std::string(5'000'000, 'n'))));
  EXPECT_THAT(IndexesOf(store), ElementsAre(5));
  EXPECT_EQ(files.Everything().size(), 1u);
  EXPECT_EQ(*StateOf(store, Index{5}), "old");
}

TEST(SnapshotStore, TheNewestIntactHeaderIsThatOfAnyFile) {
  FaultyFiles files;
  SnapshotStore store = Opened(files);
  EXPECT_FALSE(store.NewestHeader());
  for (const uint64_t index : {5, 9}) ASSERT_TRUE(Make(store, index, "state").ok());
  const auto flip = [&](const std::string& path, size_t offset) {
    auto file = files.Open(path);
    ASSERT_TRUE(file.ok());
    const char byte = static_cast<char>(files.Read(path)->at(offset) ^ 1);
    ASSERT_TRUE((*file)->WriteAt(offset, std::string_view(&byte, 1)).ok());
  };
  flip(store.PathOf(Index{9}), files.Read(store.PathOf(Index{9}))->size() - 1);
  EXPECT_EQ(store.NewestHeader(), HeaderAt(9)) << "what is damaged lies behind it";
  ASSERT_TRUE(store.SetAside(Index{9}).ok());
  EXPECT_EQ(store.NewestHeader(), HeaderAt(9));
  flip(store.PathOf(Index{9}) + ".damaged", 30);
  EXPECT_EQ(store.NewestHeader(), HeaderAt(5));
}

TEST(SnapshotStore, ADamagedOneIsNamedAndCanBeSetAside) {
  FaultyFiles files;
  SnapshotStore store = Opened(files);
  ASSERT_TRUE(Make(store, 5, "old").ok());
  ASSERT_TRUE(Make(store, 9, "new").ok());
  std::string bytes = files.Contents(store.PathOf(Index{9}));
  bytes[bytes.size() - 40] ^= 1;
  files.Put(store.PathOf(Index{9}), bytes);
  const absl::Status damaged = StateOf(store, Index{9}).status();
  EXPECT_TRUE(absl::IsDataLoss(damaged));
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(store.PathOf(Index{9})));
  ASSERT_TRUE(store.SetAside(Index{9}).ok());
  EXPECT_THAT(IndexesOf(store), ElementsAre(5));
  EXPECT_THAT(IndexesOf(Opened(files)), ElementsAre(5));
  EXPECT_EQ(files.Contents(store.PathOf(Index{9}) + ".damaged"), bytes);
}

TEST(SnapshotStore, AnotherSnapshotUnderItsNameIsNoticed) {
  FaultyFiles files;
  SnapshotStore store = Opened(files);
  ASSERT_TRUE(Make(store, 5, "old").ok());
  ASSERT_TRUE(Make(store, 9, "new").ok());
  files.Put(store.PathOf(Index{9}), files.Contents(store.PathOf(Index{5})));
  EXPECT_TRUE(absl::IsDataLoss(StateOf(store, Index{9}).status()));
}

TEST(SnapshotStore, WhatIsNotItsOwnIsLeftAlone) {
  FaultyFiles files;
  for (const char* name : {"data/raft.wal", "data/snapshot-1.snap", "data/snapshot-0000000000000000000x.snap",
                           "data/snapshot-00000000000000000000.snap", "data/notes.tmp"}) {
    files.Put(name, "mine");
  }
  EXPECT_THAT(IndexesOf(Opened(files)), IsEmpty());
  EXPECT_EQ(files.Everything().size(), 5u);
}

// ---- Taking one in from another node

class Reception : public ::testing::Test {
 protected:
  Reception() {
    SnapshotStore sender = Opened(theirs_);
    EXPECT_TRUE(Make(sender, 9, std::string(3000, 's')).ok());
    bytes_ = *sender.ReadBytes(Index{9}, 0, 1 << 20);
  }

  FaultyFiles theirs_, files_;
  SnapshotStore store_ = Opened(files_);
  std::string bytes_;  // of the whole file
};

TEST_F(Reception, ArrivesInPieces) {
  auto receiver = *store_.Receive(Index{9});
  while (receiver->offset() < bytes_.size()) {
    ASSERT_TRUE(receiver->Append(receiver->offset(), bytes_.substr(receiver->offset(), 700)).ok());
  }
  EXPECT_EQ(*receiver->Commit(), HeaderAt(9));
  EXPECT_EQ(*StateOf(store_, Index{9}), std::string(3000, 's'));
}

TEST_F(Reception, APieceOutOfOrderIsRefusedAndTheRestGoesOn) {
  auto receiver = *store_.Receive(Index{9});
  ASSERT_TRUE(receiver->Append(0, bytes_.substr(0, 1000)).ok());
  EXPECT_TRUE(absl::IsOutOfRange(receiver->Append(1500, bytes_.substr(1500))));
  EXPECT_TRUE(absl::IsOutOfRange(receiver->Append(0, bytes_.substr(0, 1000)))) << "sent twice";
  ASSERT_TRUE(receiver->Append(1000, bytes_.substr(1000)).ok());
  EXPECT_TRUE(receiver->Commit().ok());
}

TEST_F(Reception, CutShortItIsNotCommittedAndLeavesNothing) {
  {
    auto receiver = *store_.Receive(Index{9});
    ASSERT_TRUE(receiver->Append(0, bytes_.substr(0, bytes_.size() - 1)).ok());
    EXPECT_TRUE(absl::IsDataLoss(receiver->Commit().status()));
  }
  EXPECT_THAT(files_.Everything(), IsEmpty());
}

TEST_F(Reception, DamageOnTheWayIsNoticedBeforeTheEnd) {
  std::string damaged = bytes_;
  damaged[200] ^= 4;
  auto receiver = *store_.Receive(Index{9});
  EXPECT_TRUE(absl::IsDataLoss(receiver->Append(0, damaged)));
  EXPECT_TRUE(absl::IsDataLoss(receiver->Commit().status()));
  EXPECT_THAT(IndexesOf(store_), IsEmpty());
}

TEST_F(Reception, ASnapshotOfAnotherIndexIsRefused) {
  auto receiver = *store_.Receive(Index{10});
  const absl::Status refused = receiver->Append(0, bytes_);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("is the snapshot of index 9, not of 10"));
}

}  // namespace
}  // namespace raftly::testing
