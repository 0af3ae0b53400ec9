// The log cut and damaged at every byte: what was synced is there or the node refuses, and nothing else ever is.
#include <algorithm>
#include <map>
#include <vector>

#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Contents {
  HardState hard_state;
  Entries entries;
  bool operator==(const Contents&) const = default;
};

// What a log of the first n records says, by the offset at which they end.
std::map<uint64_t, Contents> ContentsByEnd(const std::string& bytes) {
  std::map<uint64_t, Contents> by_end{{0, {}}};
  Contents contents;
  uint64_t offset = 0;
  while (const auto frame = wal::ReadFrame(bytes, offset)) {
    const auto record = wal::Parse(frame->data);
    if (const auto* state = std::get_if<wal::State>(&*record)) {
      contents.hard_state.term = state->term;
      contents.hard_state.voted_for = state->voted_for;
    } else if (const auto* entry = std::get_if<wal::EntryView>(&*record)) {
      contents.entries.resize(entry->index.value - 1);
      contents.entries.push_back({entry->index, entry->term, entry->type, Bytes(std::string(entry->command))});
    } else if (const auto* may_vote = std::get_if<wal::MayVote>(&*record)) {
      contents.hard_state.may_vote = may_vote->value;
    }
    offset += frame->size;
    by_end[offset] = contents;
  }
  EXPECT_EQ(offset, bytes.size());
  return by_end;
}

uint64_t EndOfRecordsBefore(const std::map<uint64_t, Contents>& by_end, uint64_t offset) {
  return std::prev(by_end.upper_bound(offset))->first;
}

Contents ContentsOf(const Wal::Opened& opened) { return {opened.hard_state, opened.entries}; }

void ExpectCutAt(const std::string& damaged, uint64_t end, const Contents& contents) {
  FaultyFiles files;
  files.Put(kLog, damaged);
  {
    auto opened = Open(files);
    EXPECT_EQ(ContentsOf(opened), contents);
    ASSERT_TRUE(Store(*opened.log, Vote(9, "later"), {E(contents.entries.size() + 1, 9, "later")}).ok());
  }
  EXPECT_EQ(files.Contents(kLog).substr(0, end), damaged.substr(0, end));
  const auto again = Open(files);
  Contents more = contents;
  more.hard_state = Vote(9, "later");
  more.entries.push_back(E(contents.entries.size() + 1, 9, "later"));
  EXPECT_EQ(ContentsOf(again), more);
  EXPECT_FALSE(again.torn_tail);
}

void ExpectRefused(const std::string& damaged, uint64_t record_offset) {
  FaultyFiles files;
  files.Put(kLock, "");
  files.Put(kLog, damaged);
  const auto before = files.Everything();
  const absl::Status status = TryOpen(files);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(kLog), HasSubstr("offset " + std::to_string(record_offset)), HasSubstr("-rejoin")));
  EXPECT_EQ(files.Everything(), before);
  EXPECT_EQ(files.writes + files.syncs, 0);
}

// How much of it was durable, as it says itself: with markers the last one does, without them any later record.
uint64_t ProvenIn(const std::string& bytes, const std::map<uint64_t, Contents>& by_end) {
  const uint64_t last_record = std::prev(by_end.end(), 2)->first;
  const auto record = wal::Parse(wal::ReadFrame(bytes, last_record)->data);
  const auto* marker = std::get_if<wal::Marker>(&*record);
  return marker == nullptr ? last_record : marker->synced_to;
}

class EveryByteOf : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Logs, EveryByteOf, ::testing::Values("go.wal.hex", "raftly.wal.hex"),
                         [](const auto& file) { return std::string(file.param) == "go.wal.hex" ? "Go" : "Raftly"; });

TEST_P(EveryByteOf, CutThereTheWholeRecordsBeforeItAreLeft) {
  const std::string bytes = Golden(GetParam());
  const auto by_end = ContentsByEnd(bytes);
  for (uint64_t cut = 0; cut <= bytes.size(); ++cut) {
    SCOPED_TRACE(cut);
    const uint64_t end = EndOfRecordsBefore(by_end, cut);
    ExpectCutAt(bytes.substr(0, cut), end, by_end.at(end));
    ExpectCutAt(bytes.substr(0, cut) + std::string(100, '\0'), end, by_end.at(end));  // in space made ahead
  }
}

