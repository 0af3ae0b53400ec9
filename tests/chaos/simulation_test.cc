// The simulator as a whole: repeatable, quiet about a correct cluster, and not quiet about a broken one.
#include "chaos/sim/simulation.h"

#include <gtest/gtest.h>

#include <set>

#include "chaos/sim/defence_names.h"

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

// ---- A defence that can be removed without any check noticing is not tested ----------------------------------------

// What notices it within `seeds` seeds. Defences mask one another, so some are taken away together.
struct Mutation {
  std::vector<std::string> off;
  uint64_t seeds;
  std::string noticed_as;
};

void PrintTo(const Mutation& mutation, std::ostream* out) {
  for (const std::string& name : mutation.off) *out << name << " ";
}

class MutationTest : public testing::TestWithParam<Mutation> {};

TEST_P(MutationTest, IsNoticed) {
  Defences defences;
  for (const std::string& name : GetParam().off) ASSERT_TRUE(SwitchOff(name, defences)) << name;
  // One that is taken away to unmask another may be noticed first, as something else.
  bool noticed = false;
  for (uint64_t seed = 1; seed <= GetParam().seeds && !noticed; ++seed) {
    noticed = RunSimulation({.seed = seed, .defences = defences}).violation.starts_with(GetParam().noticed_as + ":");
  }
  EXPECT_TRUE(noticed);
}

INSTANTIATE_TEST_SUITE_P(
    Defences, MutationTest,
    testing::Values(
        Mutation{{"quorum_commit"}, 10, "durable on a quorum"}, Mutation{{"sync_before_promise"}, 10, "durability"},
        Mutation{{"vote_persistence"}, 10, "durability"}, Mutation{{"truncate_torn_tail"}, 20, "durability"},
        Mutation{{"verify_checksums"}, 80, "log matching"},
        Mutation{{"election_restriction"}, 30, "leader completeness"},
        Mutation{{"one_vote_per_term"}, 30, "one vote per term"}, Mutation{{"log_matching"}, 40, "log matching"},
        Mutation{{"clamp_commit_on_send", "clamp_commit_on_receive"}, 20, "state machine safety"},
        Mutation{{"waiter_term"}, 20, "acknowledged write"}, Mutation{{"lower_in_flight_writes"}, 60, "durability"},
        Mutation{{"read_confirmation", "check_quorum"}, 60, "linearizability"},
        Mutation{{"check_quorum"}, 20, "liveness"}, Mutation{{"pre_vote", "stickiness"}, 20, "liveness"}));

}  // namespace
}  // namespace raftly
