// Random numbers that are the same on every machine: xoshiro256** seeded by splitmix64.
//
// The standard's distributions are implementation-defined, so a seed would mean something else elsewhere; here every
// sample is integer arithmetic. Blackman and Vigna, "Scrambled linear pseudorandom number generators".
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "raft/core/time.h"

namespace raftly {

inline constexpr uint64_t Mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// For telling things apart within one run: eight bytes at a time, in the machine's own order.
inline uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = bytes.size();
  for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 8 ? bytes.size() : 8)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
    hash = Mix64(hash ^ word);
  }
  return hash;
}

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) word = Mix64(seed++);
  }

  uint64_t Next() {
    const uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  // In [0, bound). Requires: bound > 0.
  uint64_t Below(uint64_t bound) { return static_cast<uint64_t>((static_cast<Wide>(Next()) * bound) >> 64); }
  // In [low, high]. Requires: low <= high.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  Duration Between(Duration low, Duration high) { return Duration(Between(low.count(), high.count())); }
  // True in `permille` of a thousand cases.
  bool Chance(uint64_t permille) { return Below(1000) < permille; }

 private:
  __extension__ using Wide = unsigned __int128;

  static constexpr uint64_t Rotate(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

  uint64_t state_[4];
};

}  // namespace raftly
