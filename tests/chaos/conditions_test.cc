// Conditions in a whole simulated cluster: of two who saw the same version one is refused, however close they come.
#include <gtest/gtest.h>

#include "chaos/sim/requests.h"
#include "chaos/sim/sim_cluster.h"
#include "tests/support/mutation.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Told = Operation::Outcome;

class Conditions : public ::testing::Test {
 protected:
  static Settings SettingsForTest() {
    Settings settings;
    settings.defences = DefencesUnderTest();
    return settings;
  }
  void SetUp() override {
    for (int node = 0; node < 3; ++node) cluster_.Start(node);
    for (int i = 0; i < 1000 && cluster_.leader() < 0; ++i) world_.RunUntil(world_.now() + 10ms);
    ASSERT_GE(cluster_.leader(), 0);
  }
  // All are on their way before any is applied.
  std::vector<Operation> AtOnce(std::vector<Operation> operations) {
    for (size_t i = 0; i < operations.size(); ++i) {
      Operation& operation = operations[i];
      operation.outcome = Told::kUnknown;
      cluster_.Propose(cluster_.leader(), CommandOf(operation, absl::StrCat("once", ++asked_)), 5s,
                       [&operation](const absl::StatusOr<WriteOutcome>& outcome) {
                         ASSERT_TRUE(outcome.ok()) << outcome.status();
                         ASSERT_TRUE(TakeAnswer(*outcome, operation).ok());
                       });
    }
    world_.RunUntil(world_.now() + 1s);
    EXPECT_EQ(judges_.violation(), "");
    return operations;
  }
  static Operation Put(std::string value, uint64_t if_version) {
    return {.kind = Operation::Kind::kPut, .key = "k", .value = std::move(value), .if_version = if_version};
  }

  World world_{1};
  Judges judges_{world_, SimCluster::Ids(3)};
  SimCluster cluster_{world_, judges_, SettingsForTest(), 1, nullptr};
  int asked_ = 0;
};

TEST_F(Conditions, AreDecidedWhenAppliedAndNotBefore) {
  const auto first = AtOnce({Put("a", 0), Put("b", 0)});
  EXPECT_EQ(first[0].outcome, Told::kOk);
  EXPECT_EQ(first[1].outcome, Told::kRefused);
  EXPECT_EQ(first[1].version, first[0].version);
  const auto second = AtOnce({Put("c", *first[0].version), Put("d", *first[0].version)});
  EXPECT_EQ(second[0].outcome, Told::kOk);
  EXPECT_EQ(second[1].outcome, Told::kRefused);
}

TEST_F(Conditions, OfTransactionsToo) {
  auto transaction = std::make_shared<Transaction>();
  transaction->checks = {{"k", 0}};
  transaction->then = {{.op = Transaction::Step::Op::kPut, .key = "k", .value = "t"}};
  transaction->otherwise = {{.op = Transaction::Step::Op::kGet, .key = "k"}};
  const Operation both{.kind = Operation::Kind::kTransaction, .transaction = transaction};
  const auto told = AtOnce({both, both});
  EXPECT_EQ(told[0].outcome, Told::kOk);
  EXPECT_TRUE(told[0].succeeded);
  EXPECT_FALSE(told[1].succeeded);
  ASSERT_EQ(told[1].results.size(), 1u);
  EXPECT_EQ(told[1].results[0].value, "t");
  EXPECT_EQ(told[1].results[0].version, *told[0].version);
}

}  // namespace
}  // namespace raftly
