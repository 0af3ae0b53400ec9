#include "tests/mutations/mutations.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_split.h"
#include "chaos/sim/defence_names.h"

namespace raftly {

void PrintTo(const Mutation& mutation, std::ostream* out) { *out << mutation.off; }

namespace {

class MutationTest : public testing::TestWithParam<Mutation> {};

TEST_P(MutationTest, IsCaught) {
  const Catch result = Hunt(GetParam());
  EXPECT_TRUE(result.caught) << GetParam().off << ", " << result.by << ": " << result.why;
}

std::string NameOf(const testing::TestParamInfo<Mutation>& row) {
  std::string name = row.param.off + (std::holds_alternative<Simulator>(row.param.net) ? "_by_seed_" : "_by_test_");
  for (char& c : name) c = c == ',' ? '_' : c;
  return name + std::to_string(row.index);
}

INSTANTIATE_TEST_SUITE_P(Without, MutationTest, testing::ValuesIn(AllMutations()), NameOf);

TEST(Mutations, EveryDefenceHasARow) {
  std::set<std::string> mutated;
  for (const Mutation& mutation : AllMutations()) {
    Defences defences;
    for (const auto name : absl::StrSplit(mutation.off, ',')) {
      EXPECT_TRUE(SwitchOff(std::string(name), defences)) << name;
      mutated.emplace(name);
    }
  }
  EXPECT_EQ(mutated.size(), AllDefences().size());
  EXPECT_EQ(AllDefences().size(), sizeof(Defences) / sizeof(bool)) << "a switch without a name";
}

// ---- The hunt itself: what is not caught is said to be not caught --------------------------------------------------

const NamedTest kTestOfOneVote{"core_test", "Vote.Sec5_2_FirstComeFirstServed"};

TEST(Hunt, ADefenceThatStaysOnIsNotCaughtByItsTest) {
  EXPECT_TRUE(Hunt({"one_vote_per_term", kTestOfOneVote}).caught);
  EXPECT_FALSE(Hunt({"", kTestOfOneVote}).caught);
  EXPECT_FALSE(Hunt({"verify_checksums", kTestOfOneVote}).caught) << "the test of another defence";
}

TEST(Hunt, ADefenceThatStaysOnIsNotCaughtByTheSimulator) {
  EXPECT_TRUE(Hunt({"vote_persistence", Simulator{"durability", 1}}).caught);
  const Catch result = Hunt({"", Simulator{"durability", 3}});
  EXPECT_FALSE(result.caught);
  EXPECT_EQ(result.why, "not violated within 3 seeds");
}

TEST(Hunt, AnotherPropertyIsNotTheOneThatTheRowNames) {
  EXPECT_FALSE(Hunt({"vote_persistence", Simulator{"linearizability", 1}}).caught);
}

TEST(Hunt, ATestThatDoesNotExistCatchesNothing) {
  const Catch result = Hunt({"one_vote_per_term", NamedTest{"core_test", "Vote.NoSuchTest"}});
  EXPECT_FALSE(result.caught);
  EXPECT_EQ(result.why, "there is not exactly one test of this name");
  EXPECT_FALSE(Hunt({"one_vote_per_term", NamedTest{"core_test", "Vote.*"}}).caught) << "that would name none";
  EXPECT_FALSE(Hunt({"one_vote_per_term", NamedTest{"no_such_test", "Vote.NoSuchTest"}}).caught);
}

// A misspelt name trips the check in DefencesUnderTest, which makes it a test that aborts.
TEST(Hunt, AnAbortCountsOnlyWhereTheRowExpectsIt) {
  EXPECT_FALSE(Hunt({"misspelt", kTestOfOneVote}).caught);
  EXPECT_TRUE(Hunt({"misspelt", NamedTest{kTestOfOneVote.binary, kTestOfOneVote.test, /*aborts=*/true}}).caught);
  EXPECT_FALSE(
      Hunt({"one_vote_per_term", NamedTest{kTestOfOneVote.binary, kTestOfOneVote.test, /*aborts=*/true}}).caught)
      << "an assertion is no abort";
}

}  // namespace
}  // namespace raftly
