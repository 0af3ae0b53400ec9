// The control plane's parts: who may ask, what rules and settings may be, how answers of many nodes become one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "server/cluster/cluster_view.h"
#include "server/cluster/fan_out.h"
#include "server/http/chaos_api.h"
#include "server/http/chaos_rules.h"
#include "server/http/config_api.h"
#include "server/http/front_door.h"
#include "server/http/log_api.h"
#include "server/http/worker_pool.h"
#include "server/kv/command.h"
#include "server/kv/json_value.h"
#include "tests/server/fixed_members.h"

namespace raftly {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(JsonValue, ATreeWithinLimits) {
  const auto value = ParseJson(R"({"a":[1,2.5,"x",null,true,{"b":{}}],"a2":-3,"a2":4})");
  ASSERT_TRUE(value.ok());
  const JsonValue* items = value->Find("a");
  ASSERT_EQ(items->items.size(), 6u);
  EXPECT_EQ(items->items[1].number, 2.5);
  EXPECT_EQ(items->items[2].text, "x");
  EXPECT_NE(items->items[5].Find("b"), nullptr);
  EXPECT_EQ(value->Find("a2")->number, 4);
  for (const std::string& bad :
       {std::string("[]"), std::string("7"), std::string("{\"a\":\"\xFF\"}"),
        "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}",
        "{\"a\":[0" + std::string(2 * kMaxJsonValues, ',') + "]}", std::string("{\"a\":1e999}")}) {
    EXPECT_FALSE(ParseJson(bad).ok()) << bad.substr(0, 40);
  }
  std::string many = "{\"a\":[0";
  for (size_t i = 0; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_THAT(std::string(ParseJson(many + "]}").status().message()), HasSubstr("too many"));
}

TEST(FrontDoor, WhoWatchesSeesRouteAndStatus) {
  Router router;
  router.Add("GET", "/keys/", AtOnce([](const HttpRequest&) { return ErrorResponse(404, "none"); }));
  std::vector<std::string> seen;
  const FrontDoor front(router, [&](const Served& served) {
    seen.push_back(std::string(served.route) + " " + std::string(served.method) + " " + std::to_string(served.status));
  });
  front.Answered({.method = "GET", .target = "/keys/a/b?x=1"}, 404, {});
  front.Answered({.method = "PUT", .target = "/nowhere"}, 404, {});
  front.Refused(413);
  EXPECT_THAT(seen, ElementsAre("/keys/ GET 404", " PUT 404", "  413"));
}

std::string ErrorOf(const std::string& body) {
  const std::vector<NodeId> nodes = {"node1", "node2"};
  const auto rules = ParseRules(body, nodes);
  return rules.ok() ? "" : std::string(rules.status().message());
}

TEST(ChaosRules, BadOnesNameTheField) {
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("\"rules\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"rules":{}})"), HasSubstr("\"rules\" is not an array"));
  EXPECT_THAT(ErrorOf(R"({"rules":[7]})"), HasSubstr("rules[0] is not an object"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"drop"},{}]})"), HasSubstr("rules[1].action\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"burn"}]})"), HasSubstr("rules[0].action\" must be drop, delay or loss"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"delay"}]})"), HasSubstr("rules[0].params.delay_ms\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"delay","params":7}]})"), HasSubstr("rules[0].params\" is not an object"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"delay","params":{"delay_ms":"1"}}]})"), HasSubstr("is not a number"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"delay","params":{"delay_ms":1e300}}]})"), HasSubstr("delay_ms must be"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"delay","params":{"delay_ms":1,"jitter_ms":-1}}]})"),
              HasSubstr("params.jitter_ms must be"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"loss","params":{"loss_rate":0}}]})"), HasSubstr("loss_rate must be"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"drop","from_node":"node7"}]})"), HasSubstr("no node \"node7\""));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"drop","to_node":""}]})"), HasSubstr("to_node is empty"));
  EXPECT_THAT(ErrorOf(R"({"rules":[{"action":"drop","to_node":["node1"]}]})"), HasSubstr("to_node\" is not a string"));
}

