// The checker where clients were told versions: conditions, transactions, and what add and append answered.
#include <gtest/gtest.h>

#include "chaos/sim/checker.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Op = Transaction::Step::Op;

Operation Make(Kind kind, std::string key, std::optional<std::string> value, int from, int to) {
  return {.client = from,
          .kind = kind,
          .key = std::move(key),
          .value = std::move(value),
          .invoked = Time(Duration(from)),
          .returned = Time(Duration(to))};
}
Operation At(uint64_t version, Operation operation) {
  operation.version = version;
  return operation;
}
Operation Put(std::string value, int from, int to) { return Make(Kind::kPut, "k", std::move(value), from, to); }
Operation Get(std::optional<std::string> value, int from, int to) {
  return Make(Kind::kGet, "k", std::move(value), from, to);
}
Operation Add(int by, std::string found, int from, int to) {
  Operation add = Make(Kind::kAdd, "k", std::to_string(by), from, to);
  add.found = std::move(found);
  return add;
}
Operation If(uint64_t version, Operation operation) {
  operation.if_version = version;
  return operation;
}
Operation As(Outcome outcome, Operation operation) {
  operation.outcome = outcome;
  return operation;
}
Operation Unknown(Operation operation) { return As(Outcome::kUnknown, std::move(operation)); }
Operation Refused(uint64_t version, Operation operation) {
  return As(Outcome::kRefused, At(version, std::move(operation)));
}
Operation Of(std::string key, Operation operation) {
  operation.key = std::move(key);
  return operation;
}
// if k has that version: put a = b = word; else get a, get b
Operation Both(uint64_t if_version, const std::string& word, int from, int to) {
  auto transaction = std::make_shared<Transaction>();
  transaction->checks = {{"k", if_version}};
  transaction->then = {{.op = Op::kPut, .key = "a", .value = word}, {.op = Op::kPut, .key = "b", .value = word}};
  transaction->otherwise = {{.op = Op::kGet, .key = "a"}, {.op = Op::kDelete, .key = "k"}};
  Operation operation = Make(Kind::kTransaction, "", std::nullopt, from, to);
  operation.transaction = std::move(transaction);
  return operation;
}
Operation Then(uint64_t version, Operation operation) {
  operation.succeeded = true;
  operation.results = {{"a", version, {}}, {"b", version, {}}};
  return At(version, std::move(operation));
}

void ExpectHolds(const History& history) {
  const auto verdict = CheckLinearizable(history);
  EXPECT_EQ(verdict.result, Linearizability::kHolds) << verdict.explanation;
}
void ExpectViolated(const History& history) {
  EXPECT_EQ(CheckLinearizable(history).result, Linearizability::kViolated);
}

TEST(CheckerOfVersions, TheyGrowAndAreThoseOfTheirWrites) {
  ExpectHolds({At(3, Put("a", 0, 9)), At(2, Put("b", 0, 9)), At(3, Get("a", 10, 11))});
  ExpectViolated({At(3, Put("a", 0, 9)), At(2, Put("b", 0, 9)), At(2, Get("b", 10, 11))});
  ExpectViolated({At(3, Put("a", 0, 1)), At(2, Put("b", 2, 3))});
  ExpectViolated({At(3, Put("a", 0, 1)), At(4, Get("a", 2, 3))});
  ExpectViolated({At(3, Put("a", 0, 1)), At(3, Put("b", 2, 3))});
}

TEST(CheckerOfVersions, OneThatNobodyWasToldIsSettledByWhoSeesItFirst) {
  const Operation lost = Unknown(Put("b", 2, 3));
  ExpectHolds({At(3, Put("a", 0, 1)), lost, At(5, Get("b", 4, 5)), At(5, Get("b", 6, 7))});
  ExpectViolated({At(3, Put("a", 0, 1)), lost, At(5, Get("b", 4, 5)), At(6, Get("b", 6, 7))});
  ExpectViolated({At(3, Put("a", 0, 1)), lost, At(2, Get("b", 4, 5))});
}

TEST(CheckerOfVersions, OfTwoWhoSawTheSameVersionOneIsRefused) {
  const Operation first = At(3, Put("a", 0, 1));
  ExpectHolds({first, At(4, If(3, Put("b", 2, 9))), Refused(4, If(3, Put("c", 2, 9)))});
  ExpectViolated({first, At(4, If(3, Put("b", 2, 9))), At(5, If(3, Put("c", 2, 9)))});
  ExpectViolated({first, Refused(3, If(3, Put("b", 2, 9)))});
  ExpectViolated({first, Refused(7, If(2, Put("b", 2, 9)))});
}

