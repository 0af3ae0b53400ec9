// What the log promises while it runs.
#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::IsEmpty;

// The types of the records in a file, as letters: Marker, State, Entry, may Vote.
std::string TypesIn(const std::string& bytes) {
  std::string types;
  uint64_t offset = 0;
  while (const auto frame = wal::ReadFrame(bytes, offset)) {
    types += "?SEMV"[static_cast<size_t>(frame->data.front())];
    offset += frame->size;
  }
  return types;
}

TEST(Wal, ANewDirectoryHoldsAnEmptyLog) {
  FaultyFiles files;
  const auto opened = Open(files);
  EXPECT_EQ(opened.hard_state, HardState{});
  EXPECT_THAT(opened.entries, IsEmpty());
}

TEST(Wal, WhatIsSyncedIsThereAfterReopening) {
  FaultyFiles files;
  ASSERT_TRUE(Store(*Open(files).log, Vote(2, "node1"), {E(1, 1, "a"), E(2, 2, "b")}).ok());
  const auto opened = Open(files);
  EXPECT_EQ(opened.hard_state, Vote(2, "node1"));
  EXPECT_EQ(opened.entries, (Entries{E(1, 1, "a"), E(2, 2, "b")}));
}

TEST(Wal, WhatIsAppendedButNotSyncedNeverReachesTheFile) {
  FaultyFiles files;
  ASSERT_TRUE(Open(files).log->Append(Vote(2, "node1"), {E(1, 1, "a")}).ok());
  EXPECT_THAT(Open(files).entries, IsEmpty());
}

TEST(Wal, AnEntryReplacesItsIndexAndAllAbove) {
  FaultyFiles files;
  {
    auto opened = Open(files);
    ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {E(1, 1), E(2, 1), E(3, 1)}).ok());
    ASSERT_TRUE(Store(*opened.log, Vote(2, ""), {E(2, 2, "new")}).ok());
  }
  EXPECT_EQ(Open(files).entries, (Entries{E(1, 1), E(2, 2, "new")}));
}

TEST(Wal, EveryBatchBeginsWithAMarkerAndTheFirstMarkerGoesAhead) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {E(1, 1), E(2, 1)}).ok());
  ASSERT_TRUE(opened.log->Append(std::nullopt, {E(3, 1)}).ok());
  ASSERT_TRUE(opened.log->Append(std::nullopt, {E(4, 1)}).ok());
  ASSERT_TRUE(opened.log->Sync().ok());
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSEEMEE");
}

TEST(Wal, ASyncWithNothingToSyncCostsNothing) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {}).ok());
  const int syncs = files.syncs;
  ASSERT_TRUE(opened.log->Sync().ok());
  ASSERT_TRUE(opened.log->Append(std::nullopt, {}).ok());
  ASSERT_TRUE(opened.log->Sync().ok());
  EXPECT_EQ(files.syncs, syncs);
}

TEST(Wal, OneSyncIsOneWrite) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Reserve(1000).ok());
  const int writes = files.writes;
  const int syncs = files.syncs;
  for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(opened.log->Append(std::nullopt, {E(i, 1)}).ok());
  ASSERT_TRUE(opened.log->Sync().ok());
  EXPECT_EQ(files.writes, writes + 1);
  EXPECT_EQ(files.syncs, syncs + 1);
}

TEST(Wal, SealingTwiceSealsOnce) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {}).ok());
  ASSERT_TRUE(opened.log->Seal().ok());
  ASSERT_TRUE(opened.log->Seal().ok());
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSMVSM");
}

TEST(Wal, ASealedLogIsNotSealedAgainAfterReopening) {
  FaultyFiles files;
  {
    auto opened = Open(files);
    ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {}).ok());
    ASSERT_TRUE(opened.log->Seal().ok());
  }
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Seal().ok());
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSMVSM");
}

TEST(Wal, SealingSyncsWhatWasAppended) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  ASSERT_TRUE(opened.log->Seal().ok());
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSMVSM");
}

TEST(Wal, ClosingSealsAndGivesTheSpaceBack) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {E(1, 1)}).ok());
  EXPECT_GT(opened.log->stats().reserved, opened.log->stats().end);
  ASSERT_TRUE(opened.log->Close().ok());
  EXPECT_EQ(files.Contents(kLog).size(), opened.log->stats().end);
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSEMVSM");
  EXPECT_FALSE(opened.log->Append(Vote(2, ""), {}).ok());
}

TEST(Wal, TheRightToVoteIsWrittenOnlyWhenItChanges) {
  FaultyFiles files;
  {
    auto opened = Open(files);
    EXPECT_TRUE(opened.hard_state.may_vote);
    ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {}).ok());
    ASSERT_TRUE(Store(*opened.log, Vote(2, "", false), {}).ok());
    ASSERT_TRUE(Store(*opened.log, Vote(3, "", false), {}).ok());
  }
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSMVSMS");
  {
    auto opened = Open(files);
    EXPECT_EQ(opened.hard_state, Vote(3, "", false));
    ASSERT_TRUE(Store(*opened.log, Vote(4, "", false), {}).ok());
    ASSERT_TRUE(Store(*opened.log, Vote(4, "node2", true), {}).ok());
  }
  EXPECT_EQ(TypesIn(files.Contents(kLog)), "MMSMVSMSMSMVS");
  EXPECT_EQ(Open(files).hard_state, Vote(4, "node2", true));
}

