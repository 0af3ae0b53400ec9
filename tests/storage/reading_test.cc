// Reading entries back out of a log that is being written.
#include <random>

#include "raft/storage/entry_places.h"
#include "raft/storage/segments.h"
#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMany = 1'000'000;

WalOptions Segmented(uint64_t bytes) {
  WalOptions options = Small();
  options.segment_bytes = bytes;
  return options;
}

// ---- Where entries lie ---------------------------------------------------------------------------------------------

TEST(EntryPlaces, KnowWhereToBegin) {
  wal::EntryPlaces places;
  EXPECT_FALSE(places.Find(Index{1}));
  places.Add(Index{5}, 100);
  places.Add(Index{6}, 200);
  places.GoOn(1);
  places.Add(Index{7}, 50);
  EXPECT_FALSE(places.Find(Index{4}));
  for (const uint64_t index : {uint64_t{5}, uint64_t{6}}) {
    const auto stretch = places.Find(Index{index});
    ASSERT_TRUE(stretch);
    EXPECT_EQ(stretch->begin, (wal::EntryPlaces::Place{Index{5}, 0, 100}));
    EXPECT_EQ(stretch->end, (wal::EntryPlaces::Place{Index{7}, 1, 50}));
  }
  EXPECT_EQ(places.Find(Index{9})->begin, (wal::EntryPlaces::Place{Index{7}, 1, 50}));
  EXPECT_FALSE(places.Find(Index{9})->end);
}

TEST(EntryPlaces, KnowWhereTheLogWasCut) {
  wal::EntryPlaces places;
  for (uint64_t index = 1; index <= 4; ++index) places.Add(Index{index}, index * 10);
  places.Add(Index{3}, 50);
  EXPECT_EQ(places.Find(Index{2})->end, (wal::EntryPlaces::Place{Index{3}, 0, 50}));
  EXPECT_EQ(places.Find(Index{3})->begin, (wal::EntryPlaces::Place{Index{3}, 0, 50}));
}

TEST(EntryPlaces, AreFewWhereEntriesAreSmall) {
  wal::EntryPlaces places;
  for (uint64_t index = 1; index <= 3000; ++index) places.Add(Index{index}, index * 100);
  EXPECT_EQ(places.Find(Index{1})->end->index, Index{657});  // 64 KiB further on
}

TEST(EntryPlaces, GoWithTheirSegments) {
  wal::EntryPlaces places;
  places.Add(Index{1}, 0);
  places.GoOn(1);
  places.Add(Index{2}, 0);
  places.DropBefore(1);
  EXPECT_FALSE(places.Find(Index{1}));
  EXPECT_TRUE(places.Find(Index{2}));
}

// ---- What is read --------------------------------------------------------------------------------------------------

TEST(ReadingBack, GivesWhatWasWritten) {
  FaultyFiles files;
  auto opened = Open(files, Segmented(200));
  const Entries all = {E(1, 1, "a"), E(2, 1), E(3, 1, "ccc"), E(4, 2, std::string(300, 'd')), E(5, 2, "e")};
  for (const Entry& entry : all) ASSERT_TRUE(Store(*opened.log, Vote(entry.term.value, "n"), {entry}).ok());
  for (size_t from = 0; from < all.size(); ++from) {
    const auto read = opened.log->Read(Index{from + 1}, kMany, kMany);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, Entries(all.begin() + static_cast<std::ptrdiff_t>(from), all.end()));
  }
  EXPECT_EQ(opened.log->Read(Index{1}, 2, kMany)->size(), 2u);
  EXPECT_EQ(opened.log->Read(Index{1}, kMany, 4)->size(), 3u) << "their commands are four bytes";
  EXPECT_EQ(opened.log->Read(Index{4}, kMany, 1)->size(), 1u) << "one in any case";
}

TEST(ReadingBack, SaysWhatTheLogDoesNotHold) {
  FaultyFiles files;
  auto opened = Open(files, Segmented(1));
  EXPECT_TRUE(absl::IsNotFound(opened.log->Read(Index{1}, kMany, kMany).status()));
  for (uint64_t index = 1; index <= 4; ++index) ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(index, 1)}).ok());
  EXPECT_TRUE(absl::IsNotFound(opened.log->Read(Index{5}, kMany, kMany).status()));
  ASSERT_TRUE(opened.log->DropThrough(Index{2}).ok());
  EXPECT_TRUE(absl::IsNotFound(opened.log->Read(Index{2}, kMany, kMany).status()));
  EXPECT_EQ(opened.log->Read(Index{3}, kMany, kMany)->size(), 2u);
  ASSERT_TRUE(opened.log->ThrowAway({Term{2}, Index{9}}).ok());
  EXPECT_TRUE(absl::IsNotFound(opened.log->Read(Index{3}, kMany, kMany).status()));
  ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(10, 2)}).ok());
  EXPECT_EQ(*opened.log->Read(Index{10}, kMany, kMany), Entries{E(10, 2)});
}

