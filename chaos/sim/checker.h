// Is there one order of these operations that explains every answer? Linearizability of a map of registers.
//
//   const LinearizabilityVerdict verdict = CheckLinearizable(history);
//   if (verdict.result == Linearizability::kViolated) std::cerr << verdict.explanation;
//
// Wing and Gong's search with Lowe's memoization of (set of linearized operations, value), one key at a time, since a
// map is linearizable exactly where each of its keys is (Herlihy and Wing, locality). A write of unknown outcome may
// take effect at any time after its call or never; a read of unknown outcome says nothing.
//
// Requires: no word is put or appended to a key twice, and nothing is both added and appended to one. Equal histories
// give equal verdicts: the budget counts steps. Each add of unknown outcome can double the search.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/sim/history.h"

namespace raftly {

enum class Linearizability { kHolds, kViolated, kUnknown };

struct LinearizabilityVerdict {
  Linearizability result = Linearizability::kHolds;
  std::string explanation;  // of a violation: the key, the value and the operations that contradict it
  // Of a violation, by their places in the history: what the explanation shows, the operation that does not fit last.
  std::vector<size_t> operations;
  uint64_t steps = 0;
};

inline constexpr uint64_t kDefaultCheckerSteps = 5'000'000;

LinearizabilityVerdict CheckLinearizable(const History& history, uint64_t steps_per_key = kDefaultCheckerSteps);

}  // namespace raftly
