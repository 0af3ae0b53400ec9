// The bytes of a segment of the log (raft.wal, raft-<index>.wal), and nothing but the bytes.
//
//   file    = record* zeros
//   record  = length:4  data:length  crc:4        length >= 1; crc = CRC-32 (IEEE, as in zlib) of data
//   data    = state | entry | marker | may_vote | segment | unknown
//   state   = 01  term:8  size:4  voted_for:size
//   entry   = 02  index:8  term:8  entry_type:1  size:4  command:size
//   marker  = 03  magic:16  offset:8  synced_to:8
//   may_vote = 04 (00 | 01)
//   segment = 05 sequence:8  previous_index:8  previous_term:8  (00 | 01)
//   unknown = type:1  anything                    a reader skips it
//   zeros   = 00*                                 space ahead; a length of 0 ends the log
//
// All integers big-endian. The last state and the last may_vote win; a log without may_vote may vote (only -rejoin
// writes one). An entry replaces every earlier one with its index or a higher one.
//
// A segment record is the first of its file besides a marker; raft.wal, which begins a log, has none. Segments follow
// each other by sequence. `previous` is where the log ended when it went on here; with 01 it was thrown away, and what
// comes next follows `previous`, which a snapshot holds (Figure 13, rule 7).
//
// A batch is what one sync makes durable. It begins with a marker, and is written only after the sync before it
// returned: `synced_to` is how much of the file was durable then, and `offset` is the marker's own place (that of its
// length), so that a copy of it in a command or a misplaced block proves nothing. A marker can be found by its magic
// with everything before it damaged. That is how recovery tells rot, which must never be cut, from a torn tail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "raft/core/types.h"

namespace raftly::wal {

enum class RecordType : uint8_t { kState = 1, kEntry = 2, kMarker = 3, kMayVote = 4, kSegment = 5 };

// Drawn once at random.
inline constexpr std::string_view kMagic{"\xe6\x1d\x52\x61\x66\x74\x6c\x79\x9b\xf0\x3c\xa7\x88\xd4\x5e\xc1", 16};

inline constexpr uint64_t kFrameBytes = 4 + 4;              // length and crc
inline constexpr uint64_t kStateBytes = 1 + 8 + 4;          // besides the id
inline constexpr uint64_t kEntryBytes = 1 + 8 + 8 + 1 + 4;  // besides the command
inline constexpr uint64_t kMarkerRecordBytes = kFrameBytes + 1 + 16 + 8 + 8;
inline constexpr uint64_t kMayVoteRecordBytes = kFrameBytes + 2;
inline constexpr uint64_t kSegmentRecordBytes = kFrameBytes + 1 + 8 + 8 + 8 + 1;
inline constexpr uint64_t kMagicInMarkerRecord = 4 + 1;  // where the magic stands, from the record's first byte

// A longer record is not believed. Twice what one message from a peer can carry.
inline constexpr uint64_t kLongestData = uint64_t{128} << 20;

struct State {
  Term term;
  std::string_view voted_for;
};
struct EntryView {
  Index index;
  Term term;
  EntryType type = EntryType::kNormal;
  std::string_view command;
};
struct Marker {
  uint64_t offset = 0;
  uint64_t synced_to = 0;
};
struct MayVote {
  bool value = true;
};
struct Segment {
  uint64_t sequence = 0;
  LogPosition previous;
  bool thrown_away = false;

  bool operator==(const Segment&) const = default;
};
struct Unknown {};
using Record = std::variant<State, EntryView, Marker, MayVote, Segment, Unknown>;

// Each adds one whole record to `out`.
void AppendState(std::string& out, const HardState& hard_state);
void AppendEntry(std::string& out, const Entry& entry);
void AppendMarker(std::string& out, Marker marker);
void AppendMayVote(std::string& out, bool value);
void AppendSegment(std::string& out, const Segment& segment);

// A record as it lies in the file, contents not yet looked at.
struct Frame {
  std::string_view data;
  uint32_t crc = 0;   // as stored
  uint64_t size = 0;  // of the whole record
};
// Nothing where the length is 0, too long to be believed, or reaches beyond the end of `bytes`.
std::optional<Frame> ReadFrame(std::string_view bytes, uint64_t offset);
bool ChecksumHolds(const Frame& frame);

// Nothing where the data is not what its type promises. Views point into `data`.
std::optional<Record> Parse(std::string_view data);

}  // namespace raftly::wal
