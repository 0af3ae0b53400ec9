// Drives a load and measures it: one thread, many connections, no request that waits for another's socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "absl/status/statusor.h"
#include "bench/load/histogram.h"
#include "bench/load/options.h"

namespace raftly::load {

// Each operation that was due within the duration is in exactly one of puts, gets, refused, broken and unsent.
struct Result {
  std::chrono::nanoseconds elapsed{};
  Histogram puts;                   // that were answered with 200
  Histogram gets;                   // that were answered with 200 or 404
  std::map<int, uint64_t> refused;  // other answers, by status
  uint64_t broken = 0;              // requests whose connection ended, or whose answer made no sense or never came
  uint64_t unsent = 0;              // operations of an open loop that were due, but found no connection free in time
  uint64_t reconnects = 0;          // connections made again, warm-up included
  uint64_t connects_failed = 0;     // attempts to connect that failed, warm-up included
};

struct Progress {
  std::chrono::nanoseconds elapsed{};
  uint64_t done = 0;
  uint64_t failed = 0;
};

// Blocks for warm-up and duration. `progress` is told once a second. Unavailable: no endpoint could be connected to.
absl::StatusOr<Result> Run(const Options& options, const std::function<void(const Progress&)>& progress);

// When the i-th operation of an open loop is due, after the begin.
std::chrono::nanoseconds DueTime(uint64_t i, double rate);

}  // namespace raftly::load
