// Latencies of single operations, and how they are reported beside the limit that physics sets.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "raft/core/time.h"

namespace raftly::bench {

inline Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }
inline double Us(Duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }
inline double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Samples {
 public:
  void Add(Duration sample) { all_.push_back(sample); }
  void Add(const Samples& more) { all_.insert(all_.end(), more.all_.begin(), more.all_.end()); }
  bool empty() const { return all_.empty(); }

  // 0 <= q <= 1. Microseconds; 0 without samples.
  double Quantile(double q) {
    if (all_.empty()) return 0;
    const size_t place = std::min(static_cast<size_t>(q * static_cast<double>(all_.size())), all_.size() - 1);
    std::nth_element(all_.begin(), all_.begin() + static_cast<ptrdiff_t>(place), all_.end());
    return Us(all_[place]);
  }
  double Mean() const {
    Duration sum{};
    for (const Duration one : all_) sum += one;
    return all_.empty() ? 0 : Us(sum) / static_cast<double>(all_.size());
  }

 private:
  std::vector<Duration> all_;
};

// p50, p95 and p99 in microseconds.
inline void ReportPercentiles(benchmark::State& state, Samples& samples) {
  state.counters["p50_us"] = samples.Quantile(0.50);
  state.counters["p95_us"] = samples.Quantile(0.95);
  state.counters["p99_us"] = samples.Quantile(0.99);
}

// The same, and the limit that was measured in between: its p50, and how many times as long the operation takes.
inline void ReportAgainst(benchmark::State& state, Samples& samples, Samples& limit) {
  ReportPercentiles(state, samples);
  state.counters["limit_us"] = limit.Quantile(0.50);
  state.counters["ratio"] = samples.Quantile(0.50) / limit.Quantile(0.50);
}

}  // namespace raftly::bench
