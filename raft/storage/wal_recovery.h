// What the bytes of a segment say, and whether its end is where it should be. Touches no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/storage/entry_places.h"
#include "raft/storage/wal.h"
#include "raft/storage/wal_record.h"

namespace raftly::wal {

// What the segments read so far say together.
struct Contents {
  HardState hard_state;
  LogPosition base;  // the entries follow it
  Entries entries;   // without a gap
  EntryPlaces places;

  LogPosition last() const { return entries.empty() ? base : entries.back().position(); }
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

// Adds what this segment says to `contents`. DataLoss: rot, or a record that was written as it stands and makes no
// sense. Only the last segment may have a torn tail: when a log goes on elsewhere, all before is durable. `path` is for
// messages.
absl::StatusOr<Recovery> Recover(std::string_view bytes, const std::string& path, const WalOptions& options, bool last,
                                 Contents& contents);

}  // namespace raftly::wal
