// What the bytes of a log say, and whether its end is where it should be. Touches no file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/storage/wal.h"

namespace raftly::wal {

struct Recovery {
  HardState hard_state;
  Entries entries;      // from index 1, without a gap
  uint64_t end = 0;     // the next record belongs here
  uint64_t proven = 0;  // all before it was durable once, says the last marker; proven <= end
  bool marked = false;  // there is a marker: the rule for files without markers no longer applies
  bool sealed = true;   // nothing, or a marker, is the last record
  std::optional<TornTail> torn_tail;
};

// The entries' commands stay where they are, in `bytes`. DataLoss: rot, or a record that was written as it stands and
// makes no sense. `path` is for messages.
absl::StatusOr<Recovery> Recover(const std::shared_ptr<const std::string>& bytes, const std::string& path,
                                 const WalOptions& options);

}  // namespace raftly::wal
