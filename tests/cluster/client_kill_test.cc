// The client library while nodes are killed: every add counts once, and a watch sees each change once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <stop_token>
#include <thread>

#include "tests/cluster/adders.h"

namespace raftly::test {
namespace {

TEST(ClientLibrary, EveryAddCountsOnceAndAWatchSeesEachWhileNodesAreKilled) {
  constexpr int kKills = 9;
  TestCluster cluster(3);
  cluster.StartAll();
  Adders adders;
  // The last ones are in a hurry, and often told that nobody knows.
  for (int i = 0; i < 6; ++i)
    adders.push_back(std::make_unique<Adder>(cluster, i, i < 4 ? kPatience : milliseconds(150)));
  std::atomic<int> last{0};
  std::vector<int> seen;
  std::jthread watcher([&](std::stop_token stop) {
    const auto each = [&](const client::Change& change) {
      seen.push_back(std::stoi(change.value));
      last = seen.back();
      return true;
    };
    const auto client = ClientOf(cluster, 2);
    EXPECT_TRUE(absl::IsCancelled(client->Watch({.prefix = kEverybody, .from = 1}, each, std::move(stop))));
  });

  for (int kill = 0; kill < kKills; ++kill) {
    const int node = 1 + kill % 3;
    ASSERT_TRUE(AllAddMore(adders, 10)) << "before kill " << kill;
    cluster.Kill(node);
    ASSERT_TRUE(AllAddMore(adders, 10)) << "after kill " << kill;
    cluster.Start(node);
  }
  EXPECT_EQ(StopAndJudge(adders, *ClientOf(cluster, 1)), "");
  int added = 0, unknown = 0;
  for (const auto& adder : adders) {
    added += adder->added();
    unknown += adder->unknown();
  }
  RecordProperty("added", added);
  RecordProperty("unknown", unknown);
  EXPECT_TRUE(Eventually([&] { return last >= added; }));
  watcher.request_stop();
  watcher.join();
  std::vector<int> each(static_cast<size_t>(added));
  std::iota(each.begin(), each.end(), 1);
  EXPECT_EQ(seen, each);
}

// Without asking again under the key: what is acknowledged counts, and what is unknown counts once or not at all.
TEST(ClientLibrary, WhatIsUnknownIsDoneOnceOrNotAtAll) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader());
  // Until the log says that all nodes understand it: those that live could not say so for the one that is killed.
  ASSERT_TRUE(Eventually([&] { return ClientOf(cluster, 1)->Add("k", 0).ok(); }));
  const auto client = ClientOf(cluster, 1, milliseconds(300));
  int acknowledged = 0, unknown = 0;
  for (int kill = 0; kill < 4; ++kill) {
    const std::optional<int> leader = cluster.Leader();
    ASSERT_TRUE(leader);
    const int before = acknowledged;
    std::atomic<bool> killed{false};
    std::thread adder([&] {
      while (!killed || acknowledged < before + 20) {
        const auto sum = client->Add("k", 1);
        if (sum.ok()) ++acknowledged;
        if (absl::IsDeadlineExceeded(sum.status())) ++unknown;
      }
    });
    cluster.Kill(*leader);
    killed = true;
    adder.join();
    cluster.Start(*leader);
    ASSERT_TRUE(cluster.WaitForLeader());
  }
  const auto sum = ClientOf(cluster, 1)->Get("k");
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_GE(std::stoi(sum->value), acknowledged);
  EXPECT_LE(std::stoi(sum->value), acknowledged + unknown);
}

TEST(ClientLibrary, ConditionsListsAndTransactions) {
  using client::Step;
  TestCluster cluster(3);
  cluster.StartAll();
  const auto client = ClientOf(cluster, 3);
  EXPECT_TRUE(absl::IsNotFound(client->Get("a").status()));
  const auto first = client->Put("a", "\u2603", {.if_version = 0});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(client::ConflictingVersion(client->Put("a", "other", {.if_version = 0}).status()), *first);
  EXPECT_EQ(client::ConflictingVersion(client->Delete("b", {.if_version = *first}).status()), 0U);
  EXPECT_TRUE(client->Put("a", "1", {.if_version = *first}).ok());
  EXPECT_EQ(client->Add("a", 41)->value, "42");
  EXPECT_EQ(client->Append("b/\n", "x")->value, "x");
  EXPECT_EQ(client->Append("b/\n", "y", {.idempotency_key = "once"})->value, "xy");
  EXPECT_EQ(client->Append("b/\n", "y", {.idempotency_key = "once"})->value, "xy") << "the kept answer";
  EXPECT_TRUE(absl::IsAlreadyExists(client->Append("b/\n", "z", {.idempotency_key = "once"}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(client->Add("b/\n", 1).status()));
  const auto page = client->List({.limit = 1});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->keys.at(0).value, "42");
  EXPECT_EQ(page->next, "a");
  EXPECT_EQ(client->List({.after = "a", .values = false})->keys.at(0).key, "b/\n");
  const auto done = client->Transact({.conditions = {{"a", page->keys[0].version}, {"c", 0}},
                                      .then = {{.op = Step::Op::kPut, .key = "c", .value = "v"},
                                               {.op = Step::Op::kDelete, .key = "a"},
                                               {.op = Step::Op::kAdd, .key = "n", .by = -7}}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->succeeded);
  EXPECT_EQ(client->Get("c")->version, done->index);
  EXPECT_EQ(client->Get("n")->value, "-7");
  const auto not_done = client->Transact({.conditions = {{"c", 1}}, .otherwise = {{.op = Step::Op::kGet, .key = "c"}}});
  EXPECT_FALSE(not_done->succeeded);
  EXPECT_EQ(not_done->results.at(0).value, "v");

  // A watch that ends within the transaction, and one that goes on there.
  std::vector<std::string> changes;
  std::string last_id;
  const auto one = [&](const client::Change& change) {
    changes.push_back((change.deleted ? "-" : "+") + change.key);
    last_id = change.id;
    return false;
  };
  EXPECT_TRUE(client->Watch({.from = done->index}, one).ok());
  EXPECT_TRUE(client->Watch({.last_id = last_id}, one).ok());
  EXPECT_TRUE(client->Watch({.last_id = last_id}, one).ok());
  EXPECT_THAT(changes, testing::ElementsAre("-a", "+c", "+n"));
}

}  // namespace
}  // namespace raftly::test
