// The bytes of a snapshot: as the page says, and nothing that was cut, flipped, swapped or added is taken for one.
#include "raft/storage/snapshot_format.h"

#include "absl/strings/str_cat.h"
#include "raft/storage/checksum.h"

#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::HasSubstr;

const SnapshotHeader kHeader{.last_included = {{7}, {42}},
                             .configuration_index = {3},
                             .configuration = "{}",
                             .machine = "kv",
                             .machine_version = 1};

std::string Snapshot(const SnapshotHeader& header, const std::vector<std::string>& blocks) {
  SnapshotEncoder encoder;
  std::string bytes;
  encoder.Header(header, bytes);
  for (const std::string& block : blocks) encoder.Block(block, bytes);
  encoder.End(bytes);
  return bytes;
}

struct Found {
  absl::Status status;
  std::optional<SnapshotHeader> header;
  std::vector<std::string> blocks;
};

Found Read(std::string_view bytes, size_t piece = std::string_view::npos) {
  SnapshotDecoder decoder("file");
  Found found;
  const auto take = [&](std::string_view data) {
    found.blocks.emplace_back(data);
    return absl::OkStatus();
  };
  for (; !bytes.empty() && found.status.ok(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    found.status = decoder.Feed(bytes.substr(0, piece), take);
  }
  if (found.status.ok()) found.status = decoder.Finish();
  if (decoder.has_header()) found.header = decoder.header();
  return found;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(SnapshotFormat, GoldenBytes) {
  EXPECT_EQ(Snapshot(kHeader, {"hello", std::string(3, '\0')}), Golden("raftly.snap.hex"));
  EXPECT_EQ(Read(Golden("raftly.snap.hex")).blocks, (std::vector<std::string>{"hello", std::string(3, '\0')}));
}

TEST(SnapshotFormat, ComesBackInPiecesOfAnySize) {
  const std::vector<std::string> blocks = {std::string(1000, 'a'), "b", std::string(kLongestSnapshotBlock, 'c')};
  const std::string bytes = Snapshot(kHeader, blocks);
  for (const size_t piece : {7u, 4096u, 10'000'000u}) {
    const Found found = Read(bytes, piece);
    EXPECT_TRUE(found.status.ok()) << found.status;
    EXPECT_EQ(found.header, kHeader);
    EXPECT_EQ(found.blocks, blocks);
  }
  EXPECT_TRUE(Read(Snapshot(kHeader, {"x", "yz"}), 1).status.ok());
}

TEST(SnapshotFormat, AnEmptyStateIsASnapshotAndAnEmptyFileIsNone) {
  EXPECT_TRUE(Read(Snapshot(kHeader, {})).status.ok());
  EXPECT_EQ(Message(Read("").status), "file: ends at offset 0 in the middle: a whole snapshot has an end block");
}

TEST(SnapshotFormat, CutAnywhereItIsNotWhole) {
  const std::string bytes = Snapshot(kHeader, {"hello", "world"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Found found = Read(bytes.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(found.status)) << size << ": " << found.status;
    EXPECT_THAT(Message(found.status), HasSubstr(absl::StrCat("offset ", size)));
  }
}

TEST(SnapshotFormat, FlippedAnywhereItIsDamaged) {
  const std::string bytes = Snapshot(kHeader, {"hello", "world"});
  for (size_t at = 0; at < bytes.size() * 8; ++at) {
    std::string flipped = bytes;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << (at % 8)));
    EXPECT_TRUE(absl::IsDataLoss(Read(flipped).status)) << "bit " << at;
  }
}

TEST(SnapshotFormat, BlocksCannotBeSwappedLeftOutRepeatedOrTakenFromAnother) {
  for (const std::vector<std::string>& others : std::vector<std::vector<std::string>>{
           {"world", "hello"}, {"hello"}, {"hello", "world", "world"}, {"hello", "w0rld"}}) {
    const std::string ours = Snapshot(kHeader, {"hello", "world"});
    const std::string theirs = Snapshot(kHeader, others);
    constexpr size_t kEnd = 28;
    const std::string mixed = theirs.substr(0, theirs.size() - kEnd) + ours.substr(ours.size() - kEnd);
    EXPECT_THAT(Message(Read(mixed).status), HasSubstr("the end belongs to other blocks than these"));
  }
}

TEST(SnapshotFormat, TheHeaderOfAnotherSnapshotIsNoticed) {
  SnapshotHeader other = kHeader;
  other.last_included.index = {43};
  const std::string ours = Snapshot(kHeader, {"hello"});
  const std::string theirs = Snapshot(other, {"hello"});
  constexpr size_t kBehindHeader = 8 + 5 + 28;
  const std::string mixed = theirs.substr(0, theirs.size() - kBehindHeader) + ours.substr(ours.size() - kBehindHeader);
  EXPECT_TRUE(absl::IsDataLoss(Read(mixed).status));
}

TEST(SnapshotFormat, WhatFollowsTheEndIsRefused) {
  EXPECT_THAT(Message(Read(Snapshot(kHeader, {"hello"}) + "x").status), HasSubstr("more follows after the end"));
}

TEST(SnapshotFormat, AnythingElseIsRefusedByName) {
  EXPECT_EQ(Message(Read("GIF89a").status), "file: at offset 0: this is no snapshot of Raftly");
  EXPECT_TRUE(absl::IsDataLoss(Read(Golden("raftly.wal.hex")).status));
}

TEST(SnapshotFormat, AFormatOfTheFutureIsRefusedByItsNumber) {
  std::string fields;
  for (const char c : {0, 0, 0, 2}) fields.push_back(c);
  std::string bytes(kSnapshotMagic);
  bytes += Length(4) + fields + Length(Checksum(fields));
  const Found found = Read(bytes);
  EXPECT_TRUE(absl::IsUnimplemented(found.status));
  EXPECT_EQ(Message(found.status), "file: is a snapshot of format 2, this version reads format 1");
}

TEST(SnapshotFormat, AnErrorOfTheReaderEndsItAndStays) {
  SnapshotDecoder decoder("file");
  const auto refuse = [](std::string_view) { return absl::InternalError("no"); };
  const std::string bytes = Snapshot(kHeader, {"hello", "world"});
  EXPECT_EQ(decoder.Feed(bytes, refuse), absl::InternalError("no"));
  EXPECT_EQ(decoder.Feed("", refuse), absl::InternalError("no"));
  EXPECT_EQ(decoder.Finish(), absl::InternalError("no"));
}

}  // namespace
}  // namespace raftly::testing
