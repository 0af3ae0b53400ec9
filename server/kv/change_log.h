// The latest changes of keys, in order, for those who watch them: bounded in bytes, in memory. A restart fills it again
// from the log as far as no snapshot stands in for that.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"

namespace raftly {

// One key's change by one entry. A transaction makes several, in byte order of their keys.
struct Change {
  std::string key = {};
  std::optional<Bytes> value = {};  // nothing: the key is gone
  // Of ChangeLog::Append.
  Index index = {};
  uint32_t place = 0;  // among the changes of its entry
  bool last = true;    // of its entry
};

// Between two changes: all of lower entries lie before it, and the first `place` of this one. The same at every node.
struct ChangePosition {
  Index index;
  uint32_t place = 0;

  auto operator<=>(const ChangePosition&) const = default;
};
ChangePosition Before(const Change& change);
ChangePosition After(const Change& change);

// Position as the id of what came before it: "17": all of entry 17; "17.2": its first two changes.
std::string ToId(ChangePosition position);
// InvalidArgument.
absl::StatusOr<ChangePosition> ParseId(std::string_view id);

class ChangeLog {
 public:
  // Of the latest entry all changes are kept, even where they are more.
  explicit ChangeLog(size_t most_bytes) : most_bytes_(most_bytes) {}

  // From the apply executor, of every entry that is applied: `changes` in order, perhaps none. They are moved from.
  void Append(Index at, std::span<Change> changes);
  // The state was replaced by that of a snapshot at this entry: what led to it is not known.
  void Reset(Index at);
  // Before the first Append. `listener` runs on the apply executor after every Append and Reset; `appended` as in
  // Bounds.
  void Listen(std::function<void(uint64_t appended)> listener) { listener_ = std::move(listener); }

  // From any thread.
  struct Bounds {
    ChangePosition begin;   // what lies before is not known any more
    ChangePosition end;     // behind all that was applied
    uint64_t appended = 0;  // bytes ever, kept or not
  };
  Bounds bounds() const;
  size_t most_bytes() const { return most_bytes_; }

  struct Run {
    bool gone = false;    // `from` lies before the beginning
    ChangePosition next;  // all that lies before it is in `changes`, or in what was read before
    std::vector<Change> changes;
  };
  // Changes of keys with this prefix, from `from` on and before `until` and the end. It looks at `most` changes at
  // most, and stops behind the one that makes it `bytes` of keys and values.
  Run Read(ChangePosition from, ChangePosition until, std::string_view prefix, size_t most, size_t bytes) const;

 private:
  void Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t most_bytes_;
  std::function<void(uint64_t)> listener_;
  mutable Mutex mutex_;
  std::deque<Change> changes_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of changes_, about
  Bounds bounds_ ABSL_GUARDED_BY(mutex_) = {.begin = {Index{1}}, .end = {Index{1}}};
};

}  // namespace raftly
