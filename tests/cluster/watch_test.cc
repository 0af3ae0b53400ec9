// Watching keys of real servers that are killed meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/event_stream.h"
#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

class Watch : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader());
  }
  std::unique_ptr<EventStream> From(int node, const std::string& query, const std::string& last_id = "") const {
    return std::make_unique<EventStream>(cluster_.http_port(node),
                                         EventStream::Options{.target = "/api/watch" + query, .last_id = last_id});
  }

  TestCluster cluster_{3};
};

TEST_F(Watch, AListAndAWatchFromThereMakeACopyAtAnyNode) {
  ASSERT_EQ(cluster_.Put(1, "w/a", "1").status, 200);
  const Answer list = cluster_.Ask(2, "GET", "/keys?prefix=w/");
  const std::string from = std::to_string(std::stoull(list.Field("index")) + 1);
  const auto stream = From(3, "?prefix=w/&from=" + from);
  ASSERT_EQ(stream->status(), 200) << stream->head();
  EXPECT_THAT(stream->head(), testing::HasSubstr("no-store"));
  const Answer put = cluster_.Put(1, "w/b", "two\nlines");
  ASSERT_EQ(put.status, 200);
  ASSERT_EQ(cluster_.Put(1, "elsewhere", "x").status, 200);
  ASSERT_EQ(cluster_.Delete(2, "w/a").status, 200);

  const auto first = stream->Next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->event["op"], "put");
  EXPECT_EQ(first->event["key"], "w/b");
  EXPECT_EQ(first->event["value"], "two\nlines");
  EXPECT_EQ("\"" + first->id + "\"", put.Header("etag"));
  EXPECT_EQ(std::to_string(first->event["version"].get<int64_t>()), first->id);
  const auto second = stream->Next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->event["op"], "delete");
  EXPECT_EQ(second->event["key"], "w/a");
  EXPECT_FALSE(second->event.contains("value"));
}

// One who writes, one who watches and goes to another node whenever its own is killed.
TEST_F(Watch, NothingIsMissedOrRepeatedWhileNodesAreKilled) {
  constexpr int kKills = 6;
  std::atomic<bool> stop{false};
  std::vector<std::string> acknowledged;
  std::thread writer([&] {
    for (int i = 0, node = 1; !stop; ++i) {
      const std::string value = std::to_string(i);
      if (cluster_.Put(node, "w/" + std::to_string(i % 7), value).status == 200) {
        acknowledged.push_back(value);
      } else {
        node = node % 3 + 1;
      }
    }
  });

  std::vector<std::string> heard;
  std::string last_id;
  auto stream = From(1, "?prefix=w/&from=1");
  const auto hear = [&](int events) {
    for (int node = 1; events > 0; node = node % 3 + 1) {
      std::optional<EventStream::Frame> frame;
      while (events > 0 && stream->status() == 200 && (frame = stream->Next(milliseconds(3000)))) {
        EXPECT_LT(last_id.empty() ? 0 : std::stoull(last_id), std::stoull(frame->id)) << "in order, none twice";
        last_id = frame->id;
        heard.push_back(frame->event["value"]);
        --events;
      }
      if (events > 0) stream = From(node, "?prefix=w/&from=1", last_id);
    }
  };
  for (int i = 0; i < kKills; ++i) {
    hear(20);
    cluster_.Kill(i % 3 + 1);
    hear(20);
    cluster_.Start(i % 3 + 1);
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(cluster_.WaitForLeader());
  ASSERT_EQ(cluster_.Put(1, "w/end", "end").status, 200);
  while (heard.back() != "end") hear(1);

  // What was not acknowledged may have happened too.
  size_t found = 0;
  for (const std::string& value : heard) found += found < acknowledged.size() && value == acknowledged[found] ? 1 : 0;
  EXPECT_EQ(found, acknowledged.size()) << "the first that is missing: " << acknowledged[found];
  EXPECT_GE(heard.size(), static_cast<size_t>(kKills * 40));
}

TEST_F(Watch, WhatIsNotKeptIs410) {
  for (const std::string from : {"x", "0", "-1", ""}) {
    EXPECT_EQ(cluster_.Ask(1, "GET", "/api/watch?from=" + from).status, 400) << from;
  }
  EXPECT_EQ(From(1, "", "nonsense")->status(), 400);
  // What a snapshot holds, a restart does not bring back as changes.
  ASSERT_EQ(cluster_.Put(1, "k", "v").status, 200);
  ASSERT_TRUE(cluster_.WaitForAgreement());
  ASSERT_EQ(cluster_.Ask(1, "POST", "/api/snapshot").status, 200);
  EXPECT_EQ(cluster_.Status(1).Field("oldest_change"), "1");
  cluster_.Kill(1);
  cluster_.Start(1);
  std::string oldest;
  ASSERT_TRUE(Eventually([&] {
    const Answer status = cluster_.Status(1);
    oldest = status.Field("oldest_change");
    return status.status == 200 && oldest != "1";
  }));
  const Answer gone = cluster_.Ask(1, "GET", "/api/watch?from=1");
  EXPECT_EQ(gone.status, 410);
  EXPECT_THAT(gone.Field("error"), testing::HasSubstr("before index " + oldest));
  EXPECT_EQ(From(1, "?from=" + oldest)->status(), 200);
}

}  // namespace
}  // namespace raftly::test