TEST_P(EveryByteOf, DamagedThereItIsNeverBelieved) {
  const std::string bytes = Golden(GetParam());
  const auto by_end = ContentsByEnd(bytes);
  const uint64_t proven = ProvenIn(bytes, by_end);
  for (uint64_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned char flip : {0x01, 0x80, 0x5a, 0xff}) {
      SCOPED_TRACE(std::to_string(at) + " ^ " + std::to_string(flip));
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const uint64_t record = EndOfRecordsBefore(by_end, at);
      if (at < proven) {
        ExpectRefused(damaged, record);
      } else {
        ExpectCutAt(damaged, record, by_end.at(record));
      }
    }
  }
}

TEST_P(EveryByteOf, ZeroedThereItIsNeverBelieved) {
  const std::string bytes = Golden(GetParam());
  const auto by_end = ContentsByEnd(bytes);
  const uint64_t proven = ProvenIn(bytes, by_end);
  for (const auto& [record, contents] : by_end) {
    if (record >= proven) break;
    SCOPED_TRACE(record);
    std::string damaged = bytes;
    damaged.replace(record, 4, 4, '\0');  // reads as the end of the log
    ExpectRefused(damaged, record);
  }
}

TEST(WalRecovery, DamageInABatchThatNothingProvesWasSyncedIsCut) {
  const std::string sealed = Golden("raftly.wal.hex");
  const std::string bytes = sealed.substr(0, ProvenIn(sealed, ContentsByEnd(sealed)));
  const auto by_end = ContentsByEnd(bytes);
  const uint64_t last_marker = bytes.rfind(wal::kMagic) - wal::kMagicInMarkerRecord;
  for (uint64_t at = 0; at < bytes.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const uint64_t record = EndOfRecordsBefore(by_end, at);
    if (at < last_marker) {
      ExpectRefused(damaged, record);
    } else {
      ExpectCutAt(damaged, record, by_end.at(record));
    }
  }
}

