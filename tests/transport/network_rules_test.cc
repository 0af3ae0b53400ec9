#include "transport/network_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace raftly {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Rule DropRule(std::optional<NodeId> from, std::optional<NodeId> to, std::string id = "") {
  return {.id = std::move(id), .from_node = std::move(from), .to_node = std::move(to), .action = Drop{}};
}
Rule DelayRule(Duration delay, Duration jitter = 0ms) { return {.action = Delay{delay, jitter}}; }
Rule LossRule(double rate) { return {.action = Loss{rate}}; }

struct NetworkRulesTest : testing::Test {
  Fate FateOf(const NodeId& from, const NodeId& to) { return rules.FateOf(from, to, random); }
  bool Dropped(const NodeId& from, const NodeId& to) { return FateOf(from, to).dropped; }

  NetworkRules rules{"n1"};
  std::mt19937_64 random{1};
};

TEST_F(NetworkRulesTest, WithoutRulesEverythingPasses) {
  const std::mt19937_64 before = random;
  EXPECT_EQ(FateOf("n1", "n2"), Fate{});
  EXPECT_EQ(random, before);  // nor is chance asked
}

TEST_F(NetworkRulesTest, ARuleSpeaksOfOneDirection) {
  ASSERT_TRUE(rules.Install(DropRule("n1", "n2")).ok());
  EXPECT_TRUE(Dropped("n1", "n2"));
  EXPECT_FALSE(Dropped("n2", "n1"));
  EXPECT_FALSE(Dropped("n1", "n3"));
}

TEST_F(NetworkRulesTest, AnAbsentEndMeansAny) {
  ASSERT_TRUE(rules.Install(DropRule("n1", std::nullopt, "out")).ok());
  EXPECT_TRUE(Dropped("n1", "n2"));
  EXPECT_TRUE(Dropped("n1", "n3"));
  EXPECT_FALSE(Dropped("n2", "n1"));
  ASSERT_TRUE(rules.Install(DropRule(std::nullopt, "n1", "out")).ok());
  EXPECT_FALSE(Dropped("n1", "n2"));
  EXPECT_TRUE(Dropped("n2", "n1"));
  ASSERT_TRUE(rules.Install(DropRule(std::nullopt, std::nullopt, "all")).ok());
  EXPECT_TRUE(Dropped("n3", "n2"));
}

TEST_F(NetworkRulesTest, IdsAreMadeUpAndNeverTakenTwice) {
  EXPECT_EQ(*rules.Install(DropRule("n1", "n2")), "n1-drop-1");
  EXPECT_EQ(*rules.Install(DelayRule(5ms)), "n1-delay-2");
  EXPECT_EQ(*rules.Install(DropRule("n1", "n3", "n1-loss-3")), "n1-loss-3");
  EXPECT_EQ(*rules.Install(LossRule(0.5)), "n1-loss-4");
  rules.Clear();
  EXPECT_EQ(*rules.Install(LossRule(0.5)), "n1-loss-5");
}

TEST_F(NetworkRulesTest, TheSameIdReplacesInPlace) {
  ASSERT_TRUE(rules.Install(DropRule("n1", "n2", "x")).ok());
  ASSERT_TRUE(rules.Install(DropRule("n1", "n3", "y")).ok());
  ASSERT_TRUE(rules.Install(DropRule("n4", "n5", "x")).ok());
  EXPECT_THAT(rules.List(), ElementsAre(DropRule("n4", "n5", "x"), DropRule("n1", "n3", "y")));
  EXPECT_FALSE(Dropped("n1", "n2"));
}

TEST_F(NetworkRulesTest, RemoveAndClearHeal) {
  ASSERT_TRUE(rules.Install({DropRule("n1", "n2", "x"), DropRule("n1", "n3", "y")}).ok());
  EXPECT_TRUE(rules.Remove("x"));
  EXPECT_FALSE(rules.Remove("x"));
  EXPECT_FALSE(Dropped("n1", "n2"));
  EXPECT_TRUE(Dropped("n1", "n3"));
  rules.Clear();
  EXPECT_FALSE(Dropped("n1", "n3"));
  EXPECT_TRUE(rules.List().empty());
}

TEST_F(NetworkRulesTest, TheVersionGrowsWithEveryChangeAndOnlyThen) {
  EXPECT_EQ(rules.version(), 0u);
  ASSERT_TRUE(rules.Install(DropRule("n1", "n2", "x")).ok());
  EXPECT_EQ(rules.version(), 1u);
  ASSERT_FALSE(rules.Install(LossRule(2)).ok());
  rules.Remove("y");
  rules.List();
  EXPECT_EQ(rules.version(), 1u);
  rules.Clear();
  rules.Clear();
  EXPECT_EQ(rules.version(), 2u);
}

TEST_F(NetworkRulesTest, ASetIsInstalledWholeOrNotAtAll) {
  const auto result = rules.Install({DropRule("n1", "n2"), LossRule(-1)});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(rules.List().empty());
  EXPECT_THAT(*rules.Install({DropRule("n1", "n2"), DropRule("n2", "n1")}), ElementsAre("n1-drop-1", "n1-drop-2"));
}

