#include "server/kv/clock_keeper.h"

#include <chrono>
#include <utility>

#include "raft/env/mutex.h"
#include "server/kv/command.h"

namespace raftly {
// Outlives the keeper where a timer still holds it.
struct ClockKeeper::State : std::enable_shared_from_this<State> {
  State(Consensus& of, const KvStore& has, EventLoop& on, std::function<uint64_t()> clock, OnceTable::Limits keeps,
        Duration period)
      : consensus(of), store(has), loop(on), wall_clock_ms(std::move(clock)), limits(keeps), every(period) {}

  void Wait() {
    loop.PostAt(loop.Now() + every, [self = shared_from_this()] { self->Look(); });
  }
  void Look() {
    {
      MutexLock lock(mutex);
      if (stopped) return;
      // It does not matter whether it is committed: another one follows.
      if (store.kept_answers() > 0 && consensus.status().role == Role::kLeader) {
        consensus.Propose(
            EncodeClock(wall_clock_ms(), limits), loop.Now() + every, [](const auto&) {}, Handover::kAtOnce,
            Effect::kFrees, kOnce);
      }
    }
    Wait();
  }

  Consensus& consensus;
  const KvStore& store;
  EventLoop& loop;
  const std::function<uint64_t()> wall_clock_ms;
  const OnceTable::Limits limits;
  const Duration every;
  Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
};

ClockKeeper::ClockKeeper(Consensus& consensus, const KvStore& store, EventLoop& loop,
                         std::function<uint64_t()> wall_clock_ms, OnceTable::Limits limits, Duration every)
    : state_(std::make_shared<State>(consensus, store, loop, std::move(wall_clock_ms), limits, every)) {}

ClockKeeper::~ClockKeeper() {
  MutexLock lock(state_->mutex);
  state_->stopped = true;
}

void ClockKeeper::Start() { state_->Wait(); }

}  // namespace raftly
