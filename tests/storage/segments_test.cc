// A log in segments: it goes on in another file, lets go of what lies before a snapshot, and is thrown away for one.
#include <algorithm>
#include <random>

#include "raft/storage/segments.h"
#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two entries of Fill to a segment.
WalOptions Segmented(uint64_t bytes = 300) {
  WalOptions options = Small();
  options.segment_bytes = bytes;
  return options;
}

std::string PathOf(uint64_t first) { return wal::SegmentPath(kDirectory, Index{first}); }

std::vector<std::string> LogFiles(FaultyFiles& files) {
  std::vector<std::string> names;
  const auto all = files.List(kDirectory);
  for (const std::string& name : *all) {
    if (name != "raft.lock") names.push_back(kDirectory + "/" + name);
  }
  return names;
}

// Entries 1 to `count`, each made durable by itself, of term 1.
void Fill(Wal& log, uint64_t from, uint64_t count, uint64_t term = 1) {
  for (uint64_t index = from; index < from + count; ++index) {
    ASSERT_TRUE(Store(log, std::nullopt, {E(index, term, std::string(60, 'x'))}).ok());
  }
}

Entries Filled(uint64_t from, uint64_t to, uint64_t term = 1) {
  Entries entries;
  for (uint64_t index = from; index <= to; ++index) entries.push_back(E(index, term, std::string(60, 'x')));
  return entries;
}

TEST(Segments, ALogThatHasGrownGoesOnInAnother) {
  FaultyFiles files;
  {
    auto opened = Open(files, Segmented());
    ASSERT_TRUE(Store(*opened.log, Vote(1, "node2", false), {}).ok());
    Fill(*opened.log, 1, 6);
    EXPECT_EQ(opened.log->stats().segments, 3u);
  }
  EXPECT_THAT(LogFiles(files), ElementsAre(PathOf(3), PathOf(5), kLog));
  auto opened = Open(files, Segmented());
  EXPECT_EQ(opened.entries, Filled(1, 6));
  EXPECT_EQ(opened.hard_state, Vote(1, "node2", false)) << "each segment says it anew";
  EXPECT_EQ(opened.log->stats().segments, 3u);
}

// Golden bytes: what one version writes every later one reads.
TEST(Segments, HaveTheBytesOfTheFormat) {
  FaultyFiles files;
  {
    auto opened = Open(files, Segmented(50));
    ASSERT_TRUE(Store(*opened.log, Vote(2, "node1", false), {E(1, 2)}).ok());
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(2, 2, "a")}).ok());
    ASSERT_TRUE(opened.log->Close().ok());
  }
  EXPECT_EQ(files.Contents(PathOf(2)), Golden("segment.wal.hex"));

  FaultyFiles copy;
  copy.Put(kLog, files.Contents(kLog));
  copy.Put(PathOf(2), Golden("segment.wal.hex"));
  const auto opened = Open(copy, Segmented(50));
  EXPECT_EQ(opened.entries, (Entries{E(1, 2), E(2, 2, "a")}));
  EXPECT_EQ(opened.hard_state, Vote(2, "node1", false));
}

TEST(Segments, AreOneFileForEverWhereNoneWereAskedFor) {
  FaultyFiles files;
  auto opened = Open(files);
  Fill(*opened.log, 1, 50);
  EXPECT_THAT(LogFiles(files), ElementsAre(kLog));
}

TEST(Segments, WhatASnapshotHoldsIsLetGoInWholeFiles) {
  FaultyFiles files;
  {
    auto opened = Open(files, Segmented());
    ASSERT_TRUE(Store(*opened.log, Vote(3, "node2"), {}).ok());
    Fill(*opened.log, 1, 6);
    ASSERT_TRUE(opened.log->DropThrough(Index{3}).ok());
    EXPECT_THAT(LogFiles(files), ElementsAre(PathOf(3), PathOf(5))) << "4, in the first of them, is still needed";
    EXPECT_EQ(opened.log->stats().segments, 2u);
  }
  const auto opened = Open(files, Segmented());
  EXPECT_EQ(opened.base, (LogPosition{Term{1}, Index{2}}));
  EXPECT_EQ(opened.entries, Filled(3, 6));
  EXPECT_EQ(opened.hard_state, Vote(3, "node2"));
}

TEST(Segments, ALogThatIsThrownAwayGoesOnBehindTheSnapshot) {
  for (const uint64_t base : {uint64_t{3}, uint64_t{5}, uint64_t{9}}) {
    FaultyFiles files;
    {
      auto opened = Open(files, Segmented());
      ASSERT_TRUE(Store(*opened.log, Vote(3, "node2"), {}).ok());
      Fill(*opened.log, 1, 6);
      ASSERT_TRUE(opened.log->ThrowAway({Term{2}, Index{base}}).ok());
      EXPECT_THAT(LogFiles(files), ElementsAre(PathOf(base + 1)));
      Fill(*opened.log, base + 1, 2, 3);
    }
    const auto opened = Open(files, Segmented());
    EXPECT_EQ(opened.base, (LogPosition{Term{2}, Index{base}}));
    EXPECT_EQ(opened.entries, Filled(base + 1, base + 2, 3));
    EXPECT_EQ(opened.hard_state, Vote(3, "node2"));
  }
}

