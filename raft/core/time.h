// Points in time and lengths of time, of a clock that cannot be read.
//
// The core is told the time, it never asks: that is what makes virtual time and exact replay possible. Only an
// EventLoop (raft/env) knows what time it is.
#pragma once

#include <chrono>

namespace raftly {

using Duration = std::chrono::nanoseconds;

// Monotonic within one node's life; its zero means nothing, so times of two nodes are never compared.
struct Clock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
  // No now().
};

using Time = Clock::time_point;

inline constexpr Time kNever = Time::max();

}  // namespace raftly
