// The event stream of SPEC section 4.1, from real processes.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <set>
#include <vector>

#include "tests/cluster/api_description.h"
#include "tests/cluster/event_stream.h"

namespace raftly::test {
namespace {

class Events : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartAll();
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
  }

  Answer Post(int node, const std::string& path, const std::string& body = "{}") {
    return Ask(cluster_.http_port(node), "POST", path, body);
  }
  int Leader() { return cluster_.Leader().value_or(1); }
  int Follower() { return Leader() == 1 ? 2 : 1; }

  TestCluster cluster_{3};
};

bool Of(const EventStream::Frame& frame, const std::string& node) { return frame.event.value("node_id", "") == node; }

TEST_F(Events, EveryKindIsSeenAndIsAsDescribed) {
  const ApiDescription described(ReadFile(RAFTLY_TEST_SOURCE_DIR "/../../server/http/openapi.yaml"));
  const int observer = Follower();
  const int leader = Leader();
  EventStream stream(cluster_.http_port(observer), {.include = "chaos,log,links,members"});
  ASSERT_EQ(stream.status(), 200) << stream.head();
  std::set<std::string> missing = {"status",        "chaos",       "log",       "links",  "members",
                                   "leader_change", "term_change", "node_down", "node_up"};
  const auto see = [&](const std::string& type) {
    while (missing.contains(type)) {
      const auto frame = stream.Next();
      ASSERT_TRUE(frame) << "no " << type;
      EXPECT_EQ(described.SchemaComplaint("Event", frame->event), "") << frame->event;
      EXPECT_NE(frame->id, "");
      missing.erase(frame->type());
    }
  };
  see("status");
  ASSERT_EQ(cluster_.Put(observer, "seen", "x").status, 200);
  see("log");
  see("links");
  see("members");
  ASSERT_EQ(Post(observer, "/api/cluster/chaos/isolate", R"({"node":")" + cluster_.Name(leader) + "\"}").status, 200);
  see("chaos");
  see("term_change");
  see("leader_change");
  ASSERT_EQ(Post(observer, "/api/cluster/chaos/heal").status, 200);
  cluster_.Kill(leader);
  see("node_down");
  cluster_.Start(leader);
  see("node_up");
}

TEST_F(Events, AFrameIsWhatTheRequestWouldHaveAnswered) {
  EventStream stream(cluster_.http_port(1), {.include = "chaos"});
  ASSERT_EQ(Post(2, "/api/chaos/apply", R"({"rules":[{"id":"mine","to_node":"node9","action":"drop"}]})").status, 400);
  ASSERT_EQ(Post(2, "/api/chaos/apply", R"({"rules":[{"id":"mine","to_node":"node3","action":"drop"}]})").status, 200);
  const auto state = ApiDescription::Json::parse(Ask(cluster_.http_port(3), "GET", "/api/cluster/chaos/state").body);
  EXPECT_TRUE(stream.Await("chaos", [&](const auto& frame) { return frame.event["data"] == state; }));
}

TEST_F(Events, ChangesNameTheirNodeAndWhatWasBefore) {
  const int leader = Leader();
  const int observer = Follower();
  EventStream stream(cluster_.http_port(observer));
  ASSERT_TRUE(stream.Await("status"));
  cluster_.Kill(leader);
  const auto down = stream.Await("node_down");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->event["data"]["id"], cluster_.Name(leader));
  EXPECT_TRUE(Of(*down, cluster_.Name(leader)));
  const auto change = stream.Await("leader_change");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->event["data"]["from"], cluster_.Name(leader));
  EXPECT_EQ(change->event["data"]["to"], change->event["node_id"]);
  EXPECT_NE(change->event["data"]["to"], cluster_.Name(leader));
}

