#include "server/kv/change_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

// What keeping one costs besides its key and value.
constexpr size_t kOverhead = sizeof(Change) + 64;

size_t SizeOf(const Change& change) {
  return kOverhead + change.key.size() + (change.value ? change.value->size() : 0);
}

bool HasPrefix(std::string_view key, std::string_view prefix) { return key.substr(0, prefix.size()) == prefix; }

}  // namespace

ChangePosition Before(const Change& change) { return {change.index, change.place}; }

ChangePosition After(const Change& change) {
  return change.last ? ChangePosition{change.index + 1} : ChangePosition{change.index, change.place + 1};
}

std::string ToId(ChangePosition position) {
  if (position.place > 0) return absl::StrCat(position.index.value, ".", position.place);
  return absl::StrCat(position.index.value - std::min<uint64_t>(position.index.value, 1));
}

absl::StatusOr<ChangePosition> ParseId(std::string_view id) {
  const size_t point = std::min(id.find('.'), id.size());
  const bool whole = point == id.size();
  const auto index = NumberIn<uint64_t>(id.substr(0, point));
  const auto place = whole ? std::nullopt : NumberIn<uint32_t>(id.substr(point + 1));
  if (!index || *index == UINT64_MAX || (!whole && place.value_or(0) == 0)) {
    return absl::InvalidArgumentError("want the id of an event");
  }
  return whole ? ChangePosition{Index{*index + 1}} : ChangePosition{Index{*index}, *place};
}

void ChangeLog::Append(Index at, std::span<Change> changes) {
  uint64_t appended = 0;
  {
    MutexLock lock(mutex_);
    for (size_t i = 0; i < changes.size(); ++i) {
      Change& change = changes_.emplace_back(std::move(changes[i]));
      change.index = at;
      change.place = static_cast<uint32_t>(i);
      change.last = i + 1 == changes.size();
      bytes_ += SizeOf(change);
      bounds_.appended += SizeOf(change);
    }
    bounds_.end = {at + 1};
    // The latest entry's changes stay even where they alone are more: nobody could hear of them otherwise.
    while (bytes_ > most_bytes_ && changes_.front().index != changes_.back().index) Forget();
    appended = bounds_.appended;
  }
  if (listener_) listener_(appended);
}

// The oldest entry's changes, all of them: a part of a transaction is of no use.
void ChangeLog::Forget() {
  bounds_.begin = {changes_.front().index + 1};
  while (!changes_.empty() && Before(changes_.front()) < bounds_.begin) {
    bytes_ -= SizeOf(changes_.front());
    changes_.pop_front();
  }
}

void ChangeLog::Reset(Index at) {
  uint64_t appended = 0;
  {
    MutexLock lock(mutex_);
    changes_.clear();
    bytes_ = 0;
    bounds_.begin = bounds_.end = {at + 1};
    appended = bounds_.appended;
  }
  if (listener_) listener_(appended);
}

ChangeLog::Bounds ChangeLog::bounds() const {
  MutexLock lock(mutex_);
  return bounds_;
}

ChangeLog::Run ChangeLog::Read(ChangePosition from, ChangePosition until, std::string_view prefix, size_t most,
                               size_t bytes) const {
  Run run{.next = from};
  size_t found = 0;
  MutexLock lock(mutex_);
  if (from < bounds_.begin) {
    run.gone = true;
    return run;
  }
  until = std::min(until, bounds_.end);
  auto next = std::partition_point(changes_.begin(), changes_.end(),
                                   [from](const Change& change) { return Before(change) < from; });
  for (; next != changes_.end() && Before(*next) < until; ++next) {
    if (most-- == 0 || found >= bytes) return run;
    run.next = After(*next);
    if (!HasPrefix(next->key, prefix)) continue;
    found += SizeOf(*next) - kOverhead;
    run.changes.push_back(*next);
  }
  run.next = std::max(from, until);
  return run;
}

}  // namespace raftly
