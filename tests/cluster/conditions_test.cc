// Conditional writes, add and append on real servers, through all of them at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

constexpr int kTimes = 20;

class Conditions : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader());
    // Until every node has said what it understands, and the log says so.
    ASSERT_TRUE(Eventually([&] { return Change(1, "begin", R"({"add":1})").status == 200; }));
  }
  Answer Change(int node, const std::string& key, const std::string& body) const {
    return Ask(cluster_.http_port(node), "POST", "/keys/" + key, body);
  }
  // One client at each node, all at once.
  template <class Client>
  void AtEachNode(Client client) const {
    std::vector<std::thread> threads;
    for (int node = 1; node <= cluster_.nodes(); ++node) threads.emplace_back([=] { client(node); });
    for (std::thread& thread : threads) thread.join();
  }

  TestCluster cluster_{3};
};

TEST_F(Conditions, OfWritersWhoCompareOneAtATimeWins) {
  ASSERT_EQ(cluster_.Put(1, "count", "0").status, 200);
  AtEachNode([&](int node) {
    for (int done = 0; done < kTimes;) {
      const Answer now = cluster_.Get(node, "count");
      ASSERT_EQ(now.status, 200) << now.body;
      const std::string next = std::to_string(std::stoi(now.Field("value")) + 1);
      const Answer put = Ask(cluster_.http_port(node), "PUT", "/keys/count", PutBody(next), kPatience,
                             {{"If-Match", now.Header("etag")}});
      ASSERT_TRUE(put.status == 200 || put.status == 412) << put.status << put.body;
      if (put.status == 200) ++done;
    }
  });
  EXPECT_EQ(cluster_.Get(2, "count").Field("value"), std::to_string(3 * kTimes)) << "each counts once";
}

TEST_F(Conditions, AddsFromEverywhereAddUpAndSurviveARestart) {
  AtEachNode([&](int node) {
    for (int i = 0; i < kTimes; ++i) ASSERT_EQ(Change(node, "sum", R"({"add":1})").status, 200);
  });
  const std::string version = cluster_.Get(1, "sum").Header("etag");
  for (int node = 1; node <= cluster_.nodes(); ++node) cluster_.Kill(node);
  cluster_.StartAll();
  ASSERT_TRUE(cluster_.WaitForLeader());
  const Answer sum = cluster_.Get(3, "sum");
  EXPECT_EQ(sum.Field("value"), std::to_string(3 * kTimes));
  EXPECT_EQ(sum.Header("etag"), version);
  EXPECT_EQ(Change(2, "sum", R"({"append":"0"})").Field("value"), std::to_string(3 * kTimes) + "0");
}

TEST_F(Conditions, ListsAreTheSameEverywhere) {
  for (const char* key : {"a", "b", "c"}) ASSERT_EQ(cluster_.Put(2, std::string("list-") + key, key).status, 200);
  const std::string page = Ask(cluster_.http_port(1), "GET", "/keys?prefix=list-&limit=2").body;
  EXPECT_THAT(page, testing::HasSubstr(R"("next":"list-b")"));
  for (int node = 2; node <= cluster_.nodes(); ++node) {
    EXPECT_EQ(Ask(cluster_.http_port(node), "GET", "/keys?prefix=list-&limit=2").body, page);
  }
}

}  // namespace
}  // namespace raftly::test
