// Reads entries back out of a segment that is, or was, being written: what a reader of the log needs that is not in
// memory any more.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly::wal {

// DataLoss: the file of a log that is being written is not what was written; `what` goes behind its name.
absl::Status DamagedSince(const std::string& path, const std::string& what);

class EntryReader {
 public:
  // Takes entries from `from` on, as many as both limits allow, and one in any case.
  EntryReader(Index from, size_t max_entries, size_t max_bytes, bool verify_checksums)
      : next_(from), max_entries_(max_entries), max_bytes_(max_bytes), verify_checksums_(verify_checksums) {}

  Index next() const { return next_; }
  bool full() const { return full_; }
  Entries TakeEntries() { return std::move(entries_); }

  // `bytes` are whole records, those of `path` from `offset` on. Takes what comes next and lies before `end`; what it
  // takes keeps `bytes` alive. DataLoss: a record is damaged, or not what it was when it was written.
  absl::Status Take(const std::shared_ptr<const std::string>& bytes, Index end, const std::string& path,
                    uint64_t offset);

 private:
  bool Fits(size_t bytes) const { return entries_.empty() || (bytes_ + bytes <= max_bytes_); }

  Index next_;
  const size_t max_entries_;
  const size_t max_bytes_;
  const bool verify_checksums_;
  bool full_ = false;
  Entries entries_;
  size_t bytes_ = 0;  // of their commands
};

}  // namespace raftly::wal
