#include "raft/storage/wal_record.h"

#include "raft/storage/big_endian.h"
#include "raft/storage/checksum.h"

namespace raftly::wal {
namespace {

void Begin(std::string& out, uint64_t data_bytes, RecordType type) {
  PutBigEndian(out, static_cast<uint32_t>(data_bytes));
  out.push_back(static_cast<char>(type));
}

void End(std::string& out, uint64_t data_bytes) {
  PutBigEndian(out, Checksum(std::string_view(out).substr(out.size() - data_bytes)));
}

std::optional<Record> ParseState(std::string_view data) {
  if (data.size() < kStateBytes) return std::nullopt;
  if (GetBigEndian<uint32_t>(data, 9) != data.size() - kStateBytes) return std::nullopt;
  return State{{GetBigEndian<uint64_t>(data, 1)}, data.substr(kStateBytes)};
}

std::optional<Record> ParseEntry(std::string_view data) {
  if (data.size() < kEntryBytes) return std::nullopt;
  if (GetBigEndian<uint32_t>(data, 18) != data.size() - kEntryBytes) return std::nullopt;
  const auto type = static_cast<EntryType>(GetBigEndian<uint8_t>(data, 17));
  return EntryView{
      {GetBigEndian<uint64_t>(data, 1)}, {GetBigEndian<uint64_t>(data, 9)}, type, data.substr(kEntryBytes)};
}

std::optional<Record> ParseMarker(std::string_view data) {
  if (data.size() != kMarkerRecordBytes - kFrameBytes) return std::nullopt;
  if (data.substr(1, kMagic.size()) != kMagic) return std::nullopt;
  return Marker{GetBigEndian<uint64_t>(data, 17), GetBigEndian<uint64_t>(data, 25)};
}

std::optional<Record> ParseMayVote(std::string_view data) {
  if (data.size() != kMayVoteRecordBytes - kFrameBytes) return std::nullopt;
  const auto value = GetBigEndian<uint8_t>(data, 1);
  if (value > 1) return std::nullopt;
  return MayVote{value == 1};
}

std::optional<Record> ParseSegment(std::string_view data) {
  if (data.size() != kSegmentRecordBytes - kFrameBytes) return std::nullopt;
  const auto thrown_away = GetBigEndian<uint8_t>(data, 25);
  if (thrown_away > 1) return std::nullopt;
  const LogPosition previous{{GetBigEndian<uint64_t>(data, 17)}, {GetBigEndian<uint64_t>(data, 9)}};
  return Segment{GetBigEndian<uint64_t>(data, 1), previous, thrown_away == 1};
}

}  // namespace

void AppendState(std::string& out, const HardState& hard_state) {
  const uint64_t data_bytes = kStateBytes + hard_state.voted_for.size();
  Begin(out, data_bytes, RecordType::kState);
  PutBigEndian(out, hard_state.term.value);
  PutBigEndian(out, static_cast<uint32_t>(hard_state.voted_for.size()));
  out.append(hard_state.voted_for);
  End(out, data_bytes);
}

void AppendEntry(std::string& out, const Entry& entry) {
  const uint64_t data_bytes = kEntryBytes + entry.data.size();
  Begin(out, data_bytes, RecordType::kEntry);
  PutBigEndian(out, entry.index.value);
  PutBigEndian(out, entry.term.value);
  PutBigEndian(out, static_cast<uint8_t>(entry.type));
  PutBigEndian(out, static_cast<uint32_t>(entry.data.size()));
  out.append(entry.data.view());
  End(out, data_bytes);
}

void AppendMarker(std::string& out, Marker marker) {
  const uint64_t data_bytes = kMarkerRecordBytes - kFrameBytes;
  Begin(out, data_bytes, RecordType::kMarker);
  out.append(kMagic);
  PutBigEndian(out, marker.offset);
  PutBigEndian(out, marker.synced_to);
  End(out, data_bytes);
}

void AppendMayVote(std::string& out, bool value) {
  const uint64_t data_bytes = kMayVoteRecordBytes - kFrameBytes;
  Begin(out, data_bytes, RecordType::kMayVote);
  out.push_back(value ? '\1' : '\0');
  End(out, data_bytes);
}

void AppendSegment(std::string& out, const Segment& segment) {
  const uint64_t data_bytes = kSegmentRecordBytes - kFrameBytes;
  Begin(out, data_bytes, RecordType::kSegment);
  PutBigEndian(out, segment.sequence);
  PutBigEndian(out, segment.previous.index.value);
  PutBigEndian(out, segment.previous.term.value);
  out.push_back(segment.thrown_away ? '\1' : '\0');
  End(out, data_bytes);
}

std::optional<Frame> ReadFrame(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < kFrameBytes) return std::nullopt;
  const uint64_t length = GetBigEndian<uint32_t>(bytes, offset);
  if (length == 0 || length > kLongestData) return std::nullopt;
  if (length > bytes.size() - offset - kFrameBytes) return std::nullopt;
  return Frame{bytes.substr(offset + 4, length), GetBigEndian<uint32_t>(bytes, offset + 4 + length),
               kFrameBytes + length};
}

bool ChecksumHolds(const Frame& frame) { return Checksum(frame.data) == frame.crc; }

std::optional<Record> Parse(std::string_view data) {
  switch (static_cast<RecordType>(data.front())) {
    case RecordType::kState:
      return ParseState(data);
    case RecordType::kEntry:
      return ParseEntry(data);
    case RecordType::kMarker:
      return ParseMarker(data);
    case RecordType::kMayVote:
      return ParseMayVote(data);
    case RecordType::kSegment:
      return ParseSegment(data);
  }
  return Unknown{};
}

}  // namespace raftly::wal