TEST_F(Events, AReaderThatComesBackIsToldWhatItMissed) {
  EventStream steady(cluster_.http_port(1));
  std::string last_id;
  {
    EventStream broken(cluster_.http_port(1));
    const auto status = broken.Await("status");
    ASSERT_TRUE(status);
    last_id = status->id;
  }
  ASSERT_TRUE(steady.Await("status"));
  cluster_.Kill(3);
  const auto down = steady.Await("node_down");
  ASSERT_TRUE(down);
  cluster_.Start(3);
  const auto up = steady.Await("node_up");
  ASSERT_TRUE(up);

  EventStream again(cluster_.http_port(1), {.include = {}, .last_id = last_id});
  const auto missed_down = again.Await("node_down");
  const auto missed_up = again.Await("node_up");
  ASSERT_TRUE(missed_down && missed_up);
  EXPECT_EQ(missed_down->id, down->id);
  EXPECT_EQ(missed_up->id, up->id);
  EXPECT_EQ(missed_up->event, up->event);
}

TEST_F(Events, StreamsAreCappedAndAClosedOneMakesRoom) {
  constexpr size_t kMost = 64;
  std::vector<std::unique_ptr<EventStream>> streams;
  for (size_t i = 0; i < kMost; ++i) {
    streams.push_back(std::make_unique<EventStream>(cluster_.http_port(1)));
    ASSERT_EQ(streams.back()->status(), 200) << i;
  }
  const Answer refused = Ask(cluster_.http_port(1), "GET", "/api/events");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.Header("retry-after"), "");
  EXPECT_NE(refused.Field("error"), "");
  EXPECT_EQ(EventStream(cluster_.http_port(2)).status(), 200) << "each node counts its own";
  streams.pop_back();
  EXPECT_TRUE(Eventually([&] { return EventStream(cluster_.http_port(1)).status() == 200; }));
}

TEST_F(Events, HeadersForbidCachingAndBuffering) {
  const EventStream stream(cluster_.http_port(1));
  EXPECT_NE(stream.head().find("Content-Type: text/event-stream"), std::string::npos) << stream.head();
  EXPECT_NE(stream.head().find("Cache-Control: no-cache, no-store"), std::string::npos) << stream.head();
  EXPECT_NE(stream.head().find("X-Accel-Buffering: no"), std::string::npos) << stream.head();
}

TEST_F(Events, AnUnknownTopicIs400) {
  for (const char* include : {"nonsense", "log,nonsense", ",", "log,,links", "LOG", "%FF", "log%FF", "%0"}) {
    const Answer answer = Ask(cluster_.http_port(1), "GET", std::string("/api/events?include=") + include);
    EXPECT_EQ(answer.status, 400) << include;
    EXPECT_NE(answer.Field("error"), "") << include << ": " << answer.body;
  }
  EXPECT_EQ(EventStream(cluster_.http_port(1), {.include = ""}).status(), 200);
  EXPECT_EQ(EventStream(cluster_.http_port(1), {.include = "links,log,chaos"}).status(), 200);
}

TEST_F(Events, AStoppedNodeIsDownAndTheOthersAreNot) {
  const int stopped = Leader() == 3 ? 2 : 3;
  EventStream stream(cluster_.http_port(1));
  ASSERT_TRUE(stream.Await("status"));
  cluster_.Signal(stopped, SIGSTOP);
  EXPECT_TRUE(stream.Await("node_down", [&](const auto& frame) { return Of(frame, cluster_.Name(stopped)); }));
  const Answer answer = Ask(cluster_.http_port(1), "GET", "/api/cluster");
  EXPECT_EQ(answer.status, 200);
  const auto cluster = ApiDescription::Json::parse(answer.body);
  EXPECT_EQ(cluster["nodes"].size(), 3u);
  for (const auto& row : cluster["nodes"]) {
    const bool is_stopped = row["id"] == cluster_.Name(stopped);
    EXPECT_EQ(row["reachable"], !is_stopped) << row;
    EXPECT_EQ(row["state"] == "Down", is_stopped) << row;
    EXPECT_EQ(row.contains("error"), is_stopped) << row;
  }
  cluster_.Signal(stopped, SIGCONT);
  EXPECT_TRUE(stream.Await("node_up", [&](const auto& frame) { return Of(frame, cluster_.Name(stopped)); }));
}

}  // namespace
}  // namespace raftly::test
