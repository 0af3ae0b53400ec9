// Those who watch keys: in order, without gap or repeat, however they come and go, and at a bounded cost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/kv/change_log.h"
#include "server/kv/kv_store.h"
#include "server/kv/watch_hub.h"
#include "tests/support/manual_loop.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kSmall = 2000;  // bytes: a dozen changes or so

std::string PutText(int index, const std::string& key, const std::string& value = "v") {
  const std::string i = std::to_string(index);
  return "id: " + i + "\ndata: {\"op\":\"put\",\"key\":\"" + key + "\",\"value\":\"" + value + "\",\"version\":" + i +
         "}\n\n";
}

class WatchTest : public ::testing::Test {
 protected:
  struct Client {
    std::unique_ptr<WatchHub::Watcher> watcher;
    int woken = 0;

    // All there is now.
    std::string Read() {
      std::string text;
      while (true) {
        const auto piece = watcher->Next(text);
        if (piece == WatchHub::Piece::kEnd) text += "END";
        if (piece != WatchHub::Piece::kSome) return text;
      }
    }
  };

  std::unique_ptr<Client> Watch(const std::string& prefix, std::optional<ChangePosition> from = {}) {
    auto client = std::make_unique<Client>();
    auto watcher = hub_.Watch(prefix, from, [client = client.get()] { ++client->woken; });
    if (!watcher.ok()) {
      refusal_ = watcher.status();
      return nullptr;
    }
    client->watcher = *std::move(watcher);
    return client;
  }
  void Apply(const std::string& command) {
    store_.Apply({Index{++applied_}, Term{1}, EntryType::kNormal, Bytes(command)});
  }
  void Put(const std::string& key, const std::string& value = "v") { Apply(*EncodePut(key, value)); }
  void Transact(const std::string& then) { Apply(*EncodeTransaction(*ParseTransaction("{\"then\":[" + then + "]}"))); }
  void Pass(Duration time = seconds(60)) { loop_.Advance(time); }
  void LoadElsewhere(uint64_t index) {
    ASSERT_TRUE(store_.Load(2, Index{index})->Finish().ok());
    applied_ = index;
  }

  ManualLoop loop_;
  KvStore store_{nullptr, {}, kSmall};
  uint64_t applied_ = 0;
  absl::Status refusal_;
  WatchHub hub_{store_.changes(), loop_};
};

TEST_F(WatchTest, ChangesComeInOrderFromNowOn) {
  Put("a/early");
  const auto client = Watch("a/");
  EXPECT_EQ(client->Read(), "");
  Put("a/1", "x");
  Put("b/1");
  Apply(EncodeDelete("a/1"));
  EXPECT_EQ(client->Read(), "") << "what no round has told of";
  Pass();
  EXPECT_GE(client->woken, 1);
  EXPECT_EQ(client->Read(),
            PutText(2, "a/1", "x") + "id: 4\ndata: {\"op\":\"delete\",\"key\":\"a/1\",\"version\":4}\n\n");
  EXPECT_EQ(client->Read(), "");
  EXPECT_EQ(ToId(client->watcher->position()), "4");
}

TEST_F(WatchTest, AChangeLargerThanAllThatIsKeptIsHeardOf) {
  const auto client = Watch("k");
  const std::string large(2 * kSmall, 'v');
  Put("k", large);
  Pass();
  EXPECT_EQ(client->Read(), PutText(1, "k", large));
  Put("k", "small");
  Pass();
  EXPECT_EQ(client->Read(), PutText(2, "k", "small"));
  EXPECT_EQ(Watch("k", ChangePosition{Index{1}}), nullptr) << "which is gone by now";
}

TEST_F(WatchTest, WhatDoesNothingToAKeyIsNoChange) {
  const auto client = Watch("");
  Apply(EncodeDelete("absent"));
  Put("k");
  Apply(*EncodePut("k", "w", Condition(17)));
  Transact(R"({"op":"delete","key":"absent"},{"op":"get","key":"k"})");
  Pass();
  EXPECT_EQ(client->Read(), PutText(2, "k"));
  EXPECT_EQ(ToId(client->watcher->position()), "4") << "but it has come so far";
}

TEST_F(WatchTest, ATransactionsChangesAreEachResumable) {
  const auto client = Watch("t/");
  Transact(
      R"({"op":"put","key":"t/b","value":"2"},{"op":"put","key":"s","value":"1"},{"op":"put","key":"t/c","value":"3"},
              {"op":"put","key":"u","value":"1"})");
  Pass();
  const std::string first = "id: 1.2\ndata: {\"op\":\"put\",\"key\":\"t/b\",\"value\":\"2\",\"version\":1}\n\n";
  const std::string second = "id: 1.3\ndata: {\"op\":\"put\",\"key\":\"t/c\",\"value\":\"3\",\"version\":1}\n\n";
  EXPECT_EQ(client->Read(), first + second);
  EXPECT_EQ(ToId(client->watcher->position()), "1");
  EXPECT_EQ(Watch("t/", *ParseId("1.2"))->Read(), second) << "neither a gap nor a repeat";
  EXPECT_EQ(Watch("t/", *ParseId("1.3"))->Read(), "");
  EXPECT_EQ(Watch("t/", *ParseId("0"))->Read(), first + second);
}

