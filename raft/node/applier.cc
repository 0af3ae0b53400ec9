#include "raft/node/applier.h"

#include <utility>

namespace raftly {
namespace {

// So many commands are applied on the thread that runs the loop, where the state machine is idle: cheaper than waking
// another. Not more, because the loop waits for them meanwhile.
constexpr size_t kQuickApply = 64;
constexpr size_t kQuickApplyBytes = size_t{64} << 10;

bool IsQuick(const std::vector<CommittedEntry>& entries) {
  size_t bytes = 0;
  for (const CommittedEntry& item : entries) bytes += item.entry.data.size();
  return entries.size() <= kQuickApply && bytes <= kQuickApplyBytes;
}

}  // namespace

void Applier::Apply(std::vector<CommittedEntry> entries, Time committed_at) {
  const bool quick = IsQuick(entries);
  ++waiting_;
  Task apply = [self = shared_from_this(), entries = std::move(entries), committed_at]() mutable {
    self->ApplyAll(entries, committed_at);
  };
  if (quick) {
    environment_.apply.Run(std::move(apply));
  } else {
    environment_.apply.Post(std::move(apply));
  }
}

void Applier::ApplyAll(std::vector<CommittedEntry>& entries, Time committed_at) {
  for (CommittedEntry& item : entries) {
    std::string result = state_machine_.Apply(item.entry);
    position_ = item.entry.position();
    applied_.store(item.entry.index.value, std::memory_order_release);
    if (observer_ != nullptr) observer_->OnApplied(item.entry);
    for (SettleProposal& settle : item.waiters) settle(Applied{item.entry.position(), result});
  }
  if (observer_ != nullptr) observer_->OnBatchApplied(entries.size(), environment_.loop.Now() - committed_at);
  --waiting_;
  CallMore();
}

void Applier::BeginAt(LogPosition at) {
  position_ = at;
  applied_.store(at.index.value, std::memory_order_release);
}

void Applier::SettleAfter(Index index, SettleRead settle) {
  if (applied() >= index) {
    settle(absl::OkStatus());
    return;
  }
  // What has to be applied first is ahead of this in the same queue.
  environment_.apply.Post([settle = std::move(settle)]() mutable { settle(absl::OkStatus()); });
}

// The last hand-over may finish in between: then it is we who see that nothing waits any more.
void Applier::CallWhenFinished(Task more) {
  {
    MutexLock lock(mutex_);
    more_ = std::move(more);
  }
  if (waiting_ == 0) CallMore();
}

void Applier::CallMore() {
  Task more;
  {
    MutexLock lock(mutex_);
    more = std::exchange(more_, nullptr);
  }
  if (more) environment_.loop.Post(std::move(more));
}

}  // namespace raftly
