// Shrinking: what is not needed goes, what is needed stays, and the damage with it.
#include "lab/shrink.h"

#include <gmock/gmock.h>

#include "lab/catalogue.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// The incident among much that has nothing to do with it, on more nodes and for longer.
Experiment Inflated() {
  Experiment experiment = Undefended(*FindIncident("ack-before-quorum"));
  experiment.nodes = 5;
  experiment.seed = 7;
  experiment.duration = 9s;
  experiment.off.emplace_back("truncate_torn_tail");
  for (int i = 0; i < 30; ++i) {
    experiment.acts.push_back({.at = 3s + i * 100ms, .what = Act::Do::kGet, .node = "n1", .key = "other", .time = 1s});
  }
  return experiment;
}

TEST(Shrink, OnlyWhatTheDamageNeedsIsLeft) {
  const auto shrunk = Shrink(Inflated());
  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  EXPECT_EQ(shrunk->judge, "writes");
  EXPECT_LE(shrunk->experiment.acts.size(), 3u) << ToJson(shrunk->experiment).dump();
  EXPECT_LT(shrunk->experiment.nodes, 5);
  EXPECT_LT(shrunk->experiment.duration, 3s);
  EXPECT_THAT(shrunk->experiment.off, Contains("quorum_commit"));
  EXPECT_THAT(shrunk->dropped, Contains(HasSubstr("switch truncate_torn_tail")));
  const LabResult result = RunExperiment(shrunk->experiment);
  EXPECT_TRUE(std::any_of(result.verdicts.begin(), result.verdicts.end(), [](const LabVerdict& verdict) {
    return !verdict.holds && verdict.judge == "linearizability";
  }));
}

TEST(Shrink, TheSameExperimentIsShrunkToTheSame) {
  EXPECT_EQ(Shrink(Inflated())->experiment, Shrink(Inflated())->experiment);
}

TEST(Shrink, StopsWhereItMayTryNoMore) {
  const auto shrunk = Shrink(Inflated(), {.runs = 3});
  ASSERT_TRUE(shrunk.ok());
  EXPECT_LE(shrunk->runs, 3u);
}

TEST(Shrink, WithoutDamageThereIsNothingToKeep) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Shrink(FindIncident("ack-before-quorum")->experiment).status()));
}

// Of a seed of the simulator that fails.
TEST(Shrinking, LeavesOutFaultsAndTimeOfASwarm) {
  const auto failing = ParseExperiment(
      R"({"format": 1, "nodes": 3, "seed": 1, "duration_ms": 10000, "swarm": 6, "off": ["vote_persistence"], "acts": []})");
  ASSERT_TRUE(failing.ok()) << failing.status();
  const auto shrunk = Shrink(*failing);
  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  EXPECT_EQ(shrunk->judge, "promises");
  EXPECT_LT(shrunk->experiment.duration, failing->duration);
  EXPECT_EQ(shrunk->experiment.off, failing->off);
  EXPECT_TRUE(RunExperiment(shrunk->experiment).damage());
}

}  // namespace
}  // namespace raftly
