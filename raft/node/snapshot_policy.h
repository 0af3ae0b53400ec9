// When a node takes snapshots of its state machine, and what it does with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "raft/core/time.h"

namespace raftly {

struct SnapshotPolicy {
  uint64_t log_bytes = 0;                     // of log since the last snapshot that make a new one; 0: never
  uint64_t keep_bytes = 0;                    // of log that stay behind one, for followers that are a little late
  size_t slice_bytes = size_t{256} << 10;     // of the state, read while the state machine stands still
  int rest = 20;                              // between slices, times what one took, while entries are being applied
  uint64_t piece_bytes = uint64_t{1} << 20;   // of the file, sent at once
  uint64_t send_rate = 0;                     // bytes per second and peer; 0: as fast as it goes
  Duration retry = std::chrono::seconds(10);  // after one that could not be made
};

}  // namespace raftly
