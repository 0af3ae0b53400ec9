// The simulator as a whole: repeatable, quiet about a correct cluster. (Not quiet about a broken one: tests/mutations.)
#include "chaos/sim/simulation.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/progress_judge.h"

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

// A client that only reads, where a write was waited for.
TEST(Simulation, AClusterIsNotBlamedForClientsThatOnlyRead) {
  for (const uint64_t seed : {922780, 926251}) {
    const SimulationResult result = RunSimulation({.seed = seed, .defences = {}});
    EXPECT_EQ(result.verdict, Verdict::kPassed) << "seed " << seed << ": " << result.violation;
  }
}

// A marker that a crash had left half written was taken for proof, and the damage was to be done beyond the file's end.
TEST(Simulation, DamageIsDoneOnlyWhereSomethingWasDurable) {
  const SimulationResult result = RunSimulation({.seed = 938232, .defences = {}});
  EXPECT_EQ(result.verdict, Verdict::kPassed) << result.violation;
}

// Three nodes without clients: nothing commits once the leader has begun.
struct Idle {
  explicit Idle(Defences defences = {}) : settings(SettingsFor(defences)) {}
  static Settings SettingsFor(Defences defences) {
    Settings settings;
    settings.defences = defences;
    return settings;
  }
  // What the judge of progress says within a minute; `wrong` happens to the cluster first.
  std::string Verdict(const std::function<void(SimCluster&)>& wrong) {
    World world(1);
    Judges judges(world, SimCluster::Ids(3));
    SimCluster cluster(world, judges, settings, 1, nullptr);
    std::string said;
    ProgressJudge progress(world, cluster, settings, [&](std::string violation) { said = std::move(violation); });
    for (int node = 0; node < 3; ++node) cluster.Start(node);
    wrong(cluster);
    progress.Begin();
    world.RunUntil(Time(std::chrono::minutes(1)));
    return said;
  }
  const Settings settings;
};

TEST(ProgressJudge, AMajorityInWhichNothingIsWrongMayNotStandStill) {
  const std::string nothing_wrong = Idle().Verdict([](SimCluster&) {});
  EXPECT_NE(nothing_wrong.find("are a majority in which nothing has been wrong"), std::string::npos) << nothing_wrong;
  const std::string one_down = Idle().Verdict([](SimCluster& cluster) { cluster.Crash(0, SimDisk::Crash::kPower); });
  EXPECT_NE(one_down.find("n2, n3 are a majority"), std::string::npos) << one_down;
}

TEST(ProgressJudge, WhereSomethingIsWrongInEveryMajorityNobodyIsBlamed) {
  using std::chrono::milliseconds;
  const std::vector<std::function<void(SimCluster&, int)>> wrongs = {
      [](SimCluster& cluster, int node) { cluster.Crash(node, SimDisk::Crash::kProcess); },
      [](SimCluster& cluster, int node) { cluster.Pause(node); },
      [](SimCluster& cluster, int node) { cluster.disk(node).Slow(milliseconds(1)); },
      [](SimCluster& cluster, int node) { cluster.disk(node).FillUp(true); },
      [](SimCluster& cluster, int node) { cluster.link(node, 2).loss_permille = 1; },
      [](SimCluster& cluster, int node) {
        ASSERT_TRUE(cluster.rules(node).Install({.from_node = "n3", .to_node = cluster.id(node)}).ok());
      },
  };
  for (size_t i = 0; i < wrongs.size(); ++i) {
    // Two of three, so that no two are left; for links, those of both to the third, and the one between them.
    const std::string said = Idle().Verdict([&](SimCluster& cluster) {
      wrongs[i](cluster, 0);
      wrongs[i](cluster, 1);
      cluster.link(0, 1).loss_permille = 1;
    });
    EXPECT_EQ(said, "") << "fault " << i;
  }
}

}  // namespace
}  // namespace raftly
