#include "raft/core/log.h"

#include <algorithm>

#include "raft/core/check.h"

namespace raftly {

Log::Log(Entries entries) : entries_(std::move(entries)) {
  for (size_t i = 0; i < entries_.size(); ++i)
    RAFTLY_CHECK(entries_[i].index.value == i + 1, "a recovered log has a gap");
}

Term Log::TermAt(Index index) const { return index == Index{} ? Term{} : At(index).term; }

const Entry& Log::At(Index index) const {
  RAFTLY_CHECK(Contains(index), "an entry that the log does not hold would be read");
  return entries_[index.value - 1];
}

void Log::Append(Entry entry) {
  RAFTLY_CHECK(entry.index == last().index + 1, "an entry would leave a gap in the log");
  entries_.push_back(std::move(entry));
}

void Log::TruncateFrom(Index from) {
  RAFTLY_CHECK(Contains(from), "an entry that the log does not hold would be removed");
  entries_.resize(from.value - 1);
}

Entries Log::Slice(Index from, size_t max_entries, size_t max_bytes) const {
  Entries slice;
  size_t bytes = 0;
  for (Index index = from; Contains(index) && slice.size() < max_entries; ++index) {
    bytes += At(index).data.size();
    if (!slice.empty() && bytes > max_bytes) break;
    slice.push_back(At(index));
  }
  return slice;
}

Entries Log::From(Index from) const {
  if (!Contains(from)) return {};
  return Entries(entries_.begin() + static_cast<std::ptrdiff_t>(from.value - 1), entries_.end());
}

Index Log::FirstIndexOfTermAt(Index index) const {
  const auto self = entries_.begin() + static_cast<std::ptrdiff_t>(index.value - 1);
  const auto first = std::lower_bound(entries_.begin(), self, TermAt(index),
                                      [](const Entry& entry, Term term) { return entry.term < term; });
  return first->index;
}

Index Log::LastIndexOf(Term term) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), term,
                                      [](Term wanted, const Entry& entry) { return wanted < entry.term; });
  if (after == entries_.begin() || std::prev(after)->term != term) return {};
  return std::prev(after)->index;
}

}  // namespace raftly
