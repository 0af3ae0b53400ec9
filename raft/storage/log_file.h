// One segment of the log: a file that records are appended to, batch by batch. What a sync makes durable and what a
// marker then says of it is decided here; which segments there are, in wal.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/storage/entry_places.h"
#include "raft/storage/wal.h"
#include "raft/storage/wal_recovery.h"

namespace raftly::wal {

// Contracts as in wal.h. One thread at a time, but for end() and reserved().
class LogFile {
 public:
  // `size` is the file's; it holds what `found` says and is durable so far. `may_vote` is what the log says before it.
  LogFile(std::unique_ptr<File> file, const WalOptions& options, const Recovery& found, uint64_t size, bool may_vote)
      : options_(options),
        file_(std::move(file)),
        may_vote_(may_vote),
        marked_(found.marked),
        sealed_(found.sealed),
        durable_(found.end),
        end_(found.end),
        reserved_(size) {}

  // A file without any marker is judged by a weaker rule: there, an intact record after a damaged one is rot. A first
  // batch of which only the later pages reached the disk would look like that. So its marker goes ahead, alone.
  absl::Status Mark() { return marked_ ? absl::OkStatus() : WriteMarker(); }

  absl::Status Reserve(uint64_t bytes);
  Space space() const { return space_; }
  // The first record of a segment, with what is to be known without those before.
  absl::Status Begin(const Segment& segment, const HardState& hard_state);
  // Adds to `places` where the entries will lie.
  absl::Status Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries, EntryPlaces& places);
  absl::Status Sync();
  // `repeat`: the state, so that a later recovery finds it behind whatever is damaged before; null: it follows anyway.
  absl::Status Seal(const HardState* repeat = nullptr);
  // Gives back the space ahead. Requires that it is sealed.
  absl::Status Shrink();

  uint64_t end() const { return end_; }            // of the records
  uint64_t reserved() const { return reserved_; }  // size of the file
  const absl::Status& status() const { return status_; }
  // Every later call returns this.
  absl::Status Fail(absl::Status status);

 private:
  absl::Status CheckSizes(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) const;
  absl::Status BeginBatch();
  absl::Status WriteMarker(const HardState* repeat = nullptr);
  absl::Status WriteBuffer();
  absl::Status SyncFile();

  const WalOptions options_;
  const std::unique_ptr<File> file_;
  absl::Status status_;  // the failure that ended this log, if any
  std::string buffer_;   // the batch under way; empty or beginning with a marker. It belongs at end_
  bool may_vote_;        // as the log says, the buffer included
  bool marked_;          // a durable marker is in the file
  bool sealed_;          // the last record is a marker, or there is none
  Space space_ = Space::kPlenty;
  uint64_t durable_;  // durable_ <= end_, equal after each Sync (but with `sync` off)
  // Written by the owner's thread, read from any.
  std::atomic<uint64_t> end_;       // all before it is written
  std::atomic<uint64_t> reserved_;  // size of the file; end_ <= reserved_
};

}  // namespace raftly::wal