TEST(ChaosRules, AWholeNumberAndAFractionAreTheSame) {
  const std::vector<NodeId> nodes = {"node1"};
  const auto whole = ParseRules(R"({"rules":[{"action":"delay","params":{"delay_ms":300}}]})", nodes);
  const auto fraction = ParseRules(R"({"rules":[{"action":"delay","params":{"delay_ms":300.0}}]})", nodes);
  ASSERT_TRUE(whole.ok() && fraction.ok());
  EXPECT_EQ(*whole, *fraction);
}

TEST(ChaosRules, WhatIsWrittenCanBeRead) {
  const std::vector<NodeId> nodes = {"node1", "node2"};
  const std::string json =
      R"([{"id":"a","from_node":"node1","to_node":"node2","action":"drop"},)"
      R"({"id":"b","to_node":"node1","action":"delay","params":{"delay_ms":1.5,"jitter_ms":60000}},)"
      R"({"id":"c","action":"loss","params":{"loss_rate":0.4}}])";
  const auto rules = ParseRules("{\"rules\":" + json + "}", nodes);
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(ToJson(*rules), json);
}

// Nodes by name, each with an answer; a name without one is down.
class MapPeers : public PeerCaller {
 public:
  PeerAnswer Call(const NodeId& peer, const HttpRequest& request, std::chrono::milliseconds) override {
    MutexLock lock(mutex_);
    asked_.push_back(peer + " " + request.method + " " + request.target + " " + request.body);
    const auto answer = answers_.find(peer);
    if (answer == answers_.end()) return {PeerAnswer::Outcome::kNotSent, {}, "cannot connect"};
    return {PeerAnswer::Outcome::kAnswered, answer->second, {}};
  }
  void Set(const NodeId& peer, HttpResponse answer) {
    answer.headers.emplace_back("Raftly-Node", peer);
    SetGo(peer, std::move(answer));
  }
  // A Go server's answers do not say whose they are.
  void SetGo(const NodeId& peer, HttpResponse answer) {
    MutexLock lock(mutex_);
    answers_[peer] = std::move(answer);
  }
  std::vector<std::string> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  mutable Mutex mutex_;
  std::map<NodeId, HttpResponse> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
};

class ControlTest : public ::testing::Test {
 protected:
  ControlTest()
      : rules_("node1"),
        fan_out_(
            "node1", Nodes({"node1", "node2", "node3"}),
            [this](const HttpRequest& request) { return router_.Ask(request); }, peers_),
        chaos_("node1", Nodes(fan_out_.nodes()), rules_, [] { return std::vector<LinkTraffic>(); }),
        cluster_chaos_(fan_out_),
        config_(
            "node1", Timings{.election_timeout = 150ms, .heartbeat = 50ms},
            [this](Timings timings) { applied_.push_back(timings); }, fan_out_) {
    chaos_.Register(router_);
    cluster_chaos_.Register(router_);
    config_.Register(router_);
  }
  HttpResponse Ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    return router_.Ask({.method = method, .target = target, .headers = {}, .body = body});
  }

  MapPeers peers_;
  NetworkRules rules_;
  std::vector<Timings> applied_;
  Router router_;
  FanOut fan_out_;
  ChaosApi chaos_;
  ClusterChaosApi cluster_chaos_;
  ConfigApi config_;
};

