// The simulator as a whole: repeatable, quiet about a correct cluster. (Not quiet about a broken one: tests/mutations.)
#include "chaos/sim/simulation.h"

#include <gtest/gtest.h>

#include <set>

namespace raftly {
namespace {

TEST(Simulation, TheSameSeedGivesTheSameEvents) {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    const SimulationResult first = RunSimulation({.seed = seed, .defences = {}});
    const SimulationResult second = RunSimulation({.seed = seed, .defences = {}, .trace = true});
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_EQ(first.violation, second.violation) << "seed " << seed;
  }
}

TEST(Simulation, DifferentSeedsGiveDifferentEvents) {
  EXPECT_NE(RunSimulation({.seed = 1, .defences = {}}).hash, RunSimulation({.seed = 2, .defences = {}}).hash);
}

TEST(Simulation, SeedsOneToHundredPass) {
  std::set<int> sizes;
  size_t operations = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const SimulationResult result = RunSimulation({.seed = seed, .defences = {}});
    EXPECT_EQ(result.verdict, Verdict::kPassed) << "seed " << seed << ": " << result.violation;
    EXPECT_FALSE(result.undecided) << "seed " << seed;
    sizes.insert(SettingsOf(seed).nodes);
    operations += result.operations;
  }
  // A run that asks for nothing finds nothing.
  EXPECT_GE(operations, 10'000u);
  EXPECT_EQ(sizes, (std::set<int>{1, 2, 3, 4, 5, 7}));
}

}  // namespace
}  // namespace raftly
