// Experiments with the simulator's clients and faults: what breaks there breaks here.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "chaos/sim/simulation.h"
#include "lab/laboratory.h"
#include "tests/support/process.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Experiment SwarmOf(uint64_t seed, int nodes, std::vector<std::string> off = {}) {
  Experiment experiment;
  experiment.swarm = seed;
  experiment.nodes = nodes;
  experiment.duration = std::chrono::seconds(10);
  experiment.off = std::move(off);
  return experiment;
}

TEST(Swarm, IsTheSimulatorsRunOfTheSeed) {
  int found = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Defences defences;
    defences.vote_persistence = false;
    Settings settings = SettingsOf(seed);
    const SimulationResult simulated = RunSimulation({.seed = seed, .defences = defences}, settings);
    Experiment experiment = SwarmOf(seed, settings.nodes, {"vote_persistence"});
    experiment.duration = settings.chaos;
    const LabResult here = RunExperiment(experiment);
    // What breaks when all faults have ended may break otherwise here.
    if (simulated.verdict != Verdict::kSafety || simulated.simulated >= settings.chaos) continue;
    ++found;
    const auto promises = std::find_if(here.verdicts.begin(), here.verdicts.end(),
                                       [](const LabVerdict& verdict) { return verdict.judge == "promises"; });
    EXPECT_EQ(promises->finding, simulated.violation) << "seed " << seed;
  }
  EXPECT_GT(found, 3);
}

TEST(Swarm, IsCleanAndTheSameEachTime) {
  uint64_t acknowledged = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const LabResult result = RunExperiment(SwarmOf(seed, 3));
    EXPECT_FALSE(result.damage()) << "seed " << seed;
    acknowledged += result.summary.acknowledged;
    EXPECT_EQ(RunExperiment(SwarmOf(seed, 3)).trace, result.trace);
  }
  EXPECT_GT(acknowledged, 100u);
}

// Its vote had come back when it went down, and nobody had seen that yet: it is to be started without -rejoin.
TEST(Swarm, WhoseVoteCameBackAsItWentDownStartsWithoutRejoin) { EXPECT_FALSE(RunExperiment(SwarmOf(5, 3)).damage()); }

TEST(Swarm, AFaultThatIsSparedDoesNotStrike) {
  Experiment experiment = SwarmOf(4, 5);
  const LabResult all = RunExperiment(experiment);
  ASSERT_GT(all.faults, 1u);
  EXPECT_THAT(all.trace, HasSubstr("\"number\":1}"));
  experiment.spared = {1};
  const LabResult without = RunExperiment(experiment);
  EXPECT_THAT(without.trace, Not(HasSubstr("\"e\":\"fault\",\"what\":\"crash\",\"number\":1}")));
  EXPECT_EQ(without.faults, all.faults) << "the others strike when they would have";
}

TEST(Swarm, TakesActsBesides) {
  Experiment experiment = SwarmOf(8, 3);
  experiment.acts.push_back({.at = std::chrono::seconds(2), .what = Act::Do::kCrash, .node = "n1"});
  const LabResult result = RunExperiment(experiment);
  EXPECT_FALSE(result.damage());
  EXPECT_THAT(result.trace, HasSubstr("\"do\":\"crash\",\"nodes\":[\"n1\"]"));
}

TEST(Swarm, TheSimulatorPrintsItAsAnExperiment) {
  const test::RunResult printed = test::RunToEnd(
      {absl::StrCat(RAFTLY_BIN_DIR, "/raftly-sim"), "--seed", "4", "--without", "waiter_term,pre_vote", "--experiment"},
      std::chrono::minutes(1));
  EXPECT_EQ(printed.exit, 0) << printed.err;
  const auto experiment = ParseExperiment(printed.out);
  ASSERT_TRUE(experiment.ok()) << experiment.status();
  EXPECT_EQ(experiment->swarm, 4u);
  EXPECT_EQ(experiment->nodes, SettingsOf(4).nodes);
  EXPECT_THAT(experiment->off, UnorderedElementsAre("waiter_term", "pre_vote"));
}

// A seed as --members always has it, and nobody else.
TEST(Swarm, WhoseMembersChangeIsAnExperimentToo) {
  const test::RunResult printed =
      test::RunToEnd({absl::StrCat(RAFTLY_BIN_DIR, "/raftly-sim"), "--seed", "4", "--members", "always", "--without",
                      "joint_consensus", "--experiment"},
                     std::chrono::minutes(1));
  EXPECT_EQ(printed.exit, 0) << printed.err;
  const auto experiment = ParseExperiment(printed.out);
  ASSERT_TRUE(experiment.ok()) << experiment.status();
  EXPECT_EQ(experiment->members, MemberChanging::kInEachSeed);
  int found = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Defences defences;
    defences.joint_consensus = false;
    const Settings settings = SettingsOf(seed, MemberChanging::kInEachSeed);
    const SimulationResult simulated = RunSimulation({.seed = seed, .defences = defences}, settings);
    if (simulated.verdict != Verdict::kSafety || simulated.simulated >= settings.chaos) continue;
    Experiment here = SwarmOf(seed, settings.nodes, {"joint_consensus"});
    here.members = MemberChanging::kInEachSeed;
    here.duration = settings.chaos;
    const LabResult result = RunExperiment(here);
    EXPECT_EQ(result.verdicts.front().finding, simulated.violation) << "seed " << seed;
    ++found;
  }
  EXPECT_GT(found, 1);
}

TEST(Swarm, OfASeedThatFailsAPageIsLeft) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "raftly-pages-", getpid());
  const test::RunResult failed =
      test::RunToEnd({absl::StrCat(RAFTLY_BIN_DIR, "/raftly-sim"), "--seed", "5", "--again-every", "0", "--without",
                      "vote_persistence", "--pages", directory},
                     std::chrono::minutes(3));
  EXPECT_EQ(failed.exit, 1);
  EXPECT_THAT(failed.out, HasSubstr(absl::StrCat("page: ", directory, "/seed-5.html")));
  std::ifstream page(absl::StrCat(directory, "/seed-5.html"));
  const std::string text((std::istreambuf_iterator<char>(page)), {});
  EXPECT_THAT(text, HasSubstr("came back in term"));
  EXPECT_THAT(text, HasSubstr("\"swarm\":5"));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace raftly
