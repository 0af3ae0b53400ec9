// The judge of those that watch: it accuses changes that were missed or are others', and nobody else.
#include "chaos/sim/watch_judge.h"

#include <gmock/gmock.h>

#include "server/kv/kv_state.h"

namespace raftly {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Watches : public ::testing::Test {
 protected:
  static Entry At(uint64_t index, const std::string& command) {
    return {.index = Index{index}, .term = Term{1}, .data = Bytes(command)};
  }
  void Apply(int place, KvMachine& machine, const Entry& entry) {
    machine.Apply(entry);
    judge_.OnApplied(place, entry, machine);
  }
  static std::string Put(uint64_t index, const std::string& value = "v") {
    return PutCommand("key" + std::to_string(index % 5), value + std::to_string(index));
  }

  std::vector<std::string> accusations_;
  WatchJudge judge_{[this](std::string violation) { accusations_.push_back(std::move(violation)); }};
  KvMachine a_, b_;
};

TEST_F(Watches, WhoMovesBetweenNodesThatAgreeIsContent) {
  for (uint64_t index = 1; index <= 400; ++index) {
    const Entry entry = At(index, index % 7 == 0 ? EncodeDelete("key1") : Put(index));
    Apply(0, a_, entry);
    Apply(1, b_, entry);
  }
  EXPECT_THAT(accusations_, IsEmpty());
  EXPECT_GT(judge_.heard(), 300u) << "or nothing was judged";
}

TEST_F(Watches, ANodeWithAnotherHistoryIsAccused) {
  for (uint64_t index = 1; index <= 400; ++index) {
    Apply(0, a_, At(index, Put(index)));
    Apply(1, b_, At(index, Put(index, index == 10 ? "another" : "v")));
  }
  EXPECT_THAT(accusations_, IsEmpty()) << "it was overwritten before the move";
  for (uint64_t index = 401; index <= 800; ++index) {
    Apply(0, a_, At(index, index == 401 ? PutCommand("once", "v") : Put(index)));
    Apply(1, b_, At(index, index == 401 ? PutCommand("once", "w") : Put(index)));
  }
  EXPECT_THAT(accusations_, Not(IsEmpty()));
  EXPECT_THAT(accusations_, Each(HasSubstr("has other keys")));
}

TEST_F(Watches, WhoComesToANodeWithASnapshotListsAgain) {
  for (uint64_t index = 1; index <= 60; ++index) Apply(0, a_, At(index, Put(index)));
  for (uint64_t index = 61; index <= 80; ++index) a_.Apply(At(index, Put(index)));
  std::string state;
  const auto reader = a_.Save();
  while (reader->Read(1000, state)) {
  }
  const auto writer = b_.Load(kKvFormatVersion, Index{80});
  ASSERT_TRUE(writer->Write(state).ok() && writer->Finish().ok());
  for (uint64_t index = 81; index <= 400; ++index) Apply(1, b_, At(index, Put(index)));
  EXPECT_THAT(accusations_, IsEmpty());
  EXPECT_GT(judge_.heard(), 100u);
}

}  // namespace
}  // namespace raftly
