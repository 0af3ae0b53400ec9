// Moves the cluster's clock, by which answers to writes that may come again are forgotten (OnceTable), while this node
// leads and there are any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "raft/env/executor.h"
#include "server/kv/consensus.h"
#include "server/kv/kv_store.h"

namespace raftly {

class ClockKeeper {
 public:
  // An answer is kept for so much longer than it has to be.
  static constexpr Duration kEvery = std::chrono::seconds(30);

  // All outlive it. `wall_clock_ms`: since 1970.
  ClockKeeper(Consensus& consensus, const KvStore& store, EventLoop& loop, std::function<uint64_t()> wall_clock_ms,
              OnceTable::Limits limits, Duration every = kEvery);
  ~ClockKeeper();

  void Start();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace raftly
