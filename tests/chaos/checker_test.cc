// The checker itself: it must reject what is wrong and accept what is right, or its verdicts mean nothing.
#include "chaos/sim/checker.h"

#include <gmock/gmock.h>

#include "chaos/sim/random.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

Operation Make(Kind kind, std::optional<std::string> value, int from, int to, Outcome outcome = Outcome::kOk) {
  return {.client = from,
          .kind = kind,
          .key = "k",
          .value = std::move(value),
          .invoked = Time(Duration(from)),
          .returned = Time(Duration(to)),
          .outcome = outcome};
}
Operation Put(std::string value, int from, int to) { return Make(Kind::kPut, std::move(value), from, to); }
Operation Get(std::optional<std::string> value, int from, int to) {
  return Make(Kind::kGet, std::move(value), from, to);
}
Operation Delete(int from, int to) { return Make(Kind::kDelete, std::nullopt, from, to); }
Operation Append(std::string word, int from, int to) { return Make(Kind::kAppend, std::move(word), from, to); }
Operation Add(int number, int from, int to) { return Make(Kind::kAdd, std::to_string(number), from, to); }
Operation Unknown(Operation operation) {
  operation.outcome = Outcome::kUnknown;
  return operation;
}
Operation Failed(Operation operation) {
  operation.outcome = Outcome::kFailed;
  return operation;
}
Operation Of(std::string key, Operation operation) {
  operation.key = std::move(key);
  return operation;
}

void ExpectHolds(const History& history) {
  const auto verdict = CheckLinearizable(history);
  EXPECT_EQ(verdict.result, Linearizability::kHolds) << verdict.explanation;
}
void ExpectViolated(const History& history) {
  EXPECT_EQ(CheckLinearizable(history).result, Linearizability::kViolated);
}

TEST(Checker, AcceptsNothing) { ExpectHolds({}); }

TEST(Checker, AcceptsOneClientInOrder) {
  ExpectHolds({Get(std::nullopt, 0, 1), Put("a", 2, 3), Get("a", 4, 5), Delete(6, 7), Get(std::nullopt, 8, 9)});
}

TEST(Checker, RejectsAStaleRead) { ExpectViolated({Put("a", 0, 1), Put("b", 2, 3), Get("a", 4, 5)}); }

TEST(Checker, RejectsTheStaleReadOfEtcdIssue741) {
  ExpectViolated({Put("foo", 0, 1), Put("bar", 2, 3), Get("bar", 4, 5), Get("foo", 6, 7)});
}

TEST(Checker, RejectsALostUpdate) { ExpectViolated({Put("a", 0, 1), Get(std::nullopt, 2, 3)}); }

TEST(Checker, RejectsAReadOfAValueThatNobodyWrote) { ExpectViolated({Put("a", 0, 1), Get("ghost", 2, 3)}); }

TEST(Checker, RejectsAReadFromTheFuture) { ExpectViolated({Get("a", 0, 1), Put("a", 2, 3)}); }

TEST(Checker, RejectsADeletedValueThatComesBack) {
  ExpectViolated({Put("a", 0, 1), Delete(2, 3), Get(std::nullopt, 4, 5), Get("a", 6, 7)});
}

TEST(Checker, AcceptsEitherOrderOfWritesThatOverlap) {
  ExpectHolds({Put("a", 0, 10), Put("b", 0, 10), Get("a", 11, 12)});
  ExpectHolds({Put("a", 0, 10), Put("b", 0, 10), Get("b", 11, 12)});
}

TEST(Checker, RejectsTwoReadersWhoDisagreeOnTheOrder) {
  ExpectViolated({Put("a", 0, 10), Put("b", 0, 10), Get("a", 11, 12), Get("b", 13, 14)});
  ExpectViolated({Put("a", 0, 20), Put("b", 0, 20), Get("a", 1, 2), Get("b", 3, 4), Get("a", 5, 6)});
}

