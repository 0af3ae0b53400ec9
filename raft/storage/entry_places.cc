#include "raft/storage/entry_places.h"

#include <algorithm>
#include <iterator>

namespace raftly::wal {
namespace {

constexpr uint64_t kStep = uint64_t{64} << 10;

}  // namespace

void EntryPlaces::Add(Index index, uint64_t offset) {
  const bool replaces = index <= last_;
  while (!places_.empty() && places_.back().index >= index) places_.pop_back();
  last_ = index;
  const bool near = !places_.empty() && places_.back().sequence == sequence_ && offset - places_.back().offset < kStep;
  if (replaces || !near) places_.push_back({index, sequence_, offset});
}

void EntryPlaces::DropBefore(uint64_t sequence) {
  while (!places_.empty() && places_.front().sequence < sequence) places_.pop_front();
}

std::optional<EntryPlaces::Stretch> EntryPlaces::Find(Index index) const {
  const auto after = std::upper_bound(places_.begin(), places_.end(), index,
                                      [](Index wanted, const Place& place) { return wanted < place.index; });
  if (after == places_.begin()) return std::nullopt;
  Stretch stretch{*std::prev(after), std::nullopt};
  if (after != places_.end()) stretch.end = *after;
  return stretch;
}

}  // namespace raftly::wal