TEST_F(WatchTest, WhoComesBackGetsWhatItMissed) {
  for (int i = 1; i <= 5; ++i) Put("k" + std::to_string(i));
  const auto back = Watch("k", *ParseId("3"));
  EXPECT_EQ(back->Read(), PutText(4, "k4") + PutText(5, "k5"));
  Put("k6");
  Pass();
  EXPECT_EQ(back->Read(), PutText(6, "k6"));
}

TEST_F(WatchTest, AWatchMayBeginWithWhatIsYetToCome) {
  Put("k1");
  const auto client = Watch("k", ChangePosition{Index{4}});
  for (int i = 2; i <= 5; ++i) {
    Put("k" + std::to_string(i));
    Pass();
  }
  EXPECT_EQ(client->Read(), PutText(4, "k4") + PutText(5, "k5"));
}

TEST_F(WatchTest, WhatIsNotKeptIsRefusedAndTheOldestNamed) {
  for (int i = 1; i <= 100; ++i) Put("k");
  const ChangeLog::Bounds bounds = store_.changes().bounds();
  ASSERT_GT(bounds.begin.index, Index{50});
  EXPECT_EQ(Watch("k", ChangePosition{Index{50}}), nullptr);
  EXPECT_TRUE(absl::IsOutOfRange(refusal_));
  EXPECT_THAT(std::string(refusal_.message()), HasSubstr("before index " + std::to_string(bounds.begin.index.value)));
  EXPECT_EQ(hub_.watchers(), 0u);
  ASSERT_NE(Watch("k", bounds.begin), nullptr);
}

TEST_F(WatchTest, WhoReadsTooSlowlyIsToldAndNobodyElseNotices) {
  const auto slow = Watch("k");
  const auto quick = Watch("k");
  std::string heard;
  std::string all;
  for (int i = 1; i <= 100; ++i) {
    Put("k");
    all += PutText(i, "k");
    Pass(seconds(1));
    heard += quick->Read();
  }
  EXPECT_EQ(heard, all);
  const std::string oldest = std::to_string(store_.changes().bounds().begin.index.value);
  EXPECT_EQ(slow->Read(), "event: gone\ndata: {\"error\":\"changes before index " + oldest +
                              " are not known any more\",\"oldest\":" + oldest + "}\n\nEND");
}

// Who is behind the last round reads the log, and comes to where the others are.
TEST_F(WatchTest, WhoIsLateMissesNothing) {
  const auto client = Watch("k");
  std::string all;
  for (int i = 1; i <= 6; ++i) {
    Put("k");
    Put("other");
    all += PutText(2 * i - 1, "k");
    Pass();
  }
  EXPECT_EQ(client->Read(), all);
}

TEST_F(WatchTest, ASnapshotFromAnotherNodeEndsAWatchThatItOvertakes) {
  Put("k1");
  const auto behind = Watch("");
  const auto ahead = Watch("", ChangePosition{Index{31}});
  LoadElsewhere(30);
  Pass();
  EXPECT_GE(behind->woken, 1);
  EXPECT_THAT(behind->Read(), HasSubstr("event: gone"));
  Put("k31");
  Pass();
  EXPECT_EQ(ahead->Read(), PutText(31, "k31")) << "of which nothing is missing";
  EXPECT_EQ(Watch("", *ParseId("30"))->Read(), PutText(31, "k31"));
}

TEST_F(WatchTest, EachHearsOfItsPrefixAlone) {
  const auto all = Watch("");
  const auto a = Watch("a");
  const auto aa = Watch("aa");
  const auto b = Watch("b");
  Put("aaa");
  Put("a");
  Pass();
  EXPECT_EQ(all->Read(), PutText(1, "aaa") + PutText(2, "a"));
  EXPECT_EQ(a->Read(), PutText(1, "aaa") + PutText(2, "a"));
  EXPECT_EQ(aa->Read(), PutText(1, "aaa"));
  EXPECT_EQ(b->woken, 0);
  EXPECT_EQ(b->Read(), "");
}

// Waking takes time from the writes: the more there are to wake, the rarer it is.
TEST_F(WatchTest, RoundsAreRarerTheMoreWatch) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(Watch("k"));
  for (int ms = 0; ms < 1000; ++ms) {
    Apply(EncodeClock(static_cast<uint64_t>(ms), {}));
    if (ms % 50 == 0) Put("k");
    Pass(milliseconds(1));
    crowd[0]->Read();
  }
  const int rounds = crowd[0]->woken;
  EXPECT_GE(rounds, 2);
  EXPECT_LE(rounds, 12) << "of 20 changes";
  crowd.resize(1);
  Pass();
  crowd[0]->Read();
  const int before = crowd[0]->woken;
  for (int ms = 0; ms < 100; ++ms) {
    Put("k");
    Pass(milliseconds(2));
  }
  EXPECT_GE(crowd[0]->woken - before, 90) << "alone, it hears of each at once";
}