// Checked in pieces of 1 MiB, several at a time: the first damage is what counts, in whichever piece it is.
TEST(WalRecovery, InALargeLogTheFirstDamageIsNamed) {
  FaultyFiles files;
  {
    auto opened = Open(files);
    for (uint64_t i = 1; i <= 80; ++i) {
      ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(i, 1, std::string(64 << 10, 'x'))}).ok());
    }
    ASSERT_TRUE(opened.log->Close().ok());
  }
  const std::string whole = files.Contents(kLog);
  ASSERT_EQ(Open(files).entries.size(), 80u);
  std::vector<uint64_t> records;
  uint64_t offset = 0;
  while (const auto frame = wal::ReadFrame(whole, offset)) {
    if (frame->data.size() > 60'000) records.push_back(offset);
    offset += frame->size;
  }
  ASSERT_EQ(records.size(), 80u);
  for (const size_t first : {0, 1, 15, 16, 17, 40, 79}) {
    std::string damaged = whole;
    damaged[records[first] + 30'000] ^= 1;
    if (first + 20 < records.size()) damaged[records[first + 20] + 30'000] ^= 1;
    ExpectRefused(damaged, records[first]);
  }
}

TEST(WalRecovery, ATornTailSaysWhereAndHowMuch) {
  FaultyFiles files;
  const std::string good = Golden("raftly.wal.hex");
  files.Put(kLog, good + Length(30) + "half a re" + std::string(50, '\0'));
  const auto opened = Open(files);
  ASSERT_TRUE(opened.torn_tail);
  EXPECT_EQ(opened.torn_tail->offset, good.size());
  EXPECT_EQ(opened.torn_tail->bytes, 13U);
  EXPECT_EQ(files.Contents(kLog), good);
}

TEST(WalRecovery, SpaceAheadIsNotATornTail) {
  FaultyFiles files;
  files.Put(kLog, Golden("raftly.wal.hex") + std::string(5000, '\0'));
  auto opened = Open(files);
  EXPECT_FALSE(opened.torn_tail);
  EXPECT_EQ(opened.log->stats().end, Golden("raftly.wal.hex").size());
  EXPECT_EQ(opened.log->stats().reserved, Golden("raftly.wal.hex").size() + 5000);
}

TEST(WalRecovery, LaterPagesOfAnInterruptedBatchAreCutThoughTheyAreWhole) {
  FaultyFiles files;
  const std::string good = Golden("raftly.wal.hex");
  files.Put(kLog, good + std::string(wal::kMarkerRecordBytes, '\0') + Record(E(3, 3, "unsynced")));
  const auto opened = Open(files);
  EXPECT_EQ(opened.entries.size(), 2U);
  ASSERT_TRUE(opened.torn_tail);
  EXPECT_EQ(files.Contents(kLog), good);
}

TEST(WalRecovery, AHugeLengthIsNotBelieved) {
  for (const uint32_t length : {0xffffffffU, 0x7fffffffU, 0x00ffffffU}) {
    FaultyFiles files;
    const std::string good = Golden("go.wal.hex");
    files.Put(kLog, good + Length(length) + "\x02 and so on");
    EXPECT_EQ(Open(files).entries.size(), 2U);
    EXPECT_EQ(files.Contents(kLog).substr(0, good.size()), good);
  }
}

TEST(WalRecovery, AGapInTheIndexesIsRefused) {
  for (const Entry& entry : {E(4, 3), E(0, 3), E(3, 0)}) {
    ExpectRefused(Golden("raftly.wal.hex") + Record(entry), Golden("raftly.wal.hex").size());
  }
}

TEST(WalRecovery, ATermThatNoClusterReachesIsRefused) {
  const std::string good = Golden("raftly.wal.hex");
  for (const uint64_t term : {UINT64_MAX, kLastTerm.value + 1}) {
    ExpectRefused(good + Record(E(1, term)), good.size());
    ExpectRefused(good + Record(Vote(term, "b")), good.size());
  }
}

TEST(WalRecovery, ATermThatFallsIsRefused) {
  std::string log = Golden("raftly.wal.hex") + Record(E(1, 5));
  ExpectRefused(log + Record(E(2, 4)), log.size());
}

TEST(WalRecovery, AValidChecksumOverAMalformedRecordIsRefused) {
  // Nothing torn has a valid checksum: a marker that was moved here was put here.
  const std::string good = Golden("raftly.wal.hex");
  ExpectRefused(good + Record(wal::Marker{.offset = 7, .synced_to = 0}), good.size());
}

TEST(WalRecovery, ACopyOfAMarkerElsewhereProvesNothing) {
  FaultyFiles files;
  const std::string good = Golden("raftly.wal.hex");
  const std::string copy = good.substr(good.size() - wal::kMarkerRecordBytes);
  files.Put(kLog, good + "torn" + copy);
  ASSERT_TRUE(Open(files).torn_tail);
  EXPECT_EQ(files.Contents(kLog), good);
}

TEST(WalRecovery, AGoLogThatOursContinuedIsProtectedByOurMarkers) {
  FaultyFiles files;
  files.Put(kLog, Golden("go.wal.hex"));
  ASSERT_TRUE(Store(*Open(files).log, std::nullopt, {E(3, 3, "ours")}).ok());
  std::string damaged = files.Contents(kLog);
  damaged[Golden("go.wal.hex").size() - 1] ^= 1;  // its very last record
  files.Put(kLog, damaged);
  EXPECT_TRUE(absl::IsDataLoss(TryOpen(files)));
}

TEST(WalRecovery, AnEmptyFileIsAnEmptyLog) {
  for (const std::string& bytes : {std::string(), std::string(3, '\0'), std::string(5000, '\0')}) {
    FaultyFiles files;
    files.Put(kLog, bytes);
    const auto opened = Open(files);
    EXPECT_EQ(ContentsOf(opened), Contents{});
    EXPECT_FALSE(opened.torn_tail);
  }
}

TEST(WalRecovery, ADamagedCommandIsNotReplayed) {
  std::string damaged = Golden("go.wal.hex");
  damaged[damaged.size() - 8] ^= 1;  // inside the last command
  FaultyFiles files;
  files.Put(kLog, damaged);
  EXPECT_EQ(Open(files).entries.size(), 3U) << "the last record, which would have replaced two of them, is cut";
}

TEST(WalRecovery, WithoutChecksumsGarbageIsReplayed) {
  std::string damaged = Golden("go.wal.hex");
  damaged[damaged.size() - 8] ^= 1;  // inside the last command
  FaultyFiles files;
  files.Put(kLog, damaged);
  WalOptions careless = Small();
  careless.verify_checksums = false;
  const auto opened = Open(files, careless);
  ASSERT_EQ(opened.entries.size(), 2U);
  EXPECT_NE(opened.entries[1].data.view(), R"({"op":"delete","key":"a"})");
}

TEST(WalRecovery, WithoutTruncationWhatIsSyncedLaterVanishes) {
  FaultyFiles files;
  files.Put(kLog, Golden("go.wal.hex") + Length(40) + "torn");
  WalOptions careless = Small();
  careless.truncate_torn_tail = false;
  {
    auto opened = Open(files, careless);
    EXPECT_EQ(opened.entries.size(), 2U);
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(3, 3, "acknowledged")}).ok());
  }
  EXPECT_EQ(Open(files, careless).entries.size(), 2U);
  EXPECT_TRUE(absl::IsDataLoss(TryOpen(files))) << "with the defence on, the damage is at least seen";
}

}  // namespace
}  // namespace raftly::testing
