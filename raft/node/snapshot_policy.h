// When a node takes snapshots of its state machine, and what it does with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "raft/core/time.h"

namespace raftly {

struct SnapshotPolicy {
  uint64_t log_bytes = 0;                  // of log since the last snapshot that make a new one; 0: never
  uint64_t keep_bytes = 0;                 // of log that stay behind one, for followers that are a little late
  size_t slice_bytes = size_t{256} << 10;  // of the state, read while the state machine stands still
  // While entries are applied: how long to rest after a slice, times what it took, and at most.
  int rest = 20;
  Duration longest_rest = std::chrono::milliseconds(250);
  uint64_t piece_bytes = uint64_t{1} << 20;  // of the file, sent at once
  uint64_t send_rate = 0;                    // bytes per second and peer; 0: as fast as it goes
  // While entries are applied: how long to rest after a piece that is sent, times what it took its peer to have it, and
  // not longer than longest_rest. So a peer that is brought up leaves most of network and disks to clients.
  int send_rest = 0;
  Duration retry = std::chrono::seconds(10);  // after one that could not be made
};

// `since`: bytes of log since the last snapshot. A lull, in which no client waits, is used; but it is not waited for
// until the log is twice as long as it should be.
inline bool IsSnapshotDue(const SnapshotPolicy& policy, uint64_t since, bool lull) {
  return policy.log_bytes > 0 && since >= (lull ? 1 : 2) * policy.log_bytes;
}
// One that is being made while the log grows to this does not rest.
inline bool IsSnapshotUrgent(const SnapshotPolicy& policy, uint64_t since) {
  return policy.log_bytes > 0 && since >= 4 * policy.log_bytes;
}

}  // namespace raftly