// A cut log comes by an index at which a segment began that is still needed.
TEST(Segments, NoneTakesTheNameOfOneThatIsNeeded) {
  FaultyFiles files;
  {
    auto opened = Open(files, Segmented());
    Fill(*opened.log, 1, 5);
    for (uint64_t term = 2; term < 20; ++term) {
      Fill(*opened.log, 3, 1, term);
      Fill(*opened.log, 4, 1 + term % 3, term);
    }
  }
  const auto opened = Open(files, Segmented());
  Entries wanted = Filled(1, 2);
  for (const Entry& entry : Filled(3, 5, 19)) wanted.push_back(entry);
  EXPECT_EQ(opened.entries, wanted);
}

// What was cut reached back into a segment that is gone.
TEST(Segments, AnEntryThatReplacedOneOfASegmentThatIsGoneIsItselfBehindTheSnapshot) {
  FaultyFiles files;
  {
    auto opened = Open(files, Segmented());
    Fill(*opened.log, 1, 4);
    Fill(*opened.log, 2, 4, 2);
    ASSERT_TRUE(opened.log->DropThrough(Index{4}).ok());
    EXPECT_NE(LogFiles(files).front(), kLog);
  }
  const auto opened = Open(files, Segmented());
  EXPECT_LE(opened.base.index, Index{4});
  EXPECT_EQ(opened.base.term, Term{2});
  EXPECT_EQ(opened.entries.back(), E(5, 2, std::string(60, 'x')));
}

TEST(Segments, EveryByteOfAPastOneIsNeeded) {
  FaultyFiles healthy;
  {
    auto opened = Open(healthy, Segmented());
    ASSERT_TRUE(Store(*opened.log, Vote(1, "node2"), {}).ok());
    Fill(*opened.log, 1, 6);
  }
  const Entries all = Open(healthy, Segmented()).entries;
  for (const std::string& path : {kLog, PathOf(3)}) {
    const std::string bytes = healthy.Contents(path);
    for (size_t i = 0; i < bytes.size(); ++i) {
      FaultyFiles files;
      for (const auto& [name, contents] : healthy.Everything()) files.Put(name, contents);
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      files.Put(path, damaged);
      const auto opened = Wal::Open(files, kDirectory, Segmented());
      ASSERT_TRUE(absl::IsDataLoss(opened.status())) << path << " " << i;
      EXPECT_THAT(std::string(opened.status().message()), HasSubstr(kDirectory + "/raft")) << i;
      EXPECT_THAT(std::string(opened.status().message()), HasSubstr("-rejoin")) << i;
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
      FaultyFiles files;
      for (const auto& [name, contents] : healthy.Everything()) files.Put(name, contents);
      files.Put(path, bytes.substr(0, i));
      const auto opened = Wal::Open(files, kDirectory, Segmented());
      // The marker that seals says nothing that the next segment does not say as well.
      if (opened.ok()) {
        EXPECT_EQ(opened->entries, all) << path << " " << i;
      }
    }
  }
}

TEST(Segments, OneThatIsMissingIsNamed) {
  FaultyFiles files;
  Fill(*Open(files, Segmented()).log, 1, 6);
  ASSERT_TRUE(files.Remove(PathOf(3)).ok());
  const absl::Status status = TryOpen(files, Segmented());
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("missing"));
}

TEST(Segments, OneUnderAnothersNameIsRefused) {
  FaultyFiles files;
  Fill(*Open(files, Segmented()).log, 1, 6);
  ASSERT_TRUE(files.Rename(PathOf(3), PathOf(4)).ok());
  EXPECT_THAT(std::string(TryOpen(files, Segmented()).message()), HasSubstr("under another's name"));
}

TEST(Segments, AFullDiskKeepsTheLogWhereItIs) {
  FaultyFiles files;
  auto opened = Open(files, Segmented());
  Fill(*opened.log, 1, 1);
  files.capacity = 0;
  for (const auto& [path, contents] : files.Everything()) files.capacity += contents.size();
  while (Store(*opened.log, std::nullopt, {E(2, 1, "y")}).ok() && opened.log->stats().end < 260) {
  }
  EXPECT_EQ(opened.log->stats().segments, 1u);
  files.capacity = 1 << 20;
  Fill(*opened.log, 2, 2);
  EXPECT_GT(opened.log->stats().segments, 1u);
}

}  // namespace
}  // namespace raftly::testing