TEST(ReadingBack, NamesWhatIsDamaged) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(1, 1, "aaaa"), E(2, 1, "bbbb")}).ok());
  const size_t at = files.Contents(kLog).find("bbbb");
  {
    auto file = files.Open(kLog);
    ASSERT_TRUE((*file)->WriteAt(at, "X").ok());
  }
  EXPECT_TRUE(opened.log->Read(Index{1}, 1, kMany).ok());
  const absl::Status status = opened.log->Read(Index{1}, kMany, kMany).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("data/raft.wal: has a damaged record at offset"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("-rejoin"));
}

// Somebody took the file away, or cut it, under a log that runs.
TEST(ReadingBack, WhatIsMissingFromAFileIsDamageAndNotAnEntryThatIsGone) {
  for (const bool removed : {true, false}) {
    FaultyFiles files;
    auto opened = Open(files);
    for (uint64_t index = 1; index <= 3; ++index) {
      ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(index, 1, "aaaa")}).ok());
    }
    if (removed) {
      ASSERT_TRUE(files.Remove(kLog).ok());
    } else {
      const auto file = files.Open(kLog);
      ASSERT_TRUE((*file)->Truncate(100).ok());
    }
    const absl::Status status = opened.log->Read(Index{3}, kMany, kMany).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("data/raft.wal"));
  }
}

// Records that are whole, and not those that were written there.
TEST(ReadingBack, AnotherLogsFileIsDamage) {
  FaultyFiles files;
  auto opened = Open(files);
  for (uint64_t index = 1; index <= 3; ++index) {
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(index, 1, "aaaa")}).ok());
  }
  std::string other;
  while (other.size() < opened.log->stats().end) other += Record(E(9, 1, "zzzz"));
  other.resize(opened.log->stats().end - opened.log->stats().end % Record(E(9, 1, "zzzz")).size());
  {
    const auto file = files.Open(kLog);
    ASSERT_TRUE((*file)->Truncate(0).ok());
    ASSERT_TRUE((*file)->WriteAt(0, other).ok());
  }
  EXPECT_TRUE(absl::IsDataLoss(opened.log->Read(Index{3}, kMany, kMany).status()));
}

// Whatever is written, cut, let go and thrown away: what is read is what the log is, in this life and the next.
TEST(ReadingBack, AgreesWithTheLogInEveryHistory) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    FaultyFiles files;
    const WalOptions options = Segmented(100 + random() % 800);
    auto opened = Open(files, options);
    LogPosition base;
    Entries model;
    Term term{1};
    const auto last = [&] { return model.empty() ? base : model.back().position(); };
    for (int step = 0; step < 200; ++step) {
      const uint64_t dice = random() % 100;
      if (dice < 80) {
        // From the end on or, where the term is new, from before it.
        uint64_t at = last().index.value;
        if (random() % 5 == 0) {
          ++term;
          at -= std::min<uint64_t>(random() % 6, at - base.index.value);
        }
        Entries batch;
        for (uint64_t n = 1 + random() % 4; n > 0; --n) {
          batch.push_back(E(++at, term.value, std::string(random() % 90, static_cast<char>('a' + random() % 26))));
        }
        ASSERT_TRUE(Store(*opened.log, std::nullopt, batch).ok());
        model.resize(batch.front().index - base.index - 1);
        model.insert(model.end(), batch.begin(), batch.end());
      } else if (dice < 90) {
        ASSERT_TRUE(opened.log->DropThrough(Index{random() % (last().index.value + 1)}).ok());
      } else if (dice < 92) {
        base = {++term, last().index + random() % 3};
        model.clear();
        ASSERT_TRUE(opened.log->ThrowAway(base).ok());
      } else {
        ASSERT_TRUE(opened.log->Close().ok());
        opened.log.reset();
        opened = Open(files, options);
        ASSERT_GE(opened.base.index, base.index);
        if (opened.base.index <= last().index) {
          model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(opened.base.index - base.index));
        }
        base = opened.base;
        ASSERT_EQ(opened.entries, model);
      }
      for (int look = 0; look < 3 && !model.empty(); ++look) {
        const size_t from = random() % model.size(), count = 1 + random() % 9;
        const auto read = opened.log->Read(model[from].index, count, kMany);
        if (!read.ok()) {  // it went with a segment
          EXPECT_TRUE(absl::IsNotFound(read.status())) << "seed " << seed << ": " << read.status();
          continue;
        }
        const auto begin = model.begin() + static_cast<std::ptrdiff_t>(from);
        ASSERT_EQ(*read, Entries(begin, begin + static_cast<std::ptrdiff_t>(std::min(count, model.size() - from))))
            << "seed " << seed << ", step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace raftly::testing