// An urgent round does not leave the one behind that was to come then.
TEST_F(WatchTest, WhomAnUrgentRoundWokeHasTimeUntilTheNext) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(Watch("k"));
  Put("k");
  Pass(milliseconds(1));
  ASSERT_EQ(crowd[0]->woken, 1);
  Put("k");  // a round is to come, in a third of a second
  Pass(milliseconds(200));
  for (int i = 0; i < 7; ++i) Put("k", std::string(100, 'v'));
  Pass(milliseconds(1));
  ASSERT_EQ(crowd[0]->woken, 2) << "three quarters of what is kept were not told of";
  Put("k");
  Pass(milliseconds(200));
  EXPECT_EQ(crowd[0]->woken, 2);
  Pass(seconds(1));
  EXPECT_EQ(crowd[0]->woken, 3);
}

TEST_F(WatchTest, WhoLeavesIsForgotten) {
  auto first = Watch("k");
  const auto second = Watch("k");
  const auto third = Watch("k");
  first = nullptr;
  EXPECT_EQ(hub_.watchers(), 2u);
  Put("k");
  Pass();
  EXPECT_EQ(second->Read(), PutText(1, "k"));
  EXPECT_EQ(third->Read(), PutText(1, "k"));
}

TEST_F(WatchTest, StoppingEndsAll) {
  const auto client = Watch("k");
  hub_.Stop();
  EXPECT_EQ(client->woken, 1);
  EXPECT_EQ(client->Read(), "END");
  EXPECT_EQ(Watch("k"), nullptr);
}

TEST(ChangeIds, AreReadAsTheyAreWritten) {
  for (const ChangePosition position : {ChangePosition{Index{1}}, {Index{18}}, {Index{17}, 3}}) {
    EXPECT_EQ(*ParseId(ToId(position)), position) << ToId(position);
  }
  for (const char* bad : {"", "x", "1.", "1.0", ".1", "-1", "1.x", "1.1.1", " 1", "18446744073709551615",
                          "99999999999999999999", "1.4294967296"}) {
    EXPECT_FALSE(ParseId(bad).ok()) << bad;
  }
}

TEST(ChangeLogTest, ReadingStopsAtEachLimit) {
  ChangeLog log(1 << 20);
  for (uint64_t i = 1; i <= 10; ++i) {
    Change change{.key = i % 2 == 0 ? "even" : "odd", .value = Bytes(std::string(10, 'v'))};
    log.Append(Index{i}, std::span(&change, 1));
  }
  const ChangePosition end = log.bounds().end;
  EXPECT_EQ(end.index, Index{11});
  const auto read = [&](ChangePosition from, ChangePosition until, size_t most, size_t bytes) {
    const auto run = log.Read(from, until, "even", most, bytes);
    std::vector<uint64_t> found;
    for (const Change& change : run.changes) found.push_back(change.index.value);
    found.push_back(run.next.index.value);
    return found;
  };
  EXPECT_THAT(read({Index{1}}, end, 100, 1000), ElementsAre(2, 4, 6, 8, 10, 11));
  EXPECT_THAT(read({Index{3}}, {Index{7}}, 100, 1000), ElementsAre(4, 6, 7));
  EXPECT_THAT(read({Index{1}}, end, 5, 1000), ElementsAre(2, 4, 6));
  EXPECT_THAT(read({Index{1}}, end, 100, 20), ElementsAre(2, 4, 5));
  EXPECT_THAT(read({Index{20}}, end, 100, 20), ElementsAre(20)) << "nothing that is yet to come is passed over";
}

// An entry larger than all that is kept: all of it until the next one, and never a part.
TEST(ChangeLogTest, AnEntryIsKeptOrForgottenAsAWhole) {
  ChangeLog log(kSmall);
  std::vector<Change> changes(100, Change{.key = "k", .value = Bytes("v")});
  log.Append(Index{1}, changes);
  EXPECT_EQ(log.bounds().begin, ChangePosition{Index{1}});
  log.Append(Index{2}, {});
  EXPECT_EQ(log.Read({Index{1}}, {Index{9}}, "", 1000, 1000).changes.size(), 100U);
  Change next{.key = "k", .value = Bytes("v")};
  log.Append(Index{3}, std::span(&next, 1));
  EXPECT_EQ(log.bounds().begin, ChangePosition{Index{2}});
  EXPECT_EQ(log.Read({Index{2}}, {Index{9}}, "", 1000, 1000).changes.size(), 1U);
  EXPECT_TRUE(log.Read({Index{1}, 99}, {Index{9}}, "", 1000, 1000).gone);
}

}  // namespace
}  // namespace raftly