TEST(CheckerOfVersions, ZeroIsAbsent) {
  ExpectHolds({At(3, If(0, Put("a", 0, 1))), Refused(3, If(0, Put("b", 2, 3))),
               At(4, If(3, Make(Kind::kDelete, "k", {}, 4, 5))), At(0, Get({}, 6, 7)), At(5, If(0, Put("c", 8, 9)))});
  ExpectViolated({At(3, If(0, Put("a", 0, 1))), At(4, If(0, Put("b", 2, 3)))});
}

TEST(CheckerOfVersions, AWriteThatNobodyReadMayBeWhyAConditionDidNotHold) {
  ExpectHolds({At(3, Put("a", 0, 1)), Unknown(Put("b", 2, 3)), Refused(5, If(3, Put("c", 4, 5)))});
  ExpectViolated({At(3, Put("a", 0, 1)), Refused(5, If(3, Put("c", 4, 5)))});
  ExpectViolated({At(3, Put("a", 0, 1)), Unknown(If(2, Put("b", 2, 3))), Refused(5, If(3, Put("c", 4, 5)))});
}

TEST(CheckerOfVersions, APutOfUnknownOutcomeMayBeInASumThatWasRead) {
  ExpectHolds({Unknown(Put("5", 0, 1)), Make(Kind::kAdd, "k", "1", 2, 3), Get("6", 4, 5)});
  ExpectHolds({Unknown(Put("5", 0, 1)), At(4, Add(1, "6", 2, 3)), At(4, Get("6", 4, 5))});
}

TEST(CheckerOfVersions, WhatAddAnswersCountsEachOnce) {
  ExpectHolds({At(3, Add(2, "2", 0, 1)), Unknown(Add(5, "7", 2, 3)), At(6, Add(1, "8", 4, 5))});
  ExpectViolated({At(3, Add(2, "2", 0, 1)), Unknown(Add(5, "7", 2, 3)), At(6, Add(1, "13", 4, 5))});
  ExpectHolds({At(3, Put("word", 0, 1)), Refused(3, Add(1, "", 2, 3))});
  ExpectViolated({At(3, Put("7", 0, 1)), Refused(3, Add(1, "", 2, 3))});
}

TEST(CheckerOfVersions, ATransactionHappensWhole) {
  const Operation both = Then(4, Both(0, "w", 0, 1));
  ExpectHolds({both, At(4, Of("a", Get("w", 2, 3))), At(4, Of("b", Get("w", 2, 3)))});
  ExpectViolated({both, At(4, Of("a", Get("w", 2, 3))), At(0, Of("b", Get({}, 2, 3)))});
  ExpectViolated({At(3, Put("x", 0, 1)), Then(4, Both(0, "w", 2, 3))});
  ExpectHolds({At(3, Put("x", 0, 1)), Then(4, Both(3, "w", 2, 3))});
}

TEST(CheckerOfVersions, AReaderWhoSeesHalfOfATransactionIsWrong) {
  const Operation lost = Unknown(Both(0, "w", 0, 1));
  ExpectHolds({lost, Of("a", Get("w", 2, 3)), Of("b", Get("w", 4, 5))});
  ExpectHolds({lost, Of("a", Get({}, 2, 3)), Of("b", Get("w", 4, 5))});
  ExpectViolated({lost, Of("a", Get("w", 2, 3)), Of("b", Get({}, 4, 5))});
}

TEST(CheckerOfVersions, OfATransactionOnlyOneBranchHappens) {
  const Operation first = At(3, Put("x", 0, 1));
  const Operation lost = Unknown(Both(3, "w", 2, 3));  // else k goes
  ExpectHolds({first, lost, At(3, Get("x", 4, 5)), Of("a", Get("w", 6, 7))});
  ExpectHolds({first, At(4, Put("y", 2, 3)), lost, At(0, Get({}, 4, 5))});
  ExpectViolated({first, lost, Of("a", Get("w", 4, 5)), At(0, Get({}, 6, 7))});
}

// What may have happened is tried last, and what was tried with less is not tried with more.
TEST(CheckerOfVersions, ManyWritesOfUnknownOutcomeDoNotMultiplyTheSearch) {
  History history;
  for (int i = 0; i < 40; ++i) history.push_back(Unknown(Put("lost" + std::to_string(i), i, i)));
  history.push_back(Refused(2, If(1, Put("", 40, 41))));  // by any of them
  for (int i = 1; i < 60; ++i) history.push_back(At(static_cast<uint64_t>(i * 10), Put("w", 40 + i * 2, 41 + i * 2)));
  EXPECT_EQ(CheckLinearizable(history, 100'000).result, Linearizability::kHolds);
  history.push_back(At(1, Get("w", 500, 501)));
  history.erase(history.begin(), history.begin() + 37);
  EXPECT_EQ(CheckLinearizable(history, 100'000).result, Linearizability::kViolated);
}

}  // namespace
}  // namespace raftly
