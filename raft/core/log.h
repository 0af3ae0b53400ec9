// The replicated log in memory: entries 1, 2, 3 … without a gap, terms never falling (§5.3).
#pragma once

#include <cstddef>

#include "raft/core/types.h"

namespace raftly {

class Log {
 public:
  Log() = default;
  // Requires: indexes start at 1 and have no gap.
  explicit Log(Entries entries);

  LogPosition last() const { return entries_.empty() ? LogPosition{} : entries_.back().position(); }
  bool Contains(Index index) const { return index.value >= 1 && index <= last().index; }
  // Term 0 for index 0, the place before the first entry. Requires: index 0 or Contains(index).
  Term TermAt(Index index) const;
  // Requires: Contains(index).
  const Entry& At(Index index) const;

  // Requires: entry.index == last().index + 1.
  void Append(Entry entry);
  // Removes `from` and all above. Requires: Contains(from).
  void TruncateFrom(Index from);

  // At least one entry from `from` on where there is one, then as many as fit into both limits. The data is shared.
  Entries Slice(Index from, size_t max_entries, size_t max_bytes) const;
  Entries From(Index from) const;

  // The first index of the term of the entry at `index`. Requires: Contains(index).
  Index FirstIndexOfTermAt(Index index) const;
  // The last entry of `term`, or index 0 where the log has none.
  Index LastIndexOf(Term term) const;

 private:
  Entries entries_;
};

}  // namespace raftly
