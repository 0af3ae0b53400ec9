// The replicated log: what follows `base()`, without a gap, terms never falling (§5.3). What lies up to and including
// the base is gone; a snapshot holds what it did (§7).
//
// Not all of it need be in memory: what was evicted is still part of the log, with its term known, but its entries
// have to be read from the disk.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "raft/core/types.h"

namespace raftly {

// Entries from `from` on as long as `find` gives one (null: there is none), as many as fit into both limits, and one in
// any case. `max_bytes` of commands.
template <class Find>
Entries EntriesWithin(Index from, size_t max_entries, size_t max_bytes, Find find) {
  Entries entries;
  size_t bytes = 0;
  for (const Entry* entry = find(from); entry != nullptr && entries.size() < max_entries; entry = find(++from)) {
    bytes += entry->data.size();
    if (!entries.empty() && bytes > max_bytes) break;
    entries.push_back(*entry);
  }
  return entries;
}

class Log {
 public:
  Log() = default;
  // Requires: indexes follow `base` and have no gap.
  explicit Log(Entries entries, LogPosition base = {});

  LogPosition base() const { return base_; }
  Index first() const { return base_.index + 1; }
  LogPosition last() const;
  bool Contains(Index index) const { return index > base_.index && index <= last_index(); }
  // Whether `position` is in the log or its base. Index 0, the place before the first entry of all, has term 0.
  bool Matches(LogPosition position) const {
    return HasTermAt(position.index) && TermAt(position.index) == position.term;
  }
  bool HasTermAt(Index index) const { return index == base_.index || Contains(index); }
  // Requires: HasTermAt(index).
  Term TermAt(Index index) const;

  // Whether the entry is in memory.
  bool Holds(Index index) const { return index > evicted_ && index <= last_index(); }
  // The first that may be in memory.
  Index first_held() const { return evicted_ + 1; }
  // Requires: Holds(index).
  const Entry& At(Index index) const;
  // What an entry costs besides its command: itself, and the two allocations that hold the command.
  static constexpr size_t kPerEntry = sizeof(Entry) + sizeof(std::string) + 48;
  size_t bytes_in_memory() const { return bytes_; }  // of commands, and what each costs besides

  // Requires: entry.index == last().index + 1.
  void Append(Entry entry);
  // Removes `from` and all above. Requires: Contains(from).
  void TruncateFrom(Index from);
  // §7: `through` and all before it are gone; `through` is the base. Nothing where they are gone already.
  // Requires: through <= last().index.
  void DropThrough(Index through);
  // Figure 13, rule 7: the whole log is gone, what comes next follows `base`.
  void Reset(LogPosition base);
  // Forgets entries from the front, at most up to and including `through`, until at most `bytes` are in memory.
  void Evict(Index through, size_t bytes);

  // EntriesWithin of what is in memory. The data is shared.
  Entries Slice(Index from, size_t max_entries, size_t max_bytes) const;
  // All that is in memory from `from` on.
  Entries From(Index from) const;

  // The first index of the term of the entry at `index`, as far as the log goes back. Requires: Contains(index).
  Index FirstIndexOfTermAt(Index index) const;
  // The last place of `term`, the base included, or index 0 where the log has none.
  Index LastIndexOf(Term term) const;

 private:
  // Terms change seldom, so the whole log's fit into a few of these.
  struct Run {
    Index first;  // the run goes on to the next one's first, or to the end
    Term term;
  };

  Index last_index() const { return evicted_ + entries_.size(); }
  std::deque<Run>::const_iterator RunOf(Index index) const;
  void PopFront();

  LogPosition base_;
  Index evicted_;  // base_.index <= evicted_; entries up to here are not in memory
  std::deque<Entry> entries_;
  std::deque<Run> runs_;  // of everything behind the base
  size_t bytes_ = 0;
};

}  // namespace raftly