TEST_F(ControlTest, EveryNodeHasItsRowWhateverItSays) {
  peers_.Set("node2", ErrorResponse(503, "the node is tired"));
  EXPECT_EQ(Ask("GET", "/api/cluster/config").body,
            R"({"nodes":[{"node":"node1","election_timeout_ms":150,"heartbeat_ms":50},)"
            R"({"node":"node2","election_timeout_ms":0,"heartbeat_ms":0,"error":"the node is tired"},)"
            R"({"node":"node3","election_timeout_ms":0,"heartbeat_ms":0,"error":"cannot connect"}]})");
  peers_.Set("node2", {.body = R"({"node":"node9","rules":[]})"});
  peers_.Set("node3", {.body = "<html>"});
  const std::string state = Ask("GET", "/api/cluster/chaos/state").body;
  EXPECT_THAT(state, HasSubstr(R"({"node":"node2","rules":[],"error":"\"node9\" answers)"));
  EXPECT_THAT(state, HasSubstr(R"({"node":"node3","rules":[],"error":"the answer is invalid JSON)"));
}

TEST_F(ControlTest, IsolationIsAskedOfEveryNode) {
  EXPECT_EQ(Ask("POST", "/api/cluster/chaos/isolate", R"({"node":"node2"})").status, 200);
  EXPECT_THAT(rules_.List(), ElementsAre(Rule{"isolate-node2-out", "node2", {}, Drop{}},
                                         Rule{"isolate-node2-in", {}, "node2", Drop{}}));
  EXPECT_EQ(peers_.asked().size(), 2u);
}

TEST_F(ControlTest, APairIsCutAtBothEndsOnly) {
  const auto answer = Ask("POST", "/api/cluster/chaos/partition", R"({"a":"node1","b":"node3"})");
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"node":"node1","installed":["partition-node1-node3","partition-node3-node1"]})"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"node":"node3","installed":[],"error":"cannot connect"})"));
  EXPECT_THAT(peers_.asked(), ElementsAre(StartsWith("node3 POST /api/chaos/apply")));
}

TEST_F(ControlTest, DelayAndLossAreTheNodesOwnAndReplaceThemselves) {
  Ask("POST", "/api/cluster/chaos/delay", R"({"node":"node1","delay_ms":300})");
  Ask("POST", "/api/cluster/chaos/delay", R"({"node":"node1","delay_ms":200.0,"jitter_ms":5})");
  Ask("POST", "/api/cluster/chaos/loss", R"({"node":"node1","loss_rate":0.4})");
  EXPECT_THAT(rules_.List(), ElementsAre(Rule{"delay-node1-out", "node1", {}, Delay{200ms, 5ms}},
                                         Rule{"delay-node1-in", {}, "node1", Delay{200ms, 5ms}},
                                         Rule{"loss-node1-out", "node1", {}, Loss{0.4}},
                                         Rule{"loss-node1-in", {}, "node1", Loss{0.4}}));
  EXPECT_TRUE(peers_.asked().empty());
}

constexpr char kInstalled[] = R"({"installed":["delay-node2-out","delay-node2-in"],"node":"x"})";

TEST_F(ControlTest, AnotherNodeIsAskedToDelayItsOwnLinks) {
  peers_.Set("node2", {.body = kInstalled});
  peers_.Set("node3", {.body = kInstalled});
  EXPECT_EQ(Ask("POST", "/api/cluster/chaos/delay", R"({"node":"node2","delay_ms":300})").body,
            R"({"action":"delay","results":[{"node":"node2","installed":["delay-node2-out","delay-node2-in"]}]})");
  EXPECT_TRUE(rules_.List().empty());
}

// A Go server says "installed" to a delay, and delays nothing.
TEST_F(ControlTest, WhatAGoNodeCannotDoIsDoneAtTheOtherEndsOfItsLinks) {
  peers_.SetGo("node2", {.body = kInstalled});
  peers_.Set("node3", {.body = kInstalled});
  EXPECT_EQ(Ask("POST", "/api/cluster/chaos/delay", R"({"node":"node2","delay_ms":300})").body,
            R"({"action":"delay","results":[{"node":"node1","installed":["delay-node2-out","delay-node2-in"]},)"
            R"({"node":"node2","installed":[]},)"
            R"({"node":"node3","installed":["delay-node2-out","delay-node2-in"]}]})");
  EXPECT_THAT(rules_.List(), ElementsAre(Rule{"delay-node2-out", "node2", {}, Delay{300ms, 0ms}},
                                         Rule{"delay-node2-in", {}, "node2", Delay{300ms, 0ms}}));
  EXPECT_THAT(peers_.asked(), Not(Contains(StartsWith("node2 POST"))));
  EXPECT_THAT(peers_.asked(), Contains(StartsWith("node3 POST /api/chaos/apply")));
}

