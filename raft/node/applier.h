// The node's way to its state machine: hands committed entries over in order, tells their clients the results, and
// never lets more wait there than it can name.
//
// Called on the loop, but for what says otherwise; the state machine runs on the apply executor.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "raft/env/environment.h"
#include "raft/env/mutex.h"
#include "raft/env/state_machine.h"
#include "raft/node/observer.h"
#include "raft/node/pending.h"

namespace raftly {

class Applier : public std::enable_shared_from_this<Applier> {
 public:
  // So many hand-overs may wait at the state machine. More would only lie in another queue, and hold memory.
  static constexpr size_t kHandOvers = 2;

  Applier(Environment environment, StateMachine& state_machine, NodeObserver* observer)
      : environment_(environment), state_machine_(state_machine), observer_(observer) {}

  bool has_room() const { return waiting_ < kHandOvers; }
  // Entries that follow those handed over before, with who waits for each.
  void Apply(std::vector<CommittedEntry> entries, Time committed_at);
  // Settles with OK once all that was handed over is applied.
  void SettleAfter(Index index, SettleRead settle);
  // Posts `more` to the loop once a hand-over is finished: in a turn of its own, so that what has come meanwhile goes
  // first. One at a time; a new one replaces it.
  void CallWhenFinished(Task more);

  // apply executor: the state is that of `at`, from a snapshot.
  void BeginAt(LogPosition at);
  // apply executor: the last entry that is part of the state.
  LogPosition position() const { return position_; }

  // From any thread.
  Index applied() const { return Index{applied_.load(std::memory_order_acquire)}; }

 private:
  void ApplyAll(std::vector<CommittedEntry>& entries, Time committed_at);
  void CallMore();

  const Environment environment_;
  StateMachine& state_machine_;
  NodeObserver* const observer_;

  LogPosition position_;              // apply only
  std::atomic<uint64_t> applied_{0};  // its index; written on apply
  std::atomic<size_t> waiting_{0};    // hand-overs that are not finished
  Mutex mutex_;
  Task more_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
