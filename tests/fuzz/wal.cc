// A data directory that somebody else may have written, or nobody: what a start makes of it.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "raft/core/check.h"
#include "raft/storage/directory_report.h"
#include "raft/storage/segments.h"
#include "raft/storage/wal.h"
#include "raft/storage/wal_record.h"
#include "raft/storage/wal_recovery.h"
#include "tests/fuzz/framing.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"
#include "tests/support/faulty_files.h"

namespace raftly::fuzz {
namespace {

using testing::FaultyFiles;

const std::string kDirectory = "data";
constexpr WalOptions kOptions{.reserve_bytes = 64, .low_water_bytes = 64, .segment_bytes = 512};

constexpr int kMostFiles = 4;

// Bits of the input's first byte.
constexpr uint8_t kRightChecksums = 1;
constexpr uint8_t kRightMarkers = 2;
constexpr uint8_t kSegments = 4;  // else it is one file

// As far as the lengths lead.
std::string Repaired(std::string bytes, uint8_t wishes) {
  uint64_t offset = 0;
  while (const auto frame = wal::ReadFrame(bytes, offset)) {
    const bool marker = frame->data.front() == static_cast<char>(wal::RecordType::kMarker);
    if ((wishes & kRightMarkers) != 0 && marker && frame->size == wal::kMarkerRecordBytes) {
      std::string record;
      const uint64_t synced_to = GetBigEndian<uint64_t>(frame->data, frame->data.size() - sizeof(uint64_t));
      wal::AppendMarker(record, {.offset = offset, .synced_to = std::min(synced_to, offset)});
      bytes.replace(offset, record.size(), record);
    } else if ((wishes & kRightChecksums) != 0) {
      MakeRight(bytes, offset + sizeof(uint32_t), frame->data.size());
    }
    offset += frame->size;
  }
  return bytes;
}

FaultyFiles FilesIn(Input& input) {
  FaultyFiles files;
  const uint8_t wishes = input.Byte();
  const bool several = (wishes & kSegments) != 0;
  for (int file = 0; file == 0 || (several && file < kMostFiles && !input.empty()); ++file) {
    const std::string bytes = Repaired(std::string(several ? input.Chunk() : input.Rest()), wishes);
    const auto segment = wal::SegmentRecordOf(bytes);
    files.Put(segment && several ? wal::SegmentPath(kDirectory, segment->previous.index + 1)
                                 : wal::FirstSegmentPath(kDirectory),
              bytes);
  }
  return files;
}

// What a log says, whoever reads it.
struct Said {
  HardState hard_state;
  LogPosition base;
  Entries entries;

