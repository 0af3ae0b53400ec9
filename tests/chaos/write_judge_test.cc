// The judge of writes that may come again: it accuses what happens twice, and nobody else.
#include "chaos/sim/write_judge.h"

#include <gmock/gmock.h>

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = WriteOutcome::Kind;

class Writes : public ::testing::Test {
 protected:
  explicit Writes(Defences defences = {}) : machine_(defences) {}
  Index Apply(const std::string& command) {
    const Entry entry{.index = ++last_, .term = Term{1}, .data = Bytes(command)};
    machine_.Apply(entry);
    judge_.OnApplied(entry, machine_);
    return last_;
  }
  void Tell(const std::string& command, uint64_t version, Kind kind = Kind::kDone) {
    judge_.OnTold(command, {.kind = kind, .version = Index{version}});
  }

  KvMachine machine_;
  std::vector<std::string> accusations_;
  WriteJudge judge_{[this](std::string violation) { accusations_.push_back(std::move(violation)); }};
  Index last_;
};

struct WithoutDeduplication : Writes {
  static Defences Off() {
    Defences defences;
    defences.deduplication = false;
    return defences;
  }
  WithoutDeduplication() : Writes(Off()) {}
};

const std::string kAdd = WithOnce(EncodeAdd("n", 5), "c1.1");

TEST_F(Writes, ThatComeAgainAndCountOnceAreFine) {
  Apply(kAdd);
  Apply(WithOnce(EncodeAdd("n", 2), "c1.2"));
  Apply(kAdd);
  Tell(kAdd, 1);
  Tell(kAdd, 1);
  Apply(PutCommand("n", "word"));
  Apply(EncodeAdd("n", 2));
  Apply(EncodeAdd("m", 2));
  EXPECT_THAT(accusations_, IsEmpty());
}

TEST_F(WithoutDeduplication, ASumThatCountsOneTwiceIsFound) {
  Apply(kAdd);
  EXPECT_THAT(accusations_, IsEmpty());
  Apply(kAdd);
  ASSERT_EQ(accusations_.size(), 1u);
  EXPECT_THAT(accusations_[0], HasSubstr("exactly once: after index 2 n is 10"));
}

TEST_F(Writes, AVersionIsTheIndexOfThatWriteAndOfItsFirst) {
  const std::string put = WithOnce(PutCommand("k", "v"), "c1.3");
  Apply(kAdd);
  Apply(put);
  Apply(put);
  Tell(put, 2);
  EXPECT_THAT(accusations_, IsEmpty());
  Tell(put, 1);
  Tell(put, 9);
  Tell(put, 0);
  Tell(put, 3);
  Tell(put, 0, Kind::kOther);
  ASSERT_EQ(accusations_.size(), 5u);
  for (size_t i = 0; i < 3; ++i) EXPECT_THAT(accusations_[i], HasSubstr("versions: ")) << i;
  EXPECT_THAT(accusations_[3], HasSubstr("exactly once: "));
  EXPECT_THAT(accusations_[4], HasSubstr("another request's"));
}

TEST_F(Writes, InTheEndASumLiesBetweenWhatWasToldAndWhatWasAskedFor) {
  const auto add = [](const char* by, Operation::Outcome outcome) {
    return Operation{.kind = Operation::Kind::kAdd, .key = "n", .value = by, .outcome = outcome};
  };
  const History history = {add("5", Operation::Outcome::kOk), add("7", Operation::Outcome::kUnknown),
                           add("100", Operation::Outcome::kFailed)};
  for (const char* sum : {"5", "12"}) judge_.JudgeSum(history, "n", sum);
  EXPECT_THAT(accusations_, IsEmpty());
  for (const char* sum : {"4", "13", "0"}) judge_.JudgeSum(history, "n", sum);
  EXPECT_EQ(accusations_.size(), 3u);
}

}  // namespace
}  // namespace raftly