TEST(Wal, ADirectoryHasOneOwner) {
  FaultyFiles files;
  const auto opened = Open(files);
  EXPECT_TRUE(absl::IsFailedPrecondition(TryOpen(files)));
}

TEST(Wal, AFailedSyncIsFinal) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  files.fail_syncs = true;
  const absl::Status failure = opened.log->Sync();
  EXPECT_TRUE(absl::IsInternal(failure));
  files.fail_syncs = false;
  const int writes = files.writes;
  EXPECT_EQ(opened.log->Sync(), failure);
  EXPECT_EQ(opened.log->Append(Vote(2, ""), {}), failure);
  EXPECT_EQ(opened.log->Reserve(1), failure);
  EXPECT_EQ(opened.log->Seal(), failure);
  EXPECT_EQ(opened.log->Close(), failure);
  EXPECT_EQ(files.writes, writes);
}

TEST(Wal, AFailedSyncIsNotTriedAgain) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  files.fail_one_sync = true;
  EXPECT_TRUE(absl::IsInternal(opened.log->Sync()));
}

// Rebello et al., ATC'20: after the failure the pages count as clean, so a new process reads what no disk holds, and
// its own sync does not write it.
TEST(Wal, WhatIsReadAfterAFailedSyncIsMadeDurableBeforeItIsBelieved) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {E(1, 1, "kept")}).ok());
  files.fail_syncs = true;
  EXPECT_FALSE(Store(*opened.log, std::nullopt, {E(2, 1, "dropped by the disk")}).ok());
  files.fail_syncs = false;
  opened.log.reset();

  EXPECT_EQ(Open(files).entries.size(), 2u) << "the page cache still has it";
  files.Put(kLog, files.Durable(kLog));  // power failure
  EXPECT_EQ(Open(files).entries.size(), 2u) << "the node has acted on it since";
}

TEST(Wal, AFailedWriteIsFinal) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  files.fail_writes = true;
  const absl::Status failure = opened.log->Sync();
  EXPECT_TRUE(absl::IsInternal(failure));
  files.fail_writes = false;
  EXPECT_EQ(opened.log->Sync(), failure);
}

// ENOSPC, EDQUOT or EFBIG from anything but Reserve comes after the promise of space: "try again" would be for ever.
TEST(Wal, NoSpaceFoundOnlyByAWriteIsFinal) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  files.no_space_late = true;
  const absl::Status failure = opened.log->Sync();
  EXPECT_TRUE(absl::IsInternal(failure)) << failure;
  files.no_space_late = false;
  EXPECT_EQ(opened.log->Reserve(1), failure);
}

TEST(Wal, NoSpaceFoundOnlyByASyncIsFinal) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {}).ok());
  files.no_space_late = files.fail_syncs = true;
  const absl::Status failure = opened.log->Sync();
  EXPECT_TRUE(absl::IsInternal(failure)) << failure;
  files.no_space_late = files.fail_syncs = false;
  EXPECT_EQ(opened.log->Seal(), failure);
  EXPECT_EQ(opened.log->Close(), failure);
}

TEST(Wal, SpaceIsMadeAheadInSteps) {
  FaultyFiles files;
  WalOptions options;
  options.reserve_bytes = 1000;
  options.low_water_bytes = 100;
  auto opened = Open(files, options);
  const uint64_t end = opened.log->stats().end;
  ASSERT_TRUE(opened.log->Reserve(10).ok());
  EXPECT_EQ(opened.log->stats().reserved, end + 1000);
  ASSERT_TRUE(opened.log->Reserve(900).ok());  // just fits: 1000 - 900 = the low-water mark
  EXPECT_EQ(opened.log->stats().reserved, end + 1000);
  ASSERT_TRUE(opened.log->Reserve(901).ok());
  EXPECT_EQ(opened.log->stats().reserved, end + 2000);
}

TEST(Wal, SyncsIntoSpaceAheadDoNotGrowTheFile) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(opened.log->Reserve(1000).ok());
  const uint64_t size = files.Contents(kLog).size();
  ASSERT_TRUE(opened.log->Append(Vote(1, ""), {E(1, 1, std::string(500, 'x'))}).ok());
  ASSERT_TRUE(opened.log->Sync().ok());
  EXPECT_EQ(files.Contents(kLog).size(), size);
}

TEST(Wal, OnAFullDiskWhatFitsIsTakenAndNewWorkIsNot) {
  FaultyFiles files;
  auto opened = Open(files);  // its marker is 41 bytes
  files.capacity = wal::kMarkerRecordBytes + 300;
  EXPECT_TRUE(opened.log->Reserve(200).ok());
  EXPECT_EQ(opened.log->space(), Space::kPlenty);  // 200 and the mark of 64
  EXPECT_TRUE(opened.log->Reserve(290).ok());
  EXPECT_EQ(opened.log->space(), Space::kNone);
  const auto before = files.Everything();
  EXPECT_TRUE(absl::IsResourceExhausted(opened.log->Reserve(301)));
  EXPECT_EQ(opened.log->space(), Space::kNone);
  EXPECT_EQ(files.Everything(), before);
  EXPECT_TRUE(Store(*opened.log, Vote(1, ""), {}).ok()) << "a full disk is not a failure";
}

