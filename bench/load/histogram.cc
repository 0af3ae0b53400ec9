#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace raftly::load {
namespace {

constexpr uint64_t kLongest = 3'600'000'000'000;

}  // namespace

// Below 2^kBits every value has a bucket of its own; above, the leading kBits bits after the first one decide.
size_t Histogram::Place(uint64_t value) {
  if (value < (uint64_t{1} << kBits)) return value;
  const int exponent = std::bit_width(value) - 1 - kBits;
  return (static_cast<size_t>(exponent) << kBits) + static_cast<size_t>(value >> exponent);
}

uint64_t Histogram::Highest(size_t place) {
  if (place < (size_t{2} << kBits)) return place;
  const size_t exponent = (place >> kBits) - 1;
  const uint64_t mantissa = place - (exponent << kBits);
  return ((mantissa + 1) << exponent) - 1;
}

Histogram::Histogram() : counts_(Place(kLongest) + 1) {}

void Histogram::Add(Duration value) {
  const uint64_t ns = std::clamp<int64_t>(value.count(), 0, kLongest);
  ++counts_[Place(ns)];
  ++count_;
  max_ = std::max(max_, ns);
  sum_ += static_cast<double>(ns);
}

void Histogram::Add(const Histogram& other) {
  for (size_t place = 0; place < counts_.size(); ++place) counts_[place] += other.counts_[place];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

Histogram::Duration Histogram::mean() const {
  return Duration(count_ == 0 ? 0 : static_cast<int64_t>(sum_ / static_cast<double>(count_)));
}

Histogram::Duration Histogram::Quantile(double q) const {
  const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t place = 0; place < counts_.size(); ++place) {
    seen += counts_[place];
    if (seen >= wanted) return Duration(static_cast<int64_t>(std::min(Highest(place), max_)));
  }
  return Duration(0);
}

}  // namespace raftly::load
