// The laboratory's state machine: the server's own, with its switches and a hash that misses nothing.
#include "chaos/sim/kv_machine.h"

#include <gmock/gmock.h>

#include <set>

#include "server/kv/kv_state.h"
#include "tests/support/mutation.h"

namespace raftly {
namespace {

using ::testing::Optional;

class Machine : public ::testing::Test {
 protected:
  std::string Apply(KvMachine& machine, std::string command) {
    return machine.Apply({.index = ++at_, .term = Term{1}, .data = Bytes(std::move(command))});
  }
  std::string Apply(std::string command) { return Apply(machine_, std::move(command)); }
  void TakeUp(KvMachine& other) {
    const auto reader = machine_.Save();
    std::string state;
    while (reader->Read(7, state)) continue;
    const auto writer = other.Load(kKvFormatVersion, at_);
    ASSERT_TRUE(writer->Write(state).ok());
    ASSERT_TRUE(writer->Finish().ok());
  }

  Index at_;
  KvMachine machine_{DefencesUnderTest()};
};

TEST_F(Machine, TakesACommandOfOneKeyOnce) {
  const std::string add = WithOnce(EncodeAdd("n", 3), "c1.1");
  const std::string first = Apply(add);
  EXPECT_EQ(Apply(add), first);
  EXPECT_THAT(machine_.Get("n"), Optional(std::string("3")));
  Apply(WithOnce(EncodeAdd("n", 3), "c1.2"));
  EXPECT_THAT(machine_.Get("n"), Optional(std::string("6")));
}

TEST_F(Machine, KnowsWhatItAnsweredAfterBeingTakenDownAndUp) {
  const std::string add = WithOnce(EncodeAdd("n", 3), "c1.1");
  const std::string first = Apply(add);
  KvMachine other;
  TakeUp(other);
  EXPECT_EQ(other.hash(), machine_.hash());
  EXPECT_EQ(Apply(other, add), first);
  EXPECT_THAT(other.Get("n"), Optional(std::string("3")));
}

TEST_F(Machine, ItsHashIsOfTheContentsAndNotOfTheWayToThem) {
  const uint64_t empty = machine_.hash();
  Apply(PutCommand("a", "1"));
  Apply(PutCommand("b", "2"));
  const uint64_t two = machine_.hash();
  KvMachine other;
  TakeUp(other);
  EXPECT_EQ(other.hash(), two) << "though it looked for the first time";
  Apply(PutCommand("c", "3"));
  EXPECT_NE(machine_.hash(), two);
  Apply(EncodeDelete("c"));
  EXPECT_EQ(machine_.hash(), two);
  Apply(EncodeDelete("a"));
  Apply(EncodeDelete("b"));
  EXPECT_EQ(machine_.hash(), empty);
}

TEST_F(Machine, ItsHashTellsVersionsKeptAnswersAndTheClock) {
  std::set<uint64_t> hashes = {machine_.hash()};
  for (const std::string& command : {PutCommand("k", "v"), PutCommand("k", "v"), WithOnce(EncodeDelete("none"), "c1.1"),
                                     WithOnce(EncodeDelete("none"), "c1.2"), EncodeClock(7, {}), EncodeClock(8, {})}) {
    Apply(command);
    EXPECT_TRUE(hashes.insert(machine_.hash()).second) << command;
  }
}

}  // namespace
}  // namespace raftly