TEST(Wal, WhatIsKeptBackIsThereWhenTheDiskIsFullAndAfterARestart) {
  FaultyFiles files;
  WalOptions options = Small();
  options.kept_back_bytes = 500;
  {
    auto opened = Open(files, options);
    ASSERT_TRUE(opened.log->Reserve(100).ok());
    EXPECT_EQ(opened.log->space(), Space::kPlenty);
    files.capacity = files.Contents(kLog).size();
    ASSERT_TRUE(Store(*opened.log, Vote(1, ""), {E(1, 1, std::string(200, 'x'))}).ok());
    EXPECT_EQ(opened.log->space(), Space::kReserve);
    ASSERT_TRUE(opened.log->Close().ok());
  }
  auto opened = Open(files, options);
  ASSERT_TRUE(Store(*opened.log, {}, {E(2, 1, "delete")}).ok()) << "as full as before";
  EXPECT_EQ(opened.log->space(), Space::kReserve);
  while (opened.log->space() == Space::kReserve) {
    ASSERT_TRUE(Store(*opened.log, {}, {E(2, 1, std::string(30, 'x'))}).ok());
  }
  EXPECT_EQ(opened.log->space(), Space::kNone) << "used up";
  files.capacity = 1 << 20;
  ASSERT_TRUE(Store(*opened.log, {}, {E(2, 1, "put")}).ok());
  EXPECT_EQ(opened.log->space(), Space::kPlenty) << "and kept back anew";
}

TEST(Wal, SpaceComesBackByItself) {
  FaultyFiles files;
  auto opened = Open(files);
  files.capacity = 0;
  EXPECT_TRUE(absl::IsResourceExhausted(opened.log->Reserve(1)));
  files.capacity = 1 << 20;
  EXPECT_TRUE(opened.log->Reserve(1).ok());
  EXPECT_EQ(opened.log->space(), Space::kPlenty);
}

TEST(Wal, OpensOnAFullDiskAndItsMarkerGoesAheadLater) {
  FaultyFiles files;
  files.Put(kLog, Golden("go.wal.hex"));
  files.capacity = 0;
  auto opened = Open(files);
  EXPECT_EQ(opened.entries.size(), 2U);
  EXPECT_TRUE(absl::IsResourceExhausted(Store(*opened.log, Vote(4, ""), {})));
  EXPECT_EQ(files.Contents(kLog), Golden("go.wal.hex"));
  files.capacity = 1 << 20;
  EXPECT_TRUE(Store(*opened.log, Vote(4, ""), {}).ok());
  const std::string added = files.Contents(kLog).substr(Golden("go.wal.hex").size());
  EXPECT_EQ(TypesIn(added), "MMS");
}

TEST(Wal, ClosesOnAFullDisk) {
  FaultyFiles files;
  files.Put(kLog, Golden("go.wal.hex"));
  files.capacity = 0;
  EXPECT_TRUE(Open(files).log->Close().ok());
}

TEST(Wal, EncodedSizeCoversABatchAndItsSeal) {
  FaultyFiles files;
  WalOptions options;
  options.reserve_bytes = 1;
  options.low_water_bytes = 0;
  files.capacity = 0;
  auto opened = Open(files, options);
  const HardState hard_state = Vote(1, "node1", false);
  const Entries entries = {E(1, 1, "a"), E(2, 1, std::string(1000, 'x'))};
  files.capacity = Wal::EncodedSize(hard_state, entries);
  EXPECT_TRUE(Store(*opened.log, hard_state, entries).ok());
  EXPECT_TRUE(opened.log->Seal().ok());
  EXPECT_EQ(opened.log->stats().end, files.capacity) << "and wastes nothing";
}

TEST(Wal, WhatIsSyncedSurvivesACrash) {
  FaultyFiles files;
  {
    auto opened = Open(files);
    for (uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(i, 1, "acknowledged")}).ok());
  }
  std::mt19937_64 random(1);
  files.Crash(random, 16);
  EXPECT_EQ(Open(files).entries.size(), 50U);
}

TEST(Wal, WithoutSyncACrashTakesWhatWasAcknowledged) {
  FaultyFiles files;
  WalOptions careless = Small();
  careless.sync = false;
  ASSERT_TRUE(Open(files).log->Close().ok());
  {
    auto opened = Open(files, careless);
    const int syncs = files.syncs;
    for (uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(i, 1, "acknowledged")}).ok());
    EXPECT_EQ(files.syncs, syncs);
  }
  std::mt19937_64 random(1);
  files.Crash(random, 16);
  EXPECT_LT(Open(files).entries.size(), 50U);
}

}  // namespace
}  // namespace raftly::testing
