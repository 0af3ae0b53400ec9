// Where in which segment the entries of a log begin: coarsely, so that it costs nothing. There is a place for every
// 64 KiB or so of log, and one wherever the log was cut and went on.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "raft/core/types.h"

namespace raftly::wal {

class EntryPlaces {
 public:
  struct Place {
    Index index;
    uint64_t sequence = 0;  // of the segment
    uint64_t offset = 0;    // of the record, in its file

    bool operator==(const Place&) const = default;
  };
  // All entries from `begin` on and before `end` lie between the two; others with indexes from end's on may too, and
  // no longer count.
  struct Stretch {
    Place begin;
    std::optional<Place> end;
  };

  // What is added from now on is in this segment.
  void GoOn(uint64_t sequence) { sequence_ = sequence; }
  // An entry that follows those added before, or replaces the one at its index and all above.
  void Add(Index index, uint64_t offset);
  void DropBefore(uint64_t sequence);
  void Clear() { places_.clear(); }

  // Nothing: the log does not reach back so far, or is empty.
  std::optional<Stretch> Find(Index index) const;

 private:
  std::deque<Place> places_;  // ascending in all three
  uint64_t sequence_ = 0;
  Index last_;
};

}  // namespace raftly::wal
