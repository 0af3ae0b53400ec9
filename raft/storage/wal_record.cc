#include "raft/storage/wal_record.h"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <utility>

namespace raftly::wal {
namespace {

uint32_t Crc(std::string_view data) {
  // zlib counts in 32 bits; kLongestData stays well below.
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

// Big endian. Spelled out byte by byte, not as a loop, because compilers make one load or store of that.
template <class Int, size_t... I>
void PutBytes(std::string& out, Int value, std::index_sequence<I...>) {
  const std::array<char, sizeof(Int)> bytes{static_cast<char>(value >> (8 * (sizeof(Int) - 1 - I)))...};
  out.append(bytes.data(), bytes.size());
}

template <class Int>
void Put(std::string& out, Int value) {
  PutBytes(out, value, std::make_index_sequence<sizeof(Int)>());
}

template <class Int, size_t... I>
Int GetBytes(const char* bytes, std::index_sequence<I...>) {
  return static_cast<Int>(((Int{static_cast<unsigned char>(bytes[I])} << (8 * (sizeof(Int) - 1 - I))) | ...));
}

template <class Int>
Int Get(std::string_view bytes, size_t offset) {
  return GetBytes<Int>(bytes.data() + offset, std::make_index_sequence<sizeof(Int)>());
}

void Begin(std::string& out, uint64_t data_bytes, RecordType type) {
  Put(out, static_cast<uint32_t>(data_bytes));
  out.push_back(static_cast<char>(type));
}

void End(std::string& out, uint64_t data_bytes) {
  Put(out, Crc(std::string_view(out).substr(out.size() - data_bytes)));
}

std::optional<Record> ParseState(std::string_view data) {
  if (data.size() < kStateBytes) return std::nullopt;
  if (Get<uint32_t>(data, 9) != data.size() - kStateBytes) return std::nullopt;
  return State{{Get<uint64_t>(data, 1)}, data.substr(kStateBytes)};
}

std::optional<Record> ParseEntry(std::string_view data) {
  if (data.size() < kEntryBytes) return std::nullopt;
  if (Get<uint32_t>(data, 18) != data.size() - kEntryBytes) return std::nullopt;
  const auto type = static_cast<EntryType>(Get<uint8_t>(data, 17));
  return EntryView{{Get<uint64_t>(data, 1)}, {Get<uint64_t>(data, 9)}, type, data.substr(kEntryBytes)};
}

std::optional<Record> ParseMarker(std::string_view data) {
  if (data.size() != kMarkerRecordBytes - kFrameBytes) return std::nullopt;
  if (data.substr(1, kMagic.size()) != kMagic) return std::nullopt;
  return Marker{Get<uint64_t>(data, 17), Get<uint64_t>(data, 25)};
}

std::optional<Record> ParseMayVote(std::string_view data) {
  if (data.size() != kMayVoteRecordBytes - kFrameBytes) return std::nullopt;
  const auto value = Get<uint8_t>(data, 1);
  if (value > 1) return std::nullopt;
  return MayVote{value == 1};
}

}  // namespace

void AppendState(std::string& out, const HardState& hard_state) {
  const uint64_t data_bytes = kStateBytes + hard_state.voted_for.size();
  Begin(out, data_bytes, RecordType::kState);
  Put(out, hard_state.term.value);
  Put(out, static_cast<uint32_t>(hard_state.voted_for.size()));
  out.append(hard_state.voted_for);
  End(out, data_bytes);
}

void AppendEntry(std::string& out, const Entry& entry) {
  const uint64_t data_bytes = kEntryBytes + entry.data.size();
  Begin(out, data_bytes, RecordType::kEntry);
  Put(out, entry.index.value);
  Put(out, entry.term.value);
  Put(out, static_cast<uint8_t>(entry.type));
  Put(out, static_cast<uint32_t>(entry.data.size()));
  out.append(entry.data.view());
  End(out, data_bytes);
}

void AppendMarker(std::string& out, Marker marker) {
  const uint64_t data_bytes = kMarkerRecordBytes - kFrameBytes;
  Begin(out, data_bytes, RecordType::kMarker);
  out.append(kMagic);
  Put(out, marker.offset);
  Put(out, marker.synced_to);
  End(out, data_bytes);
}

void AppendMayVote(std::string& out, bool value) {
  const uint64_t data_bytes = kMayVoteRecordBytes - kFrameBytes;
  Begin(out, data_bytes, RecordType::kMayVote);
  out.push_back(value ? '\1' : '\0');
  End(out, data_bytes);
}

std::optional<Frame> ReadFrame(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < kFrameBytes) return std::nullopt;
  const uint64_t length = Get<uint32_t>(bytes, offset);
  if (length == 0 || length > kLongestData) return std::nullopt;
  if (length > bytes.size() - offset - kFrameBytes) return std::nullopt;
  return Frame{bytes.substr(offset + 4, length), Get<uint32_t>(bytes, offset + 4 + length), kFrameBytes + length};
}

bool ChecksumHolds(const Frame& frame) { return Crc(frame.data) == frame.crc; }

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
  }
  return Unknown{};
}

}  // namespace raftly::wal