TEST_F(NetworkRulesTest, ThereIsALimit) {
  ASSERT_TRUE(rules.Install(std::vector<Rule>(kMaxRules, LossRule(0.5))).ok());
  EXPECT_EQ(rules.Install(LossRule(0.5)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rules.List().size(), kMaxRules);
}

// Looking at each of ten thousand takes a second, for which every message of the node would wait.
TEST_F(NetworkRulesTest, MoreAtOnceThanFitAreNotEvenLookedAt) {
  EXPECT_EQ(rules.Install(std::vector<Rule>(kMaxRules + 1, LossRule(0.5))).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(*rules.Install(LossRule(0.5)), "n1-loss-1") << "not one id was made up";
}

TEST_F(NetworkRulesTest, AFixedDelayIsExact) {
  ASSERT_TRUE(rules.Install(DelayRule(200ms)).ok());
  EXPECT_EQ(FateOf("n1", "n2"), (Fate{.dropped = false, .delay = 200ms}));
}

TEST_F(NetworkRulesTest, JitterSpreadsBothWaysAndNeverBelowZero) {
  ASSERT_TRUE(rules.Install(DelayRule(200ms, 50ms)).ok());
  Duration least = 1h, most = 0ms;
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = FateOf("n1", "n2").delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 150ms);
  EXPECT_LT(least, 155ms);
  EXPECT_GT(most, 245ms);
  EXPECT_LE(most, 250ms);

  rules.Clear();
  ASSERT_TRUE(rules.Install(DelayRule(10ms, 50ms)).ok());
  for (int i = 0; i < 1000; ++i) EXPECT_GE(FateOf("n1", "n2").delay, 0ms);
}

TEST_F(NetworkRulesTest, LossFollowsItsRateAndItsSeed) {
  ASSERT_TRUE(rules.Install(LossRule(0.4)).ok());
  const auto count = [&](uint64_t seed) {
    std::mt19937_64 chance(seed);
    int lost = 0;
    for (int i = 0; i < 10'000; ++i) lost += rules.FateOf("n1", "n2", chance).dropped;
    return lost;
  };
  EXPECT_NEAR(count(1), 4000, 200);  // four standard deviations
  EXPECT_EQ(count(1), count(1));
  EXPECT_NE(count(1), count(2));
}

TEST_F(NetworkRulesTest, ALossOfOneLosesEverything) {
  ASSERT_TRUE(rules.Install(LossRule(1)).ok());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(Dropped("n1", "n2"));
}

TEST_F(NetworkRulesTest, RulesCompose) {
  ASSERT_TRUE(rules.Install({DelayRule(200ms), DelayRule(30ms), LossRule(0.5), LossRule(0.5)}).ok());
  int lost = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Fate fate = FateOf("n1", "n2");
    EXPECT_EQ(fate.delay, 230ms);
    lost += fate.dropped;
  }
  EXPECT_NEAR(lost, 7500, 200);  // 1 - (1 - 1/2)^2
}

TEST(NetworkRuleValidation, NamesTheField) {
  const auto error = [](Rule rule) {
    const absl::Status status = Validate(rule);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error(DelayRule(-1ms)), HasSubstr("delay_ms"));
  EXPECT_THAT(error(DelayRule(60'001ms)), HasSubstr("delay_ms must be 0 to 60000, not 60001"));
  EXPECT_THAT(error(DelayRule(1ms, -1ms)), HasSubstr("jitter_ms"));
  EXPECT_THAT(error(DelayRule(1ms, 60'001ms)), HasSubstr("jitter_ms"));
  EXPECT_THAT(error(LossRule(0)), HasSubstr("loss_rate"));
  EXPECT_THAT(error(LossRule(1.01)), HasSubstr("loss_rate"));
  EXPECT_THAT(error(LossRule(std::nan(""))), HasSubstr("loss_rate"));
  EXPECT_THAT(error(DropRule("", "n2")), HasSubstr("from_node"));
  EXPECT_THAT(error(DropRule("n1", "")), HasSubstr("to_node"));
  EXPECT_THAT(error(DropRule("n1", "n2", std::string(1000, 'x'))), HasSubstr("id"));
}

TEST(NetworkRuleValidation, AcceptsTheEndsOfTheRanges) {
  EXPECT_TRUE(Validate(DelayRule(0ms, 0ms)).ok());
  EXPECT_TRUE(Validate(DelayRule(60'000ms, 60'000ms)).ok());
  EXPECT_TRUE(Validate(LossRule(1)).ok());
  EXPECT_TRUE(Validate(DropRule(std::nullopt, std::nullopt)).ok());
}

TEST(NetworkRuleValidation, ActionsAreNamedAsInTheApi) {
  EXPECT_EQ(ActionName(DropRule("a", "b")), "drop");
  EXPECT_EQ(ActionName(DelayRule(1ms)), "delay");
  EXPECT_EQ(ActionName(LossRule(1)), "loss");
}

TEST(NetworkRulesThreads, RulesChangeWhileMessagesPass) {
  NetworkRules rules("n1");
  std::thread traffic([&] {
    std::mt19937_64 random(1);
    while (rules.version() < 1000) rules.FateOf("n1", "n2", random);
  });
  while (rules.version() < 1000) {
    ASSERT_TRUE(rules.Install(LossRule(0.5)).ok());
    rules.Clear();
  }
  traffic.join();
}

}  // namespace
}  // namespace raftly