TEST_F(ControlTest, TheLinkBetweenTwoGoNodesIsNamedAsOutOfReach) {
  peers_.SetGo("node2", {.body = kInstalled});
  peers_.SetGo("node3", {.body = kInstalled});
  const std::string body = Ask("POST", "/api/cluster/chaos/loss", R"({"node":"node2","loss_rate":0.4})").body;
  EXPECT_THAT(body, HasSubstr(R"({"node":"node1","installed":["loss-node2-out","loss-node2-in"]})"));
  EXPECT_THAT(body, HasSubstr(R"({"node":"node2","installed":[],"error":"node2 is a Go server: nothing is done to its )"
                              R"(links with the Go servers node3"})"));
  EXPECT_THAT(body, Not(HasSubstr(R"("node":"node3")")));
  EXPECT_THAT(peers_.asked(), Not(Contains(HasSubstr("POST"))));
}

TEST_F(ControlTest, RulesGoOneByOneOrAllTogether) {
  Ask("POST", "/api/chaos/apply", R"({"rules":[{"action":"drop"},{"id":"a/b c","action":"drop"},{"action":"drop"}]})");
  EXPECT_EQ(Ask("DELETE", "/api/chaos/rules/a%2Fb%20c").status, 200);
  EXPECT_EQ(Ask("DELETE", "/api/chaos/rules/a%2Fb%20c").status, 404);
  EXPECT_EQ(Ask("DELETE", "/api/chaos/rules/node1-drop-1").body, R"({"removed":"node1-drop-1","node":"node1"})");
  EXPECT_EQ(rules_.List().size(), 1u);
  EXPECT_EQ(Ask("POST", "/api/cluster/chaos/heal").body,
            R"({"healed":{"node1":"ok","node2":"cannot connect","node3":"cannot connect"}})");
  EXPECT_TRUE(rules_.List().empty());
}

TEST_F(ControlTest, BadFaultsNameTheField) {
  const std::string base = "/api/cluster/chaos/";
  const auto error = [&](const std::string& what, const std::string& body) {
    const HttpResponse answer = Ask("POST", base + what, body);
    EXPECT_EQ(answer.status, 400) << what << body;
    return answer.body;
  };
  EXPECT_THAT(error("isolate", ""), HasSubstr("invalid JSON"));
  EXPECT_THAT(error("isolate", "{}"), HasSubstr("node"));
  EXPECT_THAT(error("isolate", R"({"node":"node7"})"), HasSubstr("node7"));
  EXPECT_THAT(error("partition", R"({"a":"node1"})"), HasSubstr("\\\"b\\\" is missing"));
  EXPECT_THAT(error("partition", R"({"a":"node1","b":"node1"})"), HasSubstr("same node"));
  EXPECT_THAT(error("delay", R"({"node":"node1"})"), HasSubstr("delay_ms"));
  EXPECT_THAT(error("delay", R"({"node":"node1","delay_ms":true})"), HasSubstr("delay_ms"));
  EXPECT_THAT(error("loss", R"({"node":"node1","loss_rate":1.5})"), HasSubstr("loss_rate"));
  EXPECT_TRUE(rules_.List().empty());
}

TEST_F(ControlTest, SettingsAreTakenOverFieldByField) {
  EXPECT_EQ(Ask("POST", "/api/config", R"({"heartbeat_ms":40.0})").body,
            R"({"node":"node1","election_timeout_ms":150,"heartbeat_ms":40})");
  EXPECT_EQ(Ask("POST", "/api/config", R"({"election_timeout_ms":300,"heartbeat_ms":0})").body,
            R"({"node":"node1","election_timeout_ms":300,"heartbeat_ms":40})");
  ASSERT_EQ(applied_.size(), 2u);
  EXPECT_EQ(applied_.back().election_timeout, 300ms);
  EXPECT_EQ(applied_.back().heartbeat, 40ms);
}

