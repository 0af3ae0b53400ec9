#include "server/kv/clock_keeper.h"

#include <chrono>
#include <utility>

#include "raft/env/mutex.h"
#include "server/kv/command.h"

namespace raftly {
namespace {

// An answer is kept for so much longer than it has to be.
constexpr Duration kEvery = std::chrono::seconds(30);

}  // namespace

// Outlives the keeper where a timer still holds it.
struct ClockKeeper::State : std::enable_shared_from_this<State> {
  State(Consensus& of, const KvStore& has, EventLoop& on, std::function<uint64_t()> clock, OnceTable::Limits keeps)
      : consensus(of), store(has), loop(on), wall_clock_ms(std::move(clock)), limits(keeps) {}

  void Wait() {
    loop.PostAt(loop.Now() + kEvery, [self = shared_from_this()] { self->Look(); });
  }
  void Look() {
    {
      MutexLock lock(mutex);
      if (stopped) return;
      // It does not matter whether it is committed: another one follows.
      if (store.kept_answers() > 0 && consensus.status().role == Role::kLeader) {
        consensus.Propose(
            EncodeClock(wall_clock_ms(), limits), loop.Now() + kEvery, [](const auto&) {}, Handover::kAtOnce,
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
  Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
};

ClockKeeper::ClockKeeper(Consensus& consensus, const KvStore& store, EventLoop& loop,
                         std::function<uint64_t()> wall_clock_ms, OnceTable::Limits limits)
    : state_(std::make_shared<State>(consensus, store, loop, std::move(wall_clock_ms), limits)) {}

ClockKeeper::~ClockKeeper() {
  MutexLock lock(state_->mutex);
  state_->stopped = true;
}

void ClockKeeper::Start() { state_->Wait(); }

}  // namespace raftly
