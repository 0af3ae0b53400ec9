// The incidents from many seeds: nothing is lost with the defence on, and the damage is found with it off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "scenarios/command_line.h"
#include "scenarios/scenario.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uint64_t kSeeds = 50;

void ExpectShownBothWays(const std::string& name) {
  const Scenario* scenario = FindScenario(name);
  ASSERT_NE(scenario, nullptr);
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Report report = Perform(*scenario, {.seed = seed});
    EXPECT_TRUE(report.defended) << "with the defence on, seed " << seed << "\n" << report.text;
    for (size_t i = 0; i < report.damaged.size(); ++i) {
      EXPECT_TRUE(report.damaged[i]) << "without " << scenario->demonstrations[i].off.name << ", seed " << seed << "\n"
                                     << report.text;
    }
    if (::testing::Test::HasFailure()) return;
  }
}

// The summary's keys, as SPEC section 5 names them.
void ExpectKeys(const std::string& name, const std::vector<std::string>& keys) {
  const std::string text = Perform(*FindScenario(name), {}).text;
  const std::string block = text.substr(0, text.find("\n\n"));
  for (const std::string& key : keys) EXPECT_THAT(block, HasSubstr("\n  " + key + ": "));
}

TEST(TestChaosSplitBrain, NothingIsLostWithAQuorumAndAcknowledgedWritesAreWithout) {
  ExpectShownBothWays("split-brain-2011");
}

TEST(TestChaosLeaderIsolation, StaleReadsAndFalseAcknowledgementsNeedADefenceOff) {
  ExpectShownBothWays("leader-isolation-write-loss");
}

TEST(TestChaosTornWrite, ATornTailCostsNothingUnlessItIsBelievedOrKept) { ExpectShownBothWays("wal-torn-write"); }

TEST(TestChaosStaleElection, CommittedEntriesSurviveUnlessAStaleNodeMayLead) {
  ExpectShownBothWays("stale-log-elected-leader");
}

TEST(TestChaosAmnesiacVoter, AnEmptyDirectoryHasNoVoteUntilItHasCaughtUp) {
  ExpectShownBothWays("amnesiac-voter-2016");
}

TEST(TestChaosSingleServerChange, TwoMajoritiesAreDisjointUnlessALeaderCommitsFirst) {
  ExpectShownBothWays("single-server-change-2015");
}

TEST(TestChaosSplitBrain, SummaryHasTheKeysOfTheContract) {
  ExpectKeys("split-brain-2011", {"old_leader_term", "new_leader_term", "entries_overwritten", "observation"});
}

TEST(TestChaosLeaderIsolation, SummaryHasTheKeysOfTheContract) {
  ExpectKeys("leader-isolation-write-loss",
             {"baseline_commit", "isolated_attempts", "isolated_commits", "surviving_isolated_writes"});
}

TEST(TestChaosTornWrite, SummaryHasTheKeysOfTheContract) {
  ExpectKeys("wal-torn-write",
             {"committed-before-crash", "garbage_bytes_written", "log_index_after_recovery", "expected_log_index"});
}

TEST(TestChaosStaleElection, SummaryHasTheKeysOfTheContract) {
  ExpectKeys("stale-log-elected-leader", {"pre_partition_commit", "node3_stale_log_index", "advanced_commit",
                                          "node3_became_leader", "node3_final_commit"});
}

// ---- What is printed -----------------------------------------------------------------------------------------------

TEST(Scenarios, TheSameSeedPrintsTheSameToTheLastByte) {
  for (const Scenario& scenario : Scenarios()) {
    const PerformOptions options{.seed = 17, .trace = true};
    EXPECT_EQ(Perform(scenario, options).text, Perform(scenario, options).text) << scenario.name;
  }
}

TEST(Scenarios, AnotherSeedIsAnotherRun) {
  const Scenario& scenario = *FindScenario("split-brain-2011");
  EXPECT_NE(Perform(scenario, {.seed = 1, .trace = true}).text, Perform(scenario, {.seed = 2, .trace = true}).text);
}