TEST(Checker, AcceptsAReadThatOverlapsAWriteEitherWay) {
  ExpectHolds({Put("a", 0, 1), Put("b", 2, 10), Get("a", 3, 4), Get("b", 5, 6)});
  ExpectHolds({Put("a", 0, 1), Put("b", 2, 10), Get("b", 3, 4)});
}

TEST(Checker, RejectsANewValueThatIsForgottenWhileItsWriteStillRuns) {
  ExpectViolated({Put("a", 0, 1), Put("b", 2, 10), Get("b", 3, 4), Get("a", 5, 6)});
}

TEST(Checker, AcceptsAWriteOfUnknownOutcomeThatHappensLate) {
  ExpectHolds({Put("a", 0, 1), Unknown(Put("b", 2, 3)), Get("a", 4, 5), Get("b", 100, 101)});
  ExpectHolds({Put("a", 0, 1), Unknown(Delete(2, 3)), Get("a", 4, 5), Get(std::nullopt, 100, 101)});
}

TEST(Checker, AcceptsAWriteOfUnknownOutcomeThatNeverHappens) {
  ExpectHolds({Put("a", 0, 1), Unknown(Put("b", 2, 3)), Get("a", 4, 5), Get("a", 100, 101)});
}

TEST(Checker, RejectsAWriteOfUnknownOutcomeThatHappensTwice) {
  ExpectViolated(
      {Put("a", 0, 1), Unknown(Put("b", 2, 3)), Get("b", 4, 5), Put("c", 6, 7), Get("c", 8, 9), Get("b", 10, 11)});
}

TEST(Checker, RejectsAWriteOfUnknownOutcomeBeforeItsCall) { ExpectViolated({Get("b", 0, 1), Unknown(Put("b", 2, 3))}); }

TEST(Checker, IgnoresReadsOfUnknownOutcome) { ExpectHolds({Put("a", 0, 1), Unknown(Get("ghost", 2, 3))}); }

TEST(Checker, RejectsAReadOfAWriteThatFailed) { ExpectViolated({Failed(Put("a", 0, 1)), Get("a", 2, 3)}); }

TEST(Checker, JudgesKeysApart) {
  ExpectHolds({Of("x", Put("a", 0, 1)), Of("y", Put("b", 2, 3)), Of("x", Get("a", 4, 5)), Of("y", Get("b", 6, 7))});
  ExpectViolated({Of("x", Put("a", 0, 1)), Of("y", Get("a", 2, 3))});
}

TEST(Checker, NamesKeyAndContradiction) {
  const auto verdict =
      CheckLinearizable({Of("k7", Put("a", 0, 1)), Of("k7", Put("b", 2, 3)), Of("k7", Get("a", 4, 5))});
  EXPECT_THAT(verdict.explanation, HasSubstr("key k7"));
  EXPECT_THAT(verdict.explanation, HasSubstr("get k7 -> \"a\""));
  EXPECT_THAT(verdict.explanation, HasSubstr("put k7 = \"b\""));
}

TEST(Checker, SaysUnknownWhenItRunsOutOfSteps) {
  EXPECT_EQ(CheckLinearizable({Put("a", 0, 1), Get("a", 2, 3)}, 1).result, Linearizability::kUnknown);
}

TEST(Checker, AcceptsAppendsAndAddsInTheirOrder) {
  ExpectHolds({Append("a", 0, 1), Append("b", 2, 3), Get("ab", 4, 5), Put("c", 6, 7), Append("d", 8, 9),
               Get("cd", 10, 11), Delete(12, 13), Append("e", 14, 15), Get("e", 16, 17)});
  ExpectHolds({Add(3, 0, 1), Add(-1, 2, 3), Get("2", 4, 5)});
}

TEST(Checker, RejectsWhatWasAppliedTwice) {
  ExpectViolated({Append("a", 0, 1), Get("aa", 2, 3)});
  ExpectViolated({Append("a", 0, 1), Unknown(Append("b", 2, 3)), Get("abb", 4, 5)});
  ExpectViolated({Add(3, 0, 1), Get("6", 2, 3)});
  ExpectViolated({Unknown(Add(3, 0, 1)), Get("6", 2, 3)});
}

