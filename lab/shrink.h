// The smallest experiment that still shows the same damage, by leaving out: delta debugging (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002) over acts and a swarm's faults, then defences that are off,
// nodes, time, and the seed.
//
//   const Shrunk shrunk = Shrink(experiment);
//   std::cout << ToJson(shrunk.experiment) << shrunk.dropped;
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/experiment.h"

namespace raftly {

struct Shrunk {
  Experiment experiment;
  std::string judge;                 // whose verdict is broken, before and after
  std::vector<std::string> dropped;  // what was left out, a line each
  uint64_t runs = 0;
};

struct ShrinkLimits {
  uint64_t runs = 2000;
  std::chrono::seconds time{20};  // of a real clock; the run under way then goes to its end
};

// As small as can be found within the limits. FailedPrecondition where the experiment shows no damage.
absl::StatusOr<Shrunk> Shrink(const Experiment& experiment, const ShrinkLimits& limits = {});

}  // namespace raftly
