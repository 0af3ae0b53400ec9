#include "chaos/sim/watch_judge.h"

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

// It moves after so many entries, and where its node has applied none while the others did so many.
constexpr int kStay = 50;
constexpr int kPatience = 200;
// Its copy is held against the node's state at every so many entries.
constexpr uint64_t kCompare = 8;

}  // namespace

bool WatchJudge::GoesOn(int place) {
  if (place == at_) {
    passed_ = 0;
    --stays_;
    return true;
  }
  if (stays_ > 0 && ++passed_ < kPatience) return false;
  at_ = place;
  stays_ = kStay;
  passed_ = 0;
  return true;
}

void WatchJudge::OnApplied(int place, const Entry& entry, const KvMachine& machine) {
  if (!GoesOn(place)) return;
  const ChangePosition end{entry.index + 1};
  const ChangeLog::Run run = machine.store().changes().Read(next_, end, "", SIZE_MAX, SIZE_MAX);
  if (run.gone) {
    copy_ = ListOf(machine);
    next_ = end;
    return;
  }
  for (const Change& change : run.changes) Hear(change);
  next_ = run.next;
  // A node that is behind what was heard has nothing to tell, and nothing to compare with.
  if (next_ != end || entry.index.value % kCompare != 0 || copy_ == ListOf(machine)) return;
  accuse_(absl::StrCat("watch: after index ", entry.index.value,
                       " who followed the changes has other keys, values or versions than the node has"));
  copy_ = ListOf(machine);
}

void WatchJudge::Hear(const Change& change) {
  ++heard_;
  if (Before(change) < next_) {
    accuse_(absl::StrCat("watch: a change of ", change.key, " at index ", change.index.value, " came again, or late"));
  }
  next_ = After(change);
  if (change.value) {
    copy_[change.key] = {std::string(change.value->view()), change.index};
  } else if (copy_.erase(change.key) == 0) {
    accuse_(absl::StrCat("watch: ", change.key, " is said to go at index ", change.index.value, ", and was not there"));
  }
}

WatchJudge::Copy WatchJudge::ListOf(const KvMachine& machine) {
  Copy all;
  machine.store().ForEach([&](std::string_view key, const Found& found) {
    all.emplace(key, std::pair(std::string(found.value.view()), found.version));
  });
  return all;
}

}  // namespace raftly