TEST(Scenarios, BothBlocksArePrinted) {
  const std::string text = Perform(*FindScenario("split-brain-2011"), {}).text;
  EXPECT_THAT(text, StartsWith("=== TestChaosSplitBrain ===\nPASS\nSummary:\n  old_leader_term: "));
  EXPECT_THAT(text, HasSubstr("=== TestChaosSplitBrain without quorum_commit ===\nPASS: the damage was found\n"));
  EXPECT_THAT(text, HasSubstr("Off in both runs, since it would hide the one shown: check_quorum"));
  EXPECT_THAT(text, HasSubstr("Violated: durability"));
  EXPECT_THAT(text, HasSubstr("put k1=old-1 was acknowledged by n"));
}

// A script that does no harm must not pass as a demonstration of it.
TEST(Scenarios, ADefenceOffWithoutDamageIsAFailure) {
  Scenario harmless = *FindScenario("split-brain-2011");
  harmless.script = [](raftly::Run& run) { run.Assemble(); };
  const Report report = Perform(harmless, {});
  EXPECT_TRUE(report.defended);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("FAIL: not found: durability"));
}

TEST(Scenarios, DamageWithTheDefencesOnIsAFailure) {
  Scenario defenceless = *FindScenario("split-brain-2011");
  defenceless.masks.push_back(defenceless.demonstrations[0].off);
  const Report report = Perform(defenceless, {});
  EXPECT_FALSE(report.defended);
  EXPECT_THAT(report.text, StartsWith("=== TestChaosSplitBrain ===\nFAIL\n"));
}

TEST(Scenarios, AStageThatWasNotSetIsAFailure) {
  Scenario broken = *FindScenario("split-brain-2011");
  broken.script = [](raftly::Run& run) { run.Need(false, "the sun shines"); };
  const Report report = Perform(broken, {});
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("Did not come about: the sun shines"));
}

// ---- The command line ----------------------------------------------------------------------------------------------

struct Ran {
  int exit = 0;
  std::string out;
  std::string err;
};
Ran RunCommand(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int exit = ScenariosMain(arguments, out, err);
  return {exit, out.str(), err.str()};
}

TEST(ScenariosCommand, UnknownOrMissingNameListsTheKnownOnes) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"split-brain-1066"}, {}}) {
    const Ran ran = RunCommand(arguments);
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.out, "");
    for (const Scenario& scenario : Scenarios()) EXPECT_THAT(ran.err, HasSubstr(scenario.name));
  }
}

TEST(ScenariosCommand, BadArgumentsAreNamed) {
  EXPECT_THAT(RunCommand({"--seed", "many", "--all"}).err, HasSubstr("--seed: not a number: \"many\""));
  EXPECT_THAT(RunCommand({"--al"}).err, HasSubstr("unknown argument: --al"));
  EXPECT_EQ(RunCommand({"--seed"}).exit, 1);
}

TEST(ScenariosCommand, AllEndsWithATableAndACount) {
  const Ran ran = RunCommand({"--all", "--seed", "3"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("wal-torn-write                PASS"));
  EXPECT_THAT(ran.out, ::testing::EndsWith("\n6 passed, 0 failed\n"));
}

TEST(ScenariosCommand, TraceAddsWhatHappenedWhen) {
  EXPECT_THAT(RunCommand({"wal-torn-write", "--trace"}).out, HasSubstr("fault: torn write of "));
  EXPECT_EQ(RunCommand({"wal-torn-write"}).out.find("Trace:"), std::string::npos);
}

// It is the defence that the scenario is about.
TEST(ScenariosCommand, TheTraceOfAStaleCandidateShowsTheRefusedVote) {
  EXPECT_THAT(
      RunCommand({"stale-log-elected-leader", "--trace"}).out,
      ::testing::ContainsRegex("refuses n3 its vote in term [0-9]+: its log is behind [(]log ends at 10 of term "
                               "[0-9]+ there, at 20 of term"));
}

}  // namespace
}  // namespace raftly