TEST(Checker, RejectsAppendsThatVanishOrChangeTheirOrder) {
  ExpectViolated({Append("a", 0, 1), Append("b", 2, 3), Get("ba", 4, 5)});
  ExpectViolated({Append("a", 0, 1), Append("b", 2, 3), Get("b", 4, 5)});
  ExpectViolated({Add(3, 0, 1), Add(4, 2, 3), Get("4", 4, 5)});
}

TEST(Checker, AnAppendOrAddOfUnknownOutcomeMayHaveHappenedOrNot) {
  for (const char* read : {"a", "ab"}) ExpectHolds({Append("a", 0, 1), Unknown(Append("b", 2, 3)), Get(read, 4, 5)});
  for (const char* read : {"1", "6"}) ExpectHolds({Add(1, 0, 1), Unknown(Add(5, 2, 3)), Get(read, 4, 5)});
  ExpectHolds({Append("a", 0, 1), Unknown(Append("b", 2, 3)), Get("a", 4, 5), Get("ab", 6, 7)});
}

// Each order of what overlaps is a value of its own: seed 1899 of the simulator had one key's search go through them
// all.
TEST(Checker, ManyAppendsAtOnceDoNotMultiplyTheSearch) {
  History history;
  for (int i = 0; i < 40; ++i) history.push_back(Append("w" + std::to_string(i), i, 100 + i));
  history.push_back(Unknown(Append(",late", 50, 51)));
  history.push_back(Delete(200, 201));
  history.push_back(Append("last", 202, 203));
  history.push_back(Get("last,late", 204, 205));
  EXPECT_EQ(CheckLinearizable(history).result, Linearizability::kHolds);
  EXPECT_LT(CheckLinearizable(history).steps, 10'000u);
  history.push_back(Get("last", 206, 207));
  for (size_t i = 0; i < 32; ++i) history.erase(history.begin());
  EXPECT_EQ(CheckLinearizable(history, 1'000'000).result, Linearizability::kViolated);
}

// A history recorded from a real register (each operation takes effect at a random moment between call and return) is
// accepted, and rejected once one of its reads is made to return an earlier value than it could have.
TEST(Checker, FollowsARealRegisterThroughManyRandomHistories) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    struct Effect {
      int at;
      Operation operation;
    };
    std::vector<Effect> effects;
    for (int i = 0; i < 120; ++i) {
      const int at = static_cast<int>(random.Below(400)) * 10;
      const int from = at - static_cast<int>(random.Below(60));
      const int to = at + 1 + static_cast<int>(random.Below(60));
      Operation operation = random.Chance(500)   ? Get(std::nullopt, from, to)
                            : random.Chance(200) ? Delete(from, to)
                            : random.Chance(400) ? Append("," + std::to_string(i), from, to)
                                                 : Put(std::to_string(i), from, to);
      if (operation.kind != Kind::kGet && random.Chance(100)) operation = Unknown(operation);
      effects.push_back({at, operation});
    }
    std::stable_sort(effects.begin(), effects.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::optional<std::string> value;
    History history;
    for (auto& [at, operation] : effects) {
      if (operation.kind == Kind::kGet) operation.value = value;
      if (operation.kind == Kind::kPut) value = operation.value;
      if (operation.kind == Kind::kAppend) value = value.value_or("") + *operation.value;
      if (operation.kind == Kind::kDelete) value = std::nullopt;
      history.push_back(operation);
    }
    ExpectHolds(history);
    // A write of unknown outcome might explain the wrong read: let all of them have been answered.
    for (Operation& operation : history) operation.outcome = Outcome::kOk;
    history.push_back(Put("last", 10000, 10001));
    history.push_back(Get(value, 10002, 10003));
    ExpectViolated(history);
  }
}

}  // namespace
}  // namespace raftly
