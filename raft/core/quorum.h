// Majorities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace raftly {

inline constexpr size_t QuorumOf(size_t servers) { return servers / 2 + 1; }

// The highest value that a majority has reached: what a quorum stores, when a quorum was heard, which call a quorum
// has answered. `values` has one element for each server, our own included.
template <class T>
T ReachedByQuorum(std::vector<T> values) {
  const auto quorum = values.begin() + static_cast<std::ptrdiff_t>(QuorumOf(values.size()) - 1);
  std::nth_element(values.begin(), quorum, values.end(), std::greater<T>());
  return *quorum;
}

}  // namespace raftly
