// Latencies by count, from nanoseconds to minutes, with three significant digits whatever their size.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace raftly::load {

// Log-linear, as HdrHistogram: each power of two is divided into 1024 equal buckets, so no value is off by more than a
// thousandth. Values beyond an hour count as an hour.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  Histogram();
  void Add(Duration value);
  void Add(const Histogram& other);

  uint64_t count() const { return count_; }
  Duration max() const { return Duration(max_); }
  Duration mean() const;
  // The smallest value that at least `q` (0 to 1) of all do not exceed; zero where there are none.
  Duration Quantile(double q) const;

 private:
  static constexpr int kBits = 10;  // of the mantissa
  static size_t Place(uint64_t value);
  static uint64_t Highest(size_t place);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace raftly::load