  bool operator==(const Said&) const = default;
};
Said WhatSays(const Wal::Opened& opened) { return {opened.hard_state, opened.base, opened.entries}; }

void CheckLawful(const Said& said) {
  LogPosition before = said.base;
  RAFTLY_CHECK(said.hard_state.term <= kLastTerm, "a term came out of its range");
  for (const Entry& entry : said.entries) {
    RAFTLY_CHECK(entry.index == before.index + 1, "a log has a gap");
    RAFTLY_CHECK(entry.term && entry.term >= before.term && entry.term <= kLastTerm, "terms fall in a log");
    before = entry.position();
  }
}

void CheckReadsBack(Wal& log, const Said& said) {
  if (said.entries.empty()) return;
  const auto all = log.Read(said.entries.front().index, said.entries.size(), SIZE_MAX);
  RAFTLY_CHECK(all.ok() && *all == said.entries, "entries cannot be read again");
  const auto last = log.Read(said.entries.back().index, SIZE_MAX, 1);
  RAFTLY_CHECK(last.ok() && last->size() == 1 && last->front() == said.entries.back(), "an entry cannot be read again");
}

Wal::Opened MustOpen(FileSystem& files) {
  auto opened = Wal::Open(files, kDirectory, kOptions);
  RAFTLY_CHECK(opened.ok(), "a log that was read once is refused");
  return *std::move(opened);
}

// An interrupted write: whatever of the last file did not get to the disk, the rest is a log. Only where a record holds
// the image of others, which no node writes, may there be a proof that something is missing.
void CheckCut(std::string bytes, uint8_t cut) {
  wal::Contents contents;
  const auto whole = wal::Recover(bytes, "raft.wal", kOptions, true, contents);
  if (!whole.ok() || whole->torn_tail) return;
  bytes.resize(bytes.size() * cut / 256);
  wal::Contents left;
  const auto torn = wal::Recover(bytes, "raft.wal", kOptions, true, left);
  if (!torn.ok()) {
    RAFTLY_CHECK(torn.status().message().find("is damaged, but") != std::string::npos, "rot without a proof");
    return;
  }
  RAFTLY_CHECK(torn->end <= bytes.size() && torn->end <= whole->end, "a shorter log is longer");
  wal::Contents again;
  const auto repaired = wal::Recover(bytes.substr(0, torn->end), "raft.wal", kOptions, true, again);
  RAFTLY_CHECK(repaired.ok() && !repaired->torn_tail && repaired->end == torn->end, "what was cut is still torn");
  RAFTLY_CHECK(again.entries == left.entries && again.hard_state == left.hard_state, "cutting a torn tail loses more");
}

// One more entry, as a node writes it.
void CheckGoesOn(FileSystem& files, Wal::Opened opened) {
  Said expected = WhatSays(opened);
  const LogPosition last = expected.entries.empty() ? expected.base : expected.entries.back().position();
  if (last.index >= kLastIndex) return;
  const Entry entry{.index = last.index + 1, .term = std::max(last.term, Term{1}), .data = Bytes("one more")};
  const HardState hard_state{.term = expected.hard_state.term, .voted_for = "a"};
  Wal& log = *opened.log;
  const std::vector<Entry> entries = {entry};
  RAFTLY_CHECK(log.Reserve(Wal::EncodedSize(hard_state, entries)).ok(), "no space where there is");
  RAFTLY_CHECK(log.Append(hard_state, entries).ok() && log.Sync().ok(), "a log cannot go on");
  expected.entries.push_back(entry);
  expected.hard_state = hard_state;
  CheckReadsBack(log, expected);
  opened.log.reset();
  const Wal::Opened again = MustOpen(files);
  RAFTLY_CHECK(WhatSays(again) == expected && !again.torn_tail, "what was synced is not there");
}

}  // namespace

void FuzzWal(std::string_view input) {
  Input bytes(input);
  const uint8_t cut = bytes.Byte();
  FaultyFiles files = FilesIn(bytes);
  const auto before = files.Everything();
  const auto report = ReadDirectory(files, kDirectory);
  CheckCut(before.begin()->second, cut);

  auto opened = Wal::Open(files, kDirectory, kOptions);
  if (!opened.ok()) {
    RAFTLY_CHECK(absl::IsDataLoss(opened.status()), "damage is called something else");
    RAFTLY_CHECK(opened.status().message().find(kDirectory) != std::string::npos, "damage without a place");
    RAFTLY_CHECK(files.Everything() == before, "a damaged log was changed");
    RAFTLY_CHECK(report.ok() && !report->log_status.ok(), "an inspection finds nothing where a start does");
    return;
  }
  const Said said = WhatSays(*opened);
  CheckLawful(said);
  CheckReadsBack(*opened->log, said);
  if (report.ok()) {
    RAFTLY_CHECK(report->log_status.ok() && report->entries == said.entries && report->hard_state == said.hard_state,
                 "an inspection sees another log than a start");
  }
  RAFTLY_CHECK(opened->log->Close().ok(), "a log cannot be closed");
  opened->log.reset();
  Wal::Opened again = MustOpen(files);
  RAFTLY_CHECK(WhatSays(again) == said && !again.torn_tail, "a second start finds another log");
  CheckGoesOn(files, std::move(again));
}

std::vector<std::string> WalSeeds() {
  const auto entry = [](uint64_t index, uint64_t term, std::string data) {
    return Entry{{index}, {term}, EntryType::kNormal, Bytes(std::move(data))};
  };
  std::string plain;
  wal::AppendState(plain, {{2}, "node1"});
  for (uint64_t index = 1; index <= 3; ++index) wal::AppendEntry(plain, entry(index, 1, "x"));
  wal::AppendEntry(plain, entry(2, 2, "instead"));

  std::string marked;
  wal::AppendMarker(marked, {.offset = 0, .synced_to = 0});
  wal::AppendMayVote(marked, false);
  wal::AppendEntry(marked, entry(1, 1, ""));
  const uint64_t synced = marked.size();
  wal::AppendMarker(marked, {.offset = synced, .synced_to = synced});
  wal::AppendEntry(marked, entry(2, 1, "y"));

  std::string second;
  wal::AppendMarker(second, {.offset = 0, .synced_to = 0});
  wal::AppendSegment(second, {.sequence = 1, .previous = {{1}, {2}}});
  wal::AppendState(second, {{3}, ""});
  wal::AppendEntry(second, entry(3, 3, "z"));

  const auto one_file = [](const std::string& bytes) { return std::string("\x80\x03", 2) + bytes; };
  std::string several("\x80\x07", 2);
  AppendChunk(several, marked);
  AppendChunk(several, second);
  std::string anew;
  wal::AppendSegment(anew, {.sequence = 2, .previous = {{4}, {9}}, .thrown_away = true});
  std::string thrown("\xc0\x07", 2);
  AppendChunk(thrown, second);
  AppendChunk(thrown, anew);
  return {one_file(plain),           one_file(marked), one_file(marked + std::string(40, '\0')),
          one_file(marked + "torn"), several,          thrown};
}

}  // namespace raftly::fuzz
