// The laboratory's state machine: what each command does, and that its state survives being taken down and up.
#include "chaos/sim/register_map.h"

#include <gmock/gmock.h>

#include "tests/support/mutation.h"

namespace raftly {
namespace {

using ::testing::Optional;

class Registers : public ::testing::Test {
 protected:
  void Apply(std::string command) { map_.Apply({.data = Bytes(std::move(command))}); }
  std::string State() {
    std::string state;
    while (map_.Save()->Read(1 << 20, state)) {
    }
    return state;
  }
  RegisterMap map_{DefencesUnderTest().deduplication};
};

TEST_F(Registers, AreAddedTo) {
  Apply(RegisterMap::Add("n", 5));
  Apply(RegisterMap::Add("n", -7));
  EXPECT_THAT(map_.Get("n"), Optional(std::string("-2")));
  Apply(RegisterMap::Put("n", "word"));
  Apply(RegisterMap::Add("n", 1));
  EXPECT_THAT(map_.Get("n"), Optional(std::string("1"))) << "what is no number counts as 0";
}

TEST_F(Registers, GoRoundBeyondTheRangeOfNumbers) {
  Apply(RegisterMap::Add("n", INT64_MAX));
  Apply(RegisterMap::Add("n", 1));
  EXPECT_THAT(map_.Get("n"), Optional(std::to_string(INT64_MIN)));
}

TEST_F(Registers, AreAppendedTo) {
  Apply(RegisterMap::Append("k", "a"));
  Apply(RegisterMap::Append("k", "b"));
  EXPECT_THAT(map_.Get("k"), Optional(std::string("a,b")));
  Apply(RegisterMap::Delete("k"));
  Apply(RegisterMap::Append("k", "c"));
  EXPECT_THAT(map_.Get("k"), Optional(std::string("c")));
}

TEST_F(Registers, TakeWhatTheyCannotReadForANoOp) {
  Apply(RegisterMap::Put("k", "v"));
  const uint64_t hash = map_.hash();
  for (const char* command : {"", "p", "a", "i", "x", "pk", "ak", "ik", "xk=v", "="}) Apply(command);
  EXPECT_EQ(map_.hash(), hash);
}

TEST_F(Registers, TakeACommandOfOneNumberOnce) {
  const std::string once = RegisterMap::Append("k", "a");
  Apply(RegisterMap::Numbered("c1", 1, once));
  Apply(RegisterMap::Numbered("c1", 1, once));
  EXPECT_THAT(map_.Get("k"), Optional(std::string("a")));
  Apply(RegisterMap::Numbered("c1", 2, once));
  Apply(RegisterMap::Numbered("c2", 1, once));
  EXPECT_THAT(map_.Get("k"), Optional(std::string("a,a,a"))) << "other numbers, and other clients, are other commands";
}

TEST_F(Registers, KnowTheNumbersAfterBeingTakenDownAndUp) {
  const std::string command = RegisterMap::Numbered("c1", 7, RegisterMap::Append("k", "a"));
  Apply(command);
  RegisterMap other;
  const auto writer = other.Load(1, Index{1});
  ASSERT_TRUE(writer->Write(State()).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(other.hash(), map_.hash());
  other.Apply({.data = Bytes(std::string(command))});
  EXPECT_EQ(other.hash(), map_.hash());
}

TEST_F(Registers, SurviveBeingTakenDownAndUp) {
  Apply(RegisterMap::Append("k", "a"));
  Apply(RegisterMap::Append("k", "b"));
  Apply(RegisterMap::Add("n", 3));
  RegisterMap other;
  const auto writer = other.Load(1, Index{3});
  ASSERT_TRUE(writer->Write(State()).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(other.hash(), map_.hash());
  EXPECT_THAT(other.Get("k"), Optional(std::string("a,b")));
  EXPECT_THAT(other.Get("n"), Optional(std::string("3")));
}

}  // namespace
}  // namespace raftly
