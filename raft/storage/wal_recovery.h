// What the bytes of a segment say, and whether its end is where it should be. Touches no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/storage/entry_places.h"
#include "raft/storage/wal.h"
#include "raft/storage/wal_record.h"

namespace raftly::wal {

// A part of a segment that was durable and cannot be read: from a damaged record up to where a marker shows that
// records go on, or to the segment's end.
struct Hole {
  std::string path;
  uint64_t offset = 0;
  uint64_t end = 0;
  uint64_t record = 0;  // its number in the file, from 1, as far as they can be counted

  bool operator==(const Hole&) const = default;
};

// Whether rot is refused, or noted as a hole so that somebody may mend it (log_repair.h).
enum class OnRot { kRefuse, kNote };

// What the segments read so far say together.
struct Contents {
  HardState hard_state;
  LogPosition base;  // the entries follow it
  Entries entries;   // without a gap
  EntryPlaces places;

  // With OnRot::kNote. What a hole held may have replaced anything before it, so what is behind it stands by itself.
  std::vector<Hole> holes;
  bool rooted = true;          // the entries follow the base; else they are those behind the last hole
  Entries before;              // where they are not rooted: what follows the base, as far as the first hole
  bool state_known = true;     // there is a state record behind the last hole
  bool may_vote_known = true;  // there is a may_vote record there

  LogPosition last() const { return entries.empty() ? base : entries.back().position(); }
  // Whether a segment may say that the log ended at `previous` when it went on there.
  bool MayEndAt(LogPosition previous) const { return (!rooted && entries.empty()) || previous == last(); }
};

struct Recovery {
  uint64_t end = 0;     // the next record belongs here
  uint64_t proven = 0;  // all before it was durable once, says the last marker; proven <= end
  bool marked = false;  // there is a marker: the rule for files without markers no longer applies
  bool sealed = true;   // nothing, or a marker, is the last record
  std::optional<TornTail> torn_tail;
};

// The segment record of a file that has one: nothing for raft.wal, and where its beginning is damaged.
std::optional<Segment> SegmentRecordOf(std::string_view bytes);

// Adds what this segment says to `contents`. DataLoss: rot (with kNote only where nothing shows how the log goes on
// behind it), or a record that was written as it stands and makes no sense. Only the last segment may have a torn tail:
// when a log goes on elsewhere, all before is durable. `path` is for messages.
absl::StatusOr<Recovery> Recover(std::string_view bytes, const std::string& path, const WalOptions& options, bool last,
                                 Contents& contents, OnRot on_rot = OnRot::kRefuse);

}  // namespace raftly::wal
