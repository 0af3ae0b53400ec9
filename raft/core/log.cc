#include "raft/core/log.h"

#include <algorithm>
#include <iterator>

#include "raft/core/check.h"

namespace raftly {

namespace {

size_t BytesOf(const Entry& entry) { return Log::kPerEntry + entry.data.size(); }

}  // namespace

Log::Log(Entries entries, LogPosition base) : base_(base), evicted_(base.index) {
  for (Entry& entry : entries) Append(std::move(entry));
}

LogPosition Log::last() const { return runs_.empty() ? base_ : LogPosition{runs_.back().term, last_index()}; }

Term Log::TermAt(Index index) const {
  RAFTLY_CHECK(HasTermAt(index), "the term of a place that the log does not know would be read");
  if (Holds(index)) return At(index).term;
  return index == base_.index ? base_.term : RunOf(index)->term;
}

const Entry& Log::At(Index index) const {
  RAFTLY_CHECK(Holds(index), "an entry that is not in memory would be read");
  return entries_[index - evicted_ - 1];
}

void Log::Append(Entry entry) {
  RAFTLY_CHECK(entry.index == last_index() + 1, "an entry would leave a gap in the log");
  if (runs_.empty() || runs_.back().term != entry.term) runs_.push_back({entry.index, entry.term});
  bytes_ += BytesOf(entry);
  entries_.push_back(std::move(entry));
}

void Log::TruncateFrom(Index from) {
  RAFTLY_CHECK(Contains(from), "an entry that the log does not hold would be removed");
  while (last_index() >= from && !entries_.empty()) {
    bytes_ -= BytesOf(entries_.back());
    entries_.pop_back();
  }
  evicted_ = std::min(evicted_, from - 1);
  while (!runs_.empty() && runs_.back().first >= from) runs_.pop_back();
}

void Log::DropThrough(Index through) {
  if (through <= base_.index) return;
  RAFTLY_CHECK(Contains(through), "more than there is of the log would be dropped");
  base_ = {TermAt(through), through};
  while (evicted_ < through && !entries_.empty()) PopFront();
  evicted_ = std::max(evicted_, through);
  while (runs_.size() > 1 && runs_[1].first <= first()) runs_.pop_front();
  if (!runs_.empty()) runs_.front().first = std::max(runs_.front().first, first());
  if (last_index() == base_.index) runs_.clear();
}

void Log::Reset(LogPosition base) { *this = Log({}, base); }

void Log::Evict(Index through, size_t bytes) {
  while (bytes_ > bytes && !entries_.empty() && evicted_ < through) PopFront();
}

void Log::PopFront() {
  bytes_ -= BytesOf(entries_.front());
  entries_.pop_front();
  ++evicted_;
}

Entries Log::Slice(Index from, size_t max_entries, size_t max_bytes) const {
  return EntriesWithin(from, max_entries, max_bytes,
                       [this](Index index) { return Holds(index) ? &At(index) : nullptr; });
}

Entries Log::From(Index from) const {
  if (!Holds(from)) return {};
  return Entries(entries_.begin() + static_cast<std::ptrdiff_t>(from - evicted_ - 1), entries_.end());
}

std::deque<Log::Run>::const_iterator Log::RunOf(Index index) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](Index wanted, const Run& run) { return wanted < run.first; });
  return std::prev(after);
}

Index Log::FirstIndexOfTermAt(Index index) const {
  RAFTLY_CHECK(Contains(index), "the term of an entry that the log does not hold would be looked for");
  return RunOf(index)->first;
}

Index Log::LastIndexOf(Term term) const {
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), term, [](Term wanted, const Run& run) { return wanted < run.term; });
  if (after != runs_.begin() && std::prev(after)->term == term) {
    return after == runs_.end() ? last_index() : after->first - 1;
  }
  return base_.term == term ? base_.index : Index{};
}

}  // namespace raftly
