#include "raft/core/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

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

TEST(Log, Sec7_WhatASnapshotHoldsIsGoneAndItsPlaceIsKnown) {
  Log log(EntriesOf("1:1 1:2 4:3 4:4 6:5"));
  log.DropThrough(Index{3});
  EXPECT_EQ(log.base(), PositionOf("4:3"));
  EXPECT_EQ(log.first(), Index{4});
  EXPECT_EQ(Text(log), "4:4 6:5");
  EXPECT_TRUE(log.Matches(PositionOf("4:3")));
  EXPECT_FALSE(log.Matches(PositionOf("1:2"))) << "nobody knows any more";
  EXPECT_EQ(log.FirstIndexOfTermAt(Index{4}), Index{4}) << "as far as the log goes back";
  EXPECT_EQ(log.LastIndexOf(Term{4}), Index{4});
  EXPECT_EQ(log.LastIndexOf(Term{1}), Index{0});
  log.DropThrough(Index{5});
  EXPECT_EQ(log.last(), PositionOf("6:5"));
  EXPECT_EQ(log.LastIndexOf(Term{6}), Index{5});
  log.Append(EntriesOf("7:6")[0]);
  EXPECT_EQ(Text(log), "7:6");
}

TEST(Log, Figure13_Rule7_AConflictingLogIsThrownAwayWhole) {
  Log log(EntriesOf("1:1 1:2 1:3"));
  log.Reset(PositionOf("5:9"));
  EXPECT_EQ(log.last(), PositionOf("5:9"));
  EXPECT_EQ(log.bytes_in_memory(), 0u);
  log.Append(EntriesOf("5:10")[0]);
  EXPECT_EQ(Text(log), "5:10");
}

TEST(Log, WhatIsNotInMemoryIsStillPartOfIt) {
  Log log(EntriesOf("1:1 1:2 4:3 4:4"));
  log.Evict(Index{3}, 0);
  EXPECT_FALSE(log.Holds(Index{3}));
  EXPECT_TRUE(log.Contains(Index{3}));
  EXPECT_EQ(log.TermAt(Index{2}), Term{1});
  EXPECT_EQ(log.FirstIndexOfTermAt(Index{4}), Index{3});
  EXPECT_EQ(Text(log.Slice(Index{3}, 10, 10)), "") << "to be read from the disk";
  EXPECT_EQ(Text(log.Slice(Index{4}, 10, 10)), "4:4");
  log.TruncateFrom(Index{2});
  EXPECT_EQ(log.last(), PositionOf("1:1"));
  log.Append(EntriesOf("5:2")[0]);
  EXPECT_EQ(Text(log.Slice(Index{2}, 10, 10)), "5:2");
}

// Any history of a log, beside the simplest thing that could be one.
TEST(Log, KeepsWhatASimpleListKeeps) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return random() % n; };
    Log log;
    std::map<uint64_t, Term> model{{0, Term{0}}};  // the base, and everything behind it
    Index evicted;
    Term term{1};
    for (int step = 0; step < 60; ++step) {
      const uint64_t base = model.begin()->first;
      const uint64_t last = model.rbegin()->first;
      const uint64_t some = base + 1 + (last > base ? below(last - base) : 0);
      const uint64_t what = below(8);
      if (what < 4 || last == base) {
        term = term + below(3) / 2;
        log.Append({.index = {last + 1}, .term = term, .type = EntryType::kNormal, .data = Bytes(std::string(9, 'x'))});
        model[last + 1] = term;
      } else if (what < 5) {
        log.TruncateFrom(Index{some});
        model.erase(model.find(some), model.end());
        evicted = std::min(evicted, Index{some - 1});
      } else if (what < 6) {
        log.DropThrough(Index{some});
        model.erase(model.begin(), model.find(some));
        evicted = std::max(evicted, Index{some});
      } else {
        log.Evict(Index{some}, 0);
        evicted = std::max(evicted, Index{some});
      }
      ASSERT_EQ(log.base(), (LogPosition{model.begin()->second, {model.begin()->first}}));
      ASSERT_EQ(log.last(), (LogPosition{model.rbegin()->second, {model.rbegin()->first}}));
      for (const auto& [index, expected] : model) {
        ASSERT_EQ(log.TermAt(Index{index}), expected) << "seed " << seed << ", index " << index;
        ASSERT_EQ(log.Holds(Index{index}), Index{index} > evicted && index > model.begin()->first);
        const auto same = [term = expected](const auto& one) { return one.second == term; };
        const auto behind = std::next(model.begin());
        if (index > model.begin()->first) {
          ASSERT_EQ(log.FirstIndexOfTermAt(Index{index}).value, std::find_if(behind, model.end(), same)->first);
        }
        ASSERT_EQ(log.LastIndexOf(expected).value, std::find_if(model.rbegin(), model.rend(), same)->first);
      }
      ASSERT_EQ(log.bytes_in_memory(), log.From(evicted + 1).size() * (Log::kPerEntry + 9));
    }
  }
}

TEST(LogDeathTest, AGapIsOurMistake) {
  EXPECT_DEATH(Log(EntriesOf("1:1 1:3")), "invariant");
  Log log;
  EXPECT_DEATH(log.Append(EntriesOf("1:2")[0]), "invariant");
}

}  // namespace
}  // namespace raftly
