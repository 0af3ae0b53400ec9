// What watchers of the cluster are told, and what they miss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "raft/env/mutex.h"
#include "server/events/cluster_changes.h"
#include "server/events/cluster_watcher.h"
#include "server/events/event_log.h"
#include "tests/server/fixed_members.h"

namespace raftly {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using namespace std::chrono_literals;

const Topics kAll({Topic::kStatus, Topic::kChaos, Topic::kLog, Topic::kLinks, Topic::kMembers});

Event Change(const std::string& data) { return {.type = "term_change", .timestamp_ms = 7, .data = data}; }

// Everything there is.
std::vector<std::string> Read(const EventLog& log, EventLog::Cursor& cursor, Topics topics = kAll) {
  std::vector<std::string> out;
  for (const Frame& frame : log.Take(cursor, topics)) out.push_back(*frame);
  return out;
}

TEST(EventLog, AFrameIsALineOfJsonWithAnId) {
  EventLog log("e");
  EventLog::Cursor cursor = log.Connect();
  log.AddChange({.type = "node_down", .timestamp_ms = 12, .node = "node2", .data = "{\"id\":\n\"node2\"}"});
  EXPECT_THAT(Read(log, cursor), ElementsAre("id: e-1\ndata: {\"type\":\"node_down\",\"timestamp\":12,"
                                             "\"node_id\":\"node2\",\"data\":{\"id\": \"node2\"}}\n\n"));
  EXPECT_THAT(Read(log, cursor), IsEmpty());
}

TEST(EventLog, ANewReaderGetsThePicturesAndNoOldChanges) {
  EventLog log("e");
  log.AddChange(Change("1"));
  log.SetPicture(Topic::kStatus, {.type = "status", .data = "2"});
  log.SetPicture(Topic::kLog, {.type = "log", .data = "3"});
  log.AddLinks({.type = "links", .data = "4"});
  EventLog::Cursor cursor = log.Connect();
  EXPECT_THAT(Read(log, cursor), ElementsAre(HasSubstr("\"status\""), HasSubstr("\"log\"")));
}

TEST(EventLog, OnlyTheTopicsAskedFor) {
  EventLog log("e");
  EventLog::Cursor cursor = log.Connect();
  log.SetPicture(Topic::kStatus, {.type = "status", .data = "1"});
  log.SetPicture(Topic::kChaos, {.type = "chaos", .data = "2"});
  log.AddLinks({.type = "links", .data = "3"});
  log.AddChange(Change("4"));
  EXPECT_THAT(Read(log, cursor, Topics({Topic::kStatus})),
              ElementsAre(HasSubstr("\"status\""), HasSubstr("\"term_change\"")));
}

TEST(EventLog, WhoComesBackMissesNothingThatIsStillKnown) {
  EventLog log("e");
  log.AddChange(Change("1"));
  log.AddChange(Change("2"));
  log.AddChange(Change("3"));
  EventLog::Cursor cursor = log.Connect("e-1");
  EXPECT_THAT(Read(log, cursor), ElementsAre(StartsWith("id: e-2\n"), StartsWith("id: e-3\n")));
}

TEST(EventLog, AnIdOfAnotherLifeOrNoIdAtAllStartsAnew) {
  EventLog log("e");
  log.AddChange(Change("1"));
  for (const char* id : {"", "d-0", "e-", "e-x", "e-9", "e-0x", "e--1", "e-99999999999999999999"}) {
    EventLog::Cursor cursor = log.Connect(id);
    EXPECT_THAT(Read(log, cursor), IsEmpty()) << id;
  }
}

TEST(EventLog, ASlowReaderSkipsWhatIsForgotten) {
  EventLog log("e");
  EventLog::Cursor cursor = log.Connect();
  for (size_t i = 0; i < EventLog::kMaxChanges + 10; ++i) {
    log.AddChange(Change("1"));
    log.AddLinks({.type = "links", .data = "2"});
    log.SetPicture(Topic::kStatus, {.type = "status", .data = "3"});
  }
  EXPECT_THAT(Read(log, cursor), SizeIs(EventLog::kMaxChanges + EventLog::kMaxLinkFrames + 1));
}

TEST(EventLog, WhoSubscribesIsWokenByAllThatIsNewAndByTheEnd) {
  EventLog log("e");
  int woken = 0;
  {
    const EventLog::Subscription reader = log.Subscribe([&] { ++woken; });
    int others = 0;
    EventLog::Subscription another = log.Subscribe([&] { ++others; });
    log.AddChange(Change("1"));
    another = {};
    log.AddLinks({.type = "links", .data = "2"});
    log.SetPicture(Topic::kStatus, {.type = "status", .data = "3"});
    EXPECT_EQ(woken, 3);
    EXPECT_EQ(others, 1);
    EXPECT_FALSE(log.stopped());
    log.Stop();
    EXPECT_TRUE(log.stopped());
    EXPECT_EQ(woken, 4);
  }
  log.AddChange(Change("5"));
  EXPECT_EQ(woken, 4);
}

NodeRow Row(const NodeId& id, const std::string& state, uint64_t term) {
  return {.id = id, .state = state, .term = term, .reachable = state != "Down"};
}

std::vector<std::string> Names(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.push_back(std::string(event.type) + " " + event.node + " " + event.data);
  return names;
}

TEST(ClusterChanges, TheFirstLookChangesNothing) {
  ClusterChanges changes;
  EXPECT_THAT(changes.Next(Summarize({Row("a", "Leader", 3), Row("b", "Down", 0)}, 1)), IsEmpty());
}

TEST(ClusterChanges, ALeaderLostAndFound) {
  ClusterChanges changes;
  changes.Next(Summarize({Row("a", "Leader", 3), Row("b", "Follower", 3)}, 1));
  EXPECT_THAT(Names(changes.Next(Summarize({Row("a", "Down", 0), Row("b", "Candidate", 4)}, 2))),
              ElementsAre("node_down a {\"id\":\"a\"}", "term_change  {\"from\":3,\"to\":4}"));
  EXPECT_THAT(Names(changes.Next(Summarize({Row("a", "Down", 0), Row("b", "Leader", 4)}, 3))),
              ElementsAre("leader_change b {\"from\":\"a\",\"to\":\"b\"}"));
  EXPECT_THAT(Names(changes.Next(Summarize({Row("a", "Follower", 4), Row("b", "Leader", 4)}, 4))),
              ElementsAre("node_up a {\"id\":\"a\"}"));
}

TEST(ClusterChanges, WhoLeftAndComesBackIsNew) {
  ClusterChanges changes;
  changes.Next(Summarize({Row("a", "Leader", 3), Row("b", "Follower", 3)}, 1));
  EXPECT_THAT(changes.Next(Summarize({Row("a", "Leader", 3)}, 2)), IsEmpty());
  EXPECT_THAT(changes.Next(Summarize({Row("a", "Leader", 3), Row("b", "Down", 0)}, 3)), IsEmpty());
}

TEST(ClusterChanges, ATermNeverChangesDownwards) {
  ClusterChanges changes;
  changes.Next(Summarize({Row("a", "Follower", 9), Row("b", "Leader", 3)}, 1));
  EXPECT_THAT(Names(changes.Next(Summarize({Row("a", "Down", 0), Row("b", "Leader", 3)}, 2))), SizeIs(1));
  EXPECT_THAT(Names(changes.Next(Summarize({Row("a", "Follower", 9), Row("b", "Leader", 3)}, 3))), SizeIs(1));
}

TEST(ClusterView, TellsOfSnapshotsOnTheirWayAndOfWhoTakesNone) {
  const NodeRow leader = RowOf("a", std::string(R"({"id":"a","state":"Leader","term":3,"leader_id":"a","log_bytes":5,)"
                                                R"("sending":[{"to":"b","percent":37},{"to":"x","percent":-1},7],)"
                                                R"("takes_no_snapshot":["c","z"]})"));
  const ClusterView view = Summarize({leader, Row("b", "Follower", 3), Row("c", "Follower", 3)}, 1);
  EXPECT_THAT(view.nodes[0].sending, ElementsAre(SnapshotOnItsWay{"b", 37}));
  EXPECT_EQ(view.nodes[1].error, "");
  EXPECT_EQ(view.nodes[2].error, "needs a snapshot and takes none");
  EXPECT_THAT(ToJson(view), HasSubstr(R"("log_bytes":5,"sending":[{"to":"b","percent":37}],"reachable":true)"));
  // Who has lost the lead speaks for nobody.
  EXPECT_EQ(Summarize({leader, Row("b", "Leader", 4), Row("c", "Follower", 4)}, 1).nodes[2].error, "");
}

TEST(ClusterView, OfTwoLeadersTheOneOfTheHigherTerm) {
  EXPECT_EQ(Summarize({Row("a", "Leader", 3), Row("b", "Leader", 5), Row("c", "Follower", 5)}, 1).leader_id, "b");
  EXPECT_EQ(Summarize({Row("a", "Follower", 3)}, 1).leader_id, "");
}

std::string Links(uint64_t appends, uint64_t losses) {
  return "{\"node\":\"a\",\"links\":[{\"from\":\"a\",\"to\":\"b\",\"appends\":" + std::to_string(appends) +
         ",\"votes\":1,\"losses\":" + std::to_string(losses) + "}]}";
}

TEST(LinkChanges, CountsSinceTheLastLook) {
  LinkChanges changes;
  changes.Add("a", Links(10, 0));
  changes.Add("b", Links(7, 0));
  EXPECT_THAT(changes.Take(), IsEmpty());
  changes.Add("a", Links(13, 1));
  changes.Add("b", Links(9, 2));  // the receiver's count of requests is the sender's again
  EXPECT_EQ(ToJson(changes.Take()), R"({"links":[{"from":"a","to":"b","appends":3,"votes":0,"losses":3}]})");
  EXPECT_THAT(changes.Take(), IsEmpty());
}

TEST(LinkChanges, ARestartedNodeCountsFromZero) {
  LinkChanges changes;
  changes.Add("a", Links(100, 0));
  changes.Add("a", Links(4, 0));
  EXPECT_THAT(ToJson(changes.Take()), HasSubstr("\"appends\":4"));
  changes.Add("a", "not json");
  changes.Add("a", R"({"links":[{"from":7},{"from":"a","to":"b","appends":-5}]})");
  EXPECT_THAT(changes.Take(), IsEmpty());
}

// Two nodes that answer as the test says; "b" may hang.
class ScriptedPeers : public PeerCaller {
 public:
  PeerAnswer Call(const NodeId&, const HttpRequest& request, std::chrono::milliseconds) override {
    MutexLock lock(mutex_);
    while (hangs_) released_.Wait(mutex_);
    if (!up_) return {PeerAnswer::Outcome::kNotSent, {}, "cannot connect"};
    return {PeerAnswer::Outcome::kAnswered, Answer("b", request), {}};
  }
  HttpResponse Answer(const NodeId& node, const HttpRequest& request) const {
    if (request.target == "/api/cluster/members") {
      const bool own_words = request.header("Raftly-Forwarded") == "a";
      return {.body = "{\"said_by\":\"" + (own_words ? node : "whoever leads") + "\"}"};
    }
    if (request.target != "/status") return {.body = "{\"node\":\"" + node + "\",\"rules\":[],\"links\":[]}"};
    const char* state = node == leader_.load() ? "Leader" : "Follower";
    return {.body = "{\"id\":\"" + node + "\",\"state\":\"" + state + "\",\"term\":3,\"leader_id\":\"a\"," +
                    "\"commit_index\":5,\"last_applied\":4}"};
  }
  void SetUp(bool up) {
    MutexLock lock(mutex_);
    up_ = up;
  }
  void SetLeader(const char* node) { leader_ = node; }
  void SetHangs(bool hangs) {
    MutexLock lock(mutex_);
    hangs_ = hangs;
    released_.NotifyAll();
  }

