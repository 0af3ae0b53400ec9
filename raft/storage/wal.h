// The write-ahead log of one node: <data-dir>/raft.wal and, where it has been cut into segments, raft-<index>.wal
// (grammar: wal_record.h).
//
//   auto wal = Wal::Open(files, "data/node1", {});
//   wal->log->Append(hard_state, entries);
//   wal->log->Sync();                         // durable: promises may leave
//
// One thread at a time. When to sync is the caller's decision; how many records one sync carries is too. A failed write
// or sync is final: every later call returns the same error (fsyncgate). Lack of space is not a failure where Reserve
// finds it, before anything is written; a write or a sync that reports it is as final as any other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "raft/core/types.h"
#include "raft/env/files.h"

namespace raftly {

struct WalOptions {
  // How much zero-filled space is made at a time ahead of the end; a sync into it costs a third less.
  uint64_t reserve_bytes = uint64_t{4} << 20;
  // Where less than this is left, Reserve makes more. Large enough for a few of the largest commands, so that what is
  // already on its way still fits when the disk turns out to be full.
  uint64_t low_water_bytes = uint64_t{4} << 20;
  // Allocated beyond that while there is space, for commands that make room when there is none any more.
  uint64_t kept_back_bytes = 0;
  // A segment that has grown to this is followed by another, so that a log can be let go piece by piece. 0: one file
  // for ever, as a Go server wants it.
  uint64_t segment_bytes = 0;
  // Defences (raft/core/config.h) that laboratories switch off.
  bool verify_checksums = true;
  bool truncate_torn_tail = true;
  bool final_sync_failure = true;
  bool disk_reserve = true;
  bool sync = true;  // false: Sync returns at once
  // There has to be a log: its directory has an identity, which is never older. FailedPrecondition where there is none.
  bool must_exist = false;
};

// What recovery cut: an interrupted write that was never acknowledged.
struct TornTail {
  uint64_t offset = 0;  // the file now ends here
  uint64_t bytes = 0;   // how many bytes, trailing zeros not counted, went
};

struct WalStats {
  uint64_t end = 0;       // bytes of records
  uint64_t reserved = 0;  // size of the files, space ahead included
  uint64_t segments = 1;
};

class Wal {
 public:
  struct Opened;
  // Locks the directory (created if missing) by its raft.lock, reads the log, cuts a torn tail. DataLoss where synced
  // records are damaged (rot): the message names file, offset, record number and remedy, and nothing but the lock was
  // touched. FailedPrecondition where another process holds the directory. A full disk is no error here: see Reserve.
  static absl::StatusOr<Opened> Open(FileSystem& files, const std::string& directory, WalOptions options);

  virtual ~Wal() = default;

  // Makes space for `bytes` more of records and keeps low_water_bytes and kept_back_bytes beyond it. ResourceExhausted
  // where the disk is full and the records themselves would not fit; nothing has changed then, and it may be tried
  // again.
  virtual absl::Status Reserve(uint64_t bytes) = 0;
  // What the last Reserve left beyond what it was asked for: all of that, the low-water mark, or less.
  virtual Space space() const = 0;
  // Upper bound of what Append adds to the file, for Reserve.
  static uint64_t EncodedSize(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries);

  // Requires a Reserve that covers it. Entries may replace earlier ones, never leave a gap. Not durable before Sync.
  virtual absl::Status Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) = 0;
  // Makes every Append so far durable. Costs nothing where nothing was appended since the last one.
  virtual absl::Status Sync() = 0;
  // Proves to a later recovery that all records so far were durable. For a log that has been idle; nothing where it is
  // sealed already. ResourceExhausted where the disk has no room for it: not final, the log is only less provable.
  virtual absl::Status Seal() = 0;
  // Figure 13, rule 7: nothing of the log counts any more, what comes next follows `base`, which is durable elsewhere.
  // Durable when it returns.
  virtual absl::Status ThrowAway(LogPosition base) = 0;
  // Lets go of whole segments of which nothing is behind `through`. Requires that all up to there is durable elsewhere.
  virtual absl::Status DropThrough(Index through) = 0;
  // Entries from `from` on: those that are written, as many as both limits allow (max_bytes of commands), and one in
  // any case. NotFound: the log does not hold `from`, or not yet on the disk. DataLoss: what was written there is
  // damaged.
  virtual absl::StatusOr<Entries> Read(Index from, size_t max_entries, size_t max_bytes) = 0;
  // Seals and gives back the space ahead, unless the disk is full: the next start would not get it again. The last
  // call.
  virtual absl::Status Close() = 0;

  // From any thread.
  virtual WalStats stats() const = 0;
};

struct Wal::Opened {
  std::unique_ptr<Wal> log;
  HardState hard_state;
  LogPosition base;  // the entries follow it
  Entries entries;
  std::optional<TornTail> torn_tail;
};

}  // namespace raftly
