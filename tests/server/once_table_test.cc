// The answers that are kept for writes that may come again: what is forgotten when, and that snapshots hold them.
#include "server/kv/once_table.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/kv/kv_state.h"
#include "server/kv/kv_store.h"

namespace raftly {
namespace {

std::string BytesOf(const OnceTable& table, size_t piece = 1000) {
  OnceTable::Reader reader(table);
  std::string bytes;
  while (reader.Read(piece, bytes)) continue;
  return bytes;
}

TEST(OnceTable, ForgetsTheOldestBeyondItsKeys) {
  OnceTable table;
  table.SetClock(0, {.keys = 300, .ttl_ms = 1000});
  for (int i = 0; i < 1000; ++i) table.Keep(absl::StrCat("k", i), i, absl::StrCat("a", i));
  EXPECT_EQ(table.size(), 300u);
  EXPECT_EQ(table.Find("k699"), nullptr);
  ASSERT_NE(table.Find("k700"), nullptr);
  EXPECT_EQ(table.Find("k700")->answer, "a700");
  EXPECT_EQ(table.Find("k999")->request, 999u);
}

TEST(OnceTable, ForgetsWhatIsOlderThanItsTimeByTheClustersClock) {
  OnceTable table;
  const OnceTable::Limits limits{.keys = 10, .ttl_ms = 1000};
  table.Keep("old", 1, "a");
  table.SetClock(5000, limits);
  table.Keep("new", 2, "b");
  table.SetClock(5500, limits);
  table.SetClock(5999, limits);
  EXPECT_NE(table.Find("old"), nullptr);
  table.SetClock(6000, limits);
  EXPECT_EQ(table.Find("old"), nullptr);
  EXPECT_NE(table.Find("new"), nullptr);
  table.SetClock(100, limits);
  EXPECT_EQ(table.clock_ms(), 6000u) << "another leader's clock may be behind";
}

// The clock stands still while nothing is kept: the first entry after it takes it from the beginning of a new cluster,
// or from the last answer that was forgotten, to now, and what was kept meanwhile is not that old.
TEST(OnceTable, TheTimeOfAnAnswerBeginsWhenTheClockMovesNext) {
  OnceTable table;
  const OnceTable::Limits limits{.keys = 1000, .ttl_ms = 3'600'000};
  uint64_t now = 1'700'000'000'000;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) table.Keep(absl::StrCat("k", round, ".", i), 1, "a");
    table.SetClock(now, limits);
    EXPECT_EQ(table.size(), 300u) << "they were just kept, in round " << round;
    table.SetClock(now + limits.ttl_ms - 1, limits);
    EXPECT_EQ(table.size(), 300u);
    table.SetClock(now + limits.ttl_ms, limits);
    EXPECT_EQ(table.size(), 0u);
    now += 24 * limits.ttl_ms;
  }
}

TEST(OnceTable, HoldsNoMoreBytesThanItMay) {
  OnceTable table;
  for (int i = 0; i < 40; ++i) table.Keep(absl::StrCat("k", i), i, std::string(4 << 20, 'x'));
  EXPECT_EQ(table.size(), 15u);
  table.Keep("huge", 1, std::string(OnceTable::kMostBytes, 'x'));
  EXPECT_EQ(table.Find("huge"), nullptr) << "and the others are still there";
  EXPECT_EQ(table.size(), 15u);
}

TEST(OnceTable, ItsBytesAreTheTableAsItWas) {
  OnceTable table;
  table.SetClock(77, {.keys = 2000, .ttl_ms = 1000});
  for (int i = 0; i < 1000; ++i) table.Keep(absl::StrCat("k", i), i, absl::StrCat("a", i));
  const std::string before = BytesOf(table);
  OnceTable::Reader reader(table);
  std::string bytes;
  for (int i = 0; reader.Read(100, bytes); ++i) {
    table.Keep(absl::StrCat("later", i), i, "x");
    table.SetClock(77 + i, {.keys = 2000, .ttl_ms = 1000});
  }
  table.SetClock(77, {.keys = 1, .ttl_ms = 1000});
  EXPECT_EQ(bytes, before) << "a reader sees neither what is kept later nor when its own begin to age";
  OnceTable loaded;
  ASSERT_TRUE(OnceTable::Load(bytes, loaded).ok());
  EXPECT_EQ(loaded.size(), 1000u);
  EXPECT_EQ(BytesOf(loaded), before);
  EXPECT_NE(loaded.digest(), OnceTable().digest());
  for (size_t cut = 0; cut < 200; ++cut) {
    OnceTable other;
    const bool whole = OnceTable::Load(bytes.substr(0, cut), other).ok();
    EXPECT_TRUE(whole || other.size() == 0) << "all that was there, or nothing, after " << cut;
  }
  EXPECT_FALSE(OnceTable::Load(bytes.substr(0, bytes.size() - 1), loaded).ok());
  loaded.SetClock(1000, {.keys = 2000, .ttl_ms = 100});
  EXPECT_EQ(loaded.size(), 1000u) << "their time had not begun";
  loaded.SetClock(1100, {.keys = 2000, .ttl_ms = 100});
  EXPECT_EQ(loaded.size(), 0u);
  EXPECT_EQ(loaded.digest(), OnceTable().digest());
}

TEST(OnceTable, IsPartOfTheStoresState) {
  KvStore store;
  uint64_t index = 0;
  const auto apply = [&](KvStore& to, const std::string& command) {
    return to.Apply({Index{++index}, Term{1}, EntryType::kNormal, Bytes(command)});
  };
  const std::string add = WithOnce(EncodeAdd("n", 1), "once");
  const std::string first = apply(store, add);
  apply(store, *EncodePut("k", "v"));
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{1000}}) {
    const auto reader = store.Save();
    std::string state;
    while (reader->Read(piece, state)) continue;
    KvStore other;
    const auto writer = other.Load(kKvFormatVersion, Index{index});
    for (size_t at = 0; at < state.size(); at += piece) {
      ASSERT_TRUE(writer->Write(std::string_view(state).substr(at, piece)).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_EQ(other.kept_answers(), 1u);
    EXPECT_EQ(apply(other, add), first) << "in pieces of " << piece;
    EXPECT_EQ(other.Get("n")->view(), "1");
    EXPECT_EQ(other.Get("k")->view(), "v");
  }
}

}  // namespace
}  // namespace raftly