 private:
  std::atomic<const char*> leader_{"a"};
  Mutex mutex_;
  CondVar released_;
  bool up_ ABSL_GUARDED_BY(mutex_) = true;
  bool hangs_ ABSL_GUARDED_BY(mutex_) = false;
};

class WatcherTest : public ::testing::Test {
 protected:
  WatcherTest()
      : fan_out_(
            "a", Nodes({"a", "b"}), [this](const HttpRequest& request) { return peers_.Answer("a", request); }, peers_),
        watcher_(fan_out_, events_) {
    watcher_.Start();
  }
  // The next frame with these words in it.
  std::string Next(EventLog::Cursor& cursor, const std::string& words) {
    Mutex mutex;
    CondVar news;
    bool woken = true;
    const EventLog::Subscription subscription = events_.Subscribe([&] {
      MutexLock lock(mutex);
      woken = true;
      news.NotifyAll();
    });
    while (true) {
      {
        MutexLock lock(mutex);
        while (!std::exchange(woken, false)) news.Wait(mutex);
      }
      for (const Frame& frame : events_.Take(cursor, kAll)) {
        if (frame->find(words) != std::string::npos) return *frame;
      }
    }
  }

  ScriptedPeers peers_;
  FanOut fan_out_;
  EventLog events_{"e"};
  ClusterWatcher watcher_;
};

TEST_F(WatcherTest, SendsEveryTopicThatIsWatched) {
  const auto watching = watcher_.Watch({Topic::kChaos, Topic::kLog});
  EventLog::Cursor cursor = events_.Connect();
  EXPECT_THAT(Next(cursor, "\"status\""),
              AllOf(HasSubstr("\"leader_id\":\"a\""), HasSubstr("\"id\":\"b\",\"state\":\"Follower\"")));
  cursor = events_.Connect();
  EXPECT_THAT(Next(cursor, "\"chaos\""), HasSubstr(R"({"peers":[{"node":"a","rules":[])"));
  cursor = events_.Connect();
  EXPECT_THAT(Next(cursor, "\"log\""), HasSubstr("{\"nodes\":["));
}

TEST_F(WatcherTest, TheMembersAreInTheLeadersWordsAndElseInItsOwn) {
  peers_.SetLeader("b");
  const auto watching = watcher_.Watch({Topic::kMembers});
  EventLog::Cursor cursor = events_.Connect();
  Next(cursor, R"("data":{"said_by":"b"})");
  peers_.SetLeader("nobody");
  Next(cursor, R"("data":{"said_by":"a"})");
  peers_.SetLeader("b");
  Next(cursor, R"("data":{"said_by":"b"})");
  peers_.SetUp(false);
  Next(cursor, R"("data":{"said_by":"a"})");
}

TEST_F(WatcherTest, TellsOfANodeThatGoesAndComesBack) {
  const auto watching = watcher_.Watch({});
  EventLog::Cursor cursor = events_.Connect();
  Next(cursor, "\"status\"");
  peers_.SetUp(false);
  EXPECT_THAT(Next(cursor, "node_down"), HasSubstr("\"node_id\":\"b\""));
  peers_.SetUp(true);
  EXPECT_THAT(Next(cursor, "node_up"), HasSubstr("\"node_id\":\"b\""));
}

TEST_F(WatcherTest, ANodeThatHangsDoesNotHoldUpTheOthers) {
  const auto watching = watcher_.Watch({});
  EventLog::Cursor cursor = events_.Connect();
  Next(cursor, "\"status\"");
  peers_.SetHangs(true);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Next(cursor, "\"status\""), HasSubstr("\"id\":\"a\",\"state\":\"Leader\""));
  peers_.SetHangs(false);
}

TEST_F(WatcherTest, StreamsAreCounted) {
  std::vector<std::unique_ptr<ClusterWatcher::Watching>> streams;
  for (size_t i = 0; i < ClusterWatcher::kMaxStreams; ++i) streams.push_back(*watcher_.Watch({}));
  EXPECT_EQ(watcher_.Watch({}).status().code(), absl::StatusCode::kResourceExhausted);
  streams.pop_back();
  EXPECT_TRUE(watcher_.Watch({}).ok());
  streams.clear();
  EXPECT_EQ(watcher_.streams(), 0u);
}

}  // namespace
}  // namespace raftly
