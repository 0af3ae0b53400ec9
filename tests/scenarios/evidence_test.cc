// Planted damage must be found and worded; a sound cluster must not be accused.
#include "chaos/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chaos/sim/kv_machine.h"

namespace raftly {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Entry Put(uint64_t index, uint64_t term, const std::string& key, const std::string& value) {
  return {.index = {index}, .term = {term}, .type = EntryType::kNormal, .data = Bytes(PutCommand(key, value))};
}

const AcknowledgedWrite kWrite{.by = "n1", .key = "x", .value = "1", .at = {Term{1}, Index{1}}};

TEST(Evidence, AWriteInEveryLogIsNotLost) {
  const NodeLogs logs = {{"n1", {Put(1, 1, "x", "1")}}, {"n2", {Put(1, 1, "x", "1")}}};
  EXPECT_THAT(FindLostWrites({kWrite}, logs), IsEmpty());
}

TEST(Evidence, AWriteInNoLogIsLost) {
  const NodeLogs logs = {{"n1", {Put(1, 2, "x", "2")}}, {"n2", {}}};
  EXPECT_THAT(FindLostWrites({kWrite}, logs),
              ElementsAre("put x=1 was acknowledged by n1 at index 1 (term 1) and is in no log: index 1 now holds "
                          "nothing on n2; put x=2 of term 2 on n1"));
}

TEST(Evidence, AWriteThatOneLogLacksIsLost) {
  const NodeLogs logs = {{"n1", {Put(1, 1, "x", "1")}}, {"n2", {Put(1, 1, "x", std::string("\0", 1))}}};
  EXPECT_THAT(FindLostWrites({kWrite}, logs),
              ElementsAre("put x=1 was acknowledged by n1 at index 1 (term 1) and is not in the log of n2: index 1 now "
                          "holds put x=1 of term 1 on n1; put x=\\x00 of term 1 on n2"));
}

TEST(Evidence, OneIndexAcknowledgedTwiceIsFound) {
  const AcknowledgedWrite other{.by = "n2", .key = "x", .value = "2", .at = {Term{2}, Index{1}}};
  EXPECT_THAT(FindAcknowledgedTwice({kWrite, other}),
              ElementsAre("put x=1 was acknowledged by n1 at index 1 (term 1), and put x=2 was acknowledged by n2 at "
                          "index 1 (term 2)"));
  EXPECT_THAT(FindAcknowledgedTwice({kWrite}), IsEmpty());
}

TEST(Evidence, LogsMayDifferInTermsButNotInCommands) {
  EXPECT_THAT(FindDifferentCommands({{"n1", {Put(1, 1, "x", "1")}}, {"n2", {Put(1, 2, "x", "2")}}}), IsEmpty());
  EXPECT_THAT(FindDifferentCommands({{"n1", {Put(1, 1, "x", "1")}}, {"n2", {Put(1, 1, "x", "2")}}}),
              ElementsAre("at index 1 and term 1 the log of n1 holds put x=1, that of n2 holds put x=2"));
}

TEST(Evidence, AnImpossibleHistoryIsFound) {
  const auto at = [](int ms) { return Time(std::chrono::milliseconds(ms)); };
  Operation put{
      .client = 1, .kind = Operation::Kind::kPut, .key = "x", .value = "1", .invoked = at(0), .returned = at(1)};
  Operation get{
      .client = 2, .kind = Operation::Kind::kGet, .key = "x", .value = "1", .invoked = at(2), .returned = at(3)};
  EXPECT_THAT(FindHistoryViolation({put, get}), IsEmpty());
  get.value = std::nullopt;
  EXPECT_THAT(FindHistoryViolation({put, get}), ElementsAre(::testing::HasSubstr("get x -> nothing")));
}

}  // namespace
}  // namespace raftly
