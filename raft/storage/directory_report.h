// What a data directory holds and what is wrong with it, without changing a byte (raftly-server -inspect, -recover).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/storage/identity.h"
#include "raft/storage/members.h"
#include "raft/storage/wal.h"

namespace raftly {

struct SnapshotReport {
  LogPosition last_included;
  uint64_t bytes = 0;
  absl::Status status;  // DataLoss: it is damaged
};

struct DirectoryReport {
  std::optional<Identity> identity;
  absl::Status identity_status;  // DataLoss: the file is damaged

  bool has_log = false;  // a segment is there and holds a record
  size_t segments = 0;
  uint64_t file_bytes = 0;  // of all segments, space ahead included
  uint64_t log_bytes = 0;   // of its records
  absl::Status log_status;  // DataLoss: rot; what follows is empty then, but for:
  absl::StatusOr<std::string> repair =
      std::string();  // what peers may mend of it (LogRepair), or why not. Empty: nothing is damaged
  HardState hard_state;
  LogPosition base;  // what was let go, or a snapshot holds; the entries follow it
  Entries entries;
  std::vector<SnapshotReport> snapshots;  // oldest first
  std::optional<TornTail> torn_tail;
  std::optional<std::string> cluster_in_log;   // the first id that an entry gives the cluster
  std::optional<Members> members_in_log = {};  // as its last entry that says so, or a snapshot

  bool lost_log() const { return identity.has_value() && !has_log && log_status.ok(); }
};

// NotFound: there is no such directory, or neither an identity nor a log in it. Takes no lock: of a directory in use it
// tells what one moment held, which may end in half a record.
absl::StatusOr<DirectoryReport> ReadDirectory(FileSystem& files, const std::string& directory);

}  // namespace raftly
