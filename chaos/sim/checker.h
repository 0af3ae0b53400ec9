// Is there one order of these operations that explains every answer? Linearizability of a map with versions.
//
//   const LinearizabilityVerdict verdict = CheckLinearizable(history);
//   if (verdict.result == Linearizability::kViolated) std::cerr << verdict.explanation;
//
// Wing and Gong's search with Lowe's memoization of (set of what has happened, state of the map_model), one key at a
// time, since a map is linearizable exactly where each of its keys is (Herlihy and Wing, locality); keys that a
// transaction names are searched together. A write of unknown outcome may take effect at any time after its call or
// never; a read of unknown outcome says nothing.
//
// Equal histories give equal verdicts: the budget counts steps. Each add or transaction of unknown outcome can double
// the search, and so can each order of writes that overlap where nobody was told their versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/sim/history.h"

namespace raftly {

enum class Linearizability { kHolds, kViolated, kUnknown };

struct LinearizabilityVerdict {
  Linearizability result = Linearizability::kHolds;
  std::string explanation;  // of a violation: the keys and the operations that contradict each other
  // Of a violation, by their places in the history: what the explanation shows, the operation that does not fit last.
  std::vector<size_t> operations;
  uint64_t steps = 0;
};

inline constexpr uint64_t kDefaultCheckerSteps = 5'000'000;

LinearizabilityVerdict CheckLinearizable(const History& history, uint64_t steps_per_part = kDefaultCheckerSteps);

}  // namespace raftly