TEST_F(ControlTest, SettingsOutOfRangeAreRefusedOnOneNodeAndOnAll) {
  for (const char* path : {"/api/config", "/api/cluster/config"}) {
    for (const char* body :
         {R"({"election_timeout_ms":49})", R"({"election_timeout_ms":2001})", R"({"heartbeat_ms":9})",
          R"({"heartbeat_ms":501})", R"({"heartbeat_ms":150})", R"({"heartbeat_ms":40.5})", R"({"heartbeat_ms":"40"})",
          R"({"election_timeout_ms":-150})", "[]", ""}) {
      EXPECT_EQ(Ask("POST", path, body).status, 400) << path << body;
    }
  }
  EXPECT_TRUE(applied_.empty());
  EXPECT_TRUE(peers_.asked().empty());
}

TEST_F(ControlTest, AHangingPeerCostsItsOwnRowOnly) {
  class Hanging : public PeerCaller {
   public:
    PeerAnswer Call(const NodeId& peer, const HttpRequest&, std::chrono::milliseconds) override {
      if (peer == "node2") released_.get_future().wait();
      return {PeerAnswer::Outcome::kAnswered, {.body = "{}"}, {}};
    }
    std::promise<void> released_;
  };
  Hanging peers;
  FanOut fan_out(
      "node1", Nodes({"node1", "node2", "node3"}), [](const HttpRequest&) { return HttpResponse{.body = "own"}; },
      peers);
  const FanOut::Bodies bodies = fan_out.AskAll({.method = "GET", .target = "/status"});
  EXPECT_EQ(*bodies.at("node1"), "own");
  EXPECT_EQ(*bodies.at("node3"), "{}");
  EXPECT_THAT(std::string(bodies.at("node2").status().message()), HasSubstr("no answer in time"));
  peers.released_.set_value();
}

TEST(LogApi, CommandsAsPeopleReadThem) {
  EXPECT_EQ(DescribeCommand(*EncodePut("k", "v")), "put k=v");
  EXPECT_EQ(DescribeCommand(EncodeDelete("a b")), "del a b");
  EXPECT_EQ(DescribeCommand(""), "");
  EXPECT_EQ(DescribeCommand("\xFF"), "");
  const std::string cut = DescribeCommand(*EncodePut("k", std::string(kMaxShownValue - 1, 'v') + "\xC3\xA9\xC3\xA9"));
  EXPECT_EQ(cut, "put k=" + std::string(kMaxShownValue - 1, 'v') + "…");
}

TEST(LogApi, LimitsOutOfRangeAreTheDefault) {
  const auto limit = [](const std::string& query) { return LogLimit({.method = "GET", .target = "/api/log" + query}); };
  EXPECT_EQ(limit("?limit=1"), 1u);
  EXPECT_EQ(limit("?limit=200"), 200u);
  for (const char* query :
       {"", "?limit=", "?limit=0", "?limit=201", "?limit=-1", "?limit=x", "?limit=5x", "?limit=99999999999999999999"}) {
    EXPECT_EQ(limit(query), 20u) << query;
  }
}

TEST(WorkerPool, ThreadsAreBoundedReusedAndEndWhenIdle) {
  WorkerPool pool(2, 1, 1ms);
  std::promise<void> release;
  const std::shared_future<void> released(release.get_future());
  const auto task = [released] { released.wait(); };
  // Whether or not the new threads have taken their tasks yet.
  EXPECT_EQ(pool.Submit(task), WorkerPool::Place::kRuns);
  EXPECT_EQ(pool.Submit(task), WorkerPool::Place::kRuns);
  EXPECT_EQ(pool.Submit(task), WorkerPool::Place::kWaits);
  EXPECT_EQ(pool.Submit(task), WorkerPool::Place::kRefused);
  EXPECT_EQ(pool.threads(), 2u);
  release.set_value();
  while (pool.threads() > 0) std::this_thread::yield();
  std::promise<void> ran;
  EXPECT_EQ(pool.Submit([&] { ran.set_value(); }), WorkerPool::Place::kRuns);
  ran.get_future().wait();
  pool.Stop();
  EXPECT_EQ(pool.Submit(task), WorkerPool::Place::kRefused);
}

}  // namespace
}  // namespace raftly
