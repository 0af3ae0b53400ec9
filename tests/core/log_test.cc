#include "raft/core/log.h"

#include <gtest/gtest.h>

#include "raft/core/quorum.h"
#include "tests/core/notation.h"

namespace raftly {
namespace {

TEST(Log, EndsWhereItEnds) {
  EXPECT_EQ(Log().last(), LogPosition{});
  EXPECT_EQ(Log(EntriesOf("1:1 3:2")).last(), PositionOf("3:2"));
}

TEST(Log, ThePlaceBeforeTheFirstEntryHasTermZero) { EXPECT_EQ(Log(EntriesOf("1:1")).TermAt(Index{0}), Term{0}); }

TEST(Log, TruncationRemovesTheEntryAndAllAbove) {
  Log log(EntriesOf("1:1 1:2 1:3"));
  log.TruncateFrom(Index{2});
  EXPECT_EQ(Text(log), "1:1");
  log.TruncateFrom(Index{1});
  EXPECT_EQ(Text(log), "");
}

TEST(Log, FindsTheBoundsOfATerm) {
  const Log log(EntriesOf("1:1 1:2 4:3 4:4 4:5 6:6"));
  EXPECT_EQ(log.FirstIndexOfTermAt(Index{1}), Index{1});
  EXPECT_EQ(log.FirstIndexOfTermAt(Index{5}), Index{3});
  EXPECT_EQ(log.FirstIndexOfTermAt(Index{6}), Index{6});
  EXPECT_EQ(log.LastIndexOf(Term{4}), Index{5});
  EXPECT_EQ(log.LastIndexOf(Term{6}), Index{6});
  EXPECT_EQ(log.LastIndexOf(Term{5}), Index{0});
  EXPECT_EQ(log.LastIndexOf(Term{0}), Index{0});
}

TEST(Log, SlicesStayWithinBothLimits) {
  const Log log(EntriesOf("1:1 1:2 1:3"));
  EXPECT_EQ(Text(log.Slice(Index{2}, 10, 10)), "1:2 1:3");
  EXPECT_EQ(Text(log.Slice(Index{1}, 2, 10)), "1:1 1:2");
  EXPECT_EQ(Text(log.Slice(Index{4}, 2, 10)), "");
  EXPECT_EQ(Text(log.From(Index{3})), "1:3");
  EXPECT_EQ(Text(log.From(Index{4})), "");
}

TEST(LogDeathTest, AGapIsOurMistake) {
  EXPECT_DEATH(Log(EntriesOf("1:1 1:3")), "invariant");
  Log log;
  EXPECT_DEATH(log.Append(EntriesOf("1:2")[0]), "invariant");
}

TEST(Quorum, IsAMajority) {
  EXPECT_EQ(QuorumOf(1), 1u);
  EXPECT_EQ(QuorumOf(2), 2u);
  EXPECT_EQ(QuorumOf(3), 2u);
  EXPECT_EQ(QuorumOf(4), 3u);
  EXPECT_EQ(QuorumOf(5), 3u);
}

TEST(Quorum, ReachedIsTheHighestThatAMajorityHas) {
  EXPECT_EQ(ReachedByQuorum(std::vector{7}), 7);
  EXPECT_EQ(ReachedByQuorum(std::vector{7, 3}), 3);
  EXPECT_EQ(ReachedByQuorum(std::vector{1, 9, 5}), 5);
  EXPECT_EQ(ReachedByQuorum(std::vector{9, 9, 1, 1}), 1);
  EXPECT_EQ(ReachedByQuorum(std::vector{4, 2, 5, 1, 3}), 3);
}

}  // namespace
}  // namespace raftly
