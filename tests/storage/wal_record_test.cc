// Bytes against values, both ways. The golden files are derived from the specification by hand.
#include "raft/storage/wal_record.h"

#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::VariantWith;

std::optional<wal::Record> ParseRecord(const std::string& bytes) {
  const auto frame = wal::ReadFrame(bytes, 0);
  EXPECT_TRUE(frame && wal::ChecksumHolds(*frame) && frame->size == bytes.size());
  return wal::Parse(frame->data);
}

TEST(WalRecord, ALogOfTheGoServerOpens) {
  FaultyFiles files;
  files.Put(kLog, Golden("go.wal.hex"));
  const auto opened = Open(files);
  EXPECT_EQ(opened.hard_state, Vote(3, "node2"));
  EXPECT_EQ(opened.entries, (Entries{E(1, 2), E(2, 3, R"({"op":"delete","key":"a"})")}));
  EXPECT_FALSE(opened.torn_tail);
}

TEST(WalRecord, OurOwnLogHasTheseBytes) {
  FaultyFiles files;
  auto opened = Open(files);
  ASSERT_TRUE(Store(*opened.log, Vote(2, "node1", false), {E(1, 2), E(2, 2, "a")}).ok());
  ASSERT_TRUE(Store(*opened.log, Vote(3, ""), {{{2}, {3}, EntryType::kConfig, Bytes("bc")}}).ok());
  ASSERT_TRUE(opened.log->Close().ok());
  EXPECT_EQ(files.Contents(kLog), Golden("raftly.wal.hex"));
}

TEST(WalRecord, OurOwnBytesAreReadBack) {
  FaultyFiles files;
  files.Put(kLog, Golden("raftly.wal.hex"));
  const auto opened = Open(files);
  EXPECT_EQ(opened.hard_state, Vote(3, ""));
  EXPECT_EQ(opened.entries, (Entries{E(1, 2), {{2}, {3}, EntryType::kConfig, Bytes("bc")}}));
}

TEST(WalRecord, AStateOrEntryWhoseInnerLengthDisagreesIsMalformed) {
  for (const std::string& bytes : {Record(Vote(1, "node1")), Record(E(1, 1, "command"))}) {
    const auto frame = wal::ReadFrame(bytes, 0);
    EXPECT_TRUE(wal::Parse(frame->data));
    EXPECT_FALSE(wal::Parse(frame->data.substr(0, frame->data.size() - 1)));
    EXPECT_FALSE(wal::Parse(std::string(frame->data) + "x"));
    EXPECT_FALSE(wal::Parse(frame->data.substr(0, 1)));
  }
}

TEST(WalRecord, AMarkerWithAnotherMagicIsMalformed) {
  std::string bytes = Record(wal::Marker{.offset = 7, .synced_to = 5});
  EXPECT_TRUE(ParseRecord(bytes));
  ++bytes[wal::kMagicInMarkerRecord];
  EXPECT_FALSE(wal::Parse(wal::ReadFrame(bytes, 0)->data));
}

TEST(WalRecord, ATypeThatIsNotKnownIsNotAnError) {
  EXPECT_THAT(wal::Parse(std::string_view("\x09whatever")),
              ::testing::Optional(VariantWith<wal::Unknown>(::testing::_)));
  EXPECT_TRUE(wal::Parse(std::string_view("\0", 1)));
}

TEST(WalRecord, AFrameIsOnlyReadWhereItFits) {
  const std::string bytes = Record(E(1, 1, "command"));
  EXPECT_TRUE(wal::ReadFrame(bytes, 0));
  EXPECT_FALSE(wal::ReadFrame(bytes.substr(0, bytes.size() - 1), 0));
  EXPECT_FALSE(wal::ReadFrame(bytes, bytes.size()));
  EXPECT_FALSE(wal::ReadFrame(bytes, bytes.size() + 1));
  EXPECT_FALSE(wal::ReadFrame(std::string(64, '\0'), 0));
  EXPECT_FALSE(wal::ReadFrame(std::string(64, '\xff'), 0));
}

TEST(WalRecord, SizesAreWhatIsWritten) {
  std::string may_vote;
  wal::AppendMayVote(may_vote, true);
  EXPECT_EQ(may_vote.size(), wal::kMayVoteRecordBytes);
  EXPECT_EQ(Record(wal::Marker{}).size(), wal::kMarkerRecordBytes);
  EXPECT_EQ(Record(E(1, 1, "abc")).size(), wal::kFrameBytes + wal::kEntryBytes + 3);
  EXPECT_EQ(Record(Vote(1, "abc")).size(), wal::kFrameBytes + wal::kStateBytes + 3);
  EXPECT_EQ(wal::kMagic.size(), 16U);
}

}  // namespace
}  // namespace raftly::testing
