// The HTTP interface over real sockets, on a node that answers as the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/cluster/peer_client.h"
#include "server/http/http_server.h"
#include "server/http/kv_api.h"
#include "server/http/status_api.h"
#include "server/kv/command.h"
#include "server/kv/kv_service.h"
#include "tests/server/fake_consensus.h"
#include "tests/server/fixed_members.h"
#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

// One node's HTTP side.
class TestNode {
 public:
  explicit TestNode(const NodeId& id, std::map<NodeId, Address> peers = {})
      : service_(id, consensus, store, leaders),
        peers_(Addresses(std::move(peers))),
        api_(id, service_, peers_, writes),
        front_(router_),
        http_({.listen = {"127.0.0.1", 0}, .node = id}, front_) {
    api_.Register(router_);
    RegisterStatusApi(
        router_, [this] { return consensus.status(); }, [] { return Index{1}; });
    EXPECT_TRUE(http_.Bind().ok());
    EXPECT_TRUE(http_.Start().ok());
  }
  ~TestNode() {
    service_.Stop();
    peers_.Stop();
  }

  int port() const { return http_.port(); }
  Address address() const { return {"127.0.0.1", port()}; }

  httplib::Response Ask(const std::string& method, const std::string& target, const std::string& body = {},
                        const httplib::Headers& headers = {}) {
    httplib::Client client("127.0.0.1", port());
    client.set_tcp_nodelay(true);
    client.set_url_encode(false);
    client.set_read_timeout(60);
    httplib::Request request;
    request.method = method;
    request.path = target;
    request.body = body;
    request.headers = headers;
    auto result = client.send(request);
    EXPECT_TRUE(result) << httplib::to_string(result.error());
    return result ? *result : httplib::Response();
  }
  int Status(const std::string& method, const std::string& target, const std::string& body = {}) {
    return Ask(method, target, body).status;
  }

  WriteWatch writes;
  KvStore store{&writes};
  FakeConsensus consensus{store};
  LeaderWatch leaders;

 private:
  KvService service_;
  PeerClient peers_;
  Router router_;
  KvApi api_;
  FrontDoor front_;
  HttpServer http_;
};

class HttpTest : public ::testing::Test {
 protected:
  HttpTest() { Elect(node_.leaders, "node1"); }
  TestNode node_{"node1"};
};

std::string Value(const std::string& value) { return "{\"value\":\"" + value + "\"}"; }

TEST_F(HttpTest, PutGetDelete) {
  const auto put = node_.Ask("PUT", "/keys/hello", Value("world"));
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body, "");
  EXPECT_EQ(put.get_header_value("Raftly-Node"), "node1");
  const auto get = node_.Ask("GET", "/keys/hello");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body, "{\"key\":\"hello\",\"value\":\"world\"}\n");
  EXPECT_EQ(node_.Ask("DELETE", "/keys/hello").body, "");
  EXPECT_EQ(node_.Status("DELETE", "/keys/hello"), 200);
  EXPECT_EQ(node_.Status("GET", "/keys/hello"), 404);
}

TEST_F(HttpTest, AKeyIsAnythingThatCanBePercentEncoded) {
  for (const char* key : {"a/b/c", "a%0Ab", "a%00b", "%F0%9F%98%80", "a+b", "%2Fx", "a%20b", "//", "k?x=1"}) {
    const std::string target = std::string("/keys/") + key;
    ASSERT_EQ(node_.Status("PUT", target, Value(key)), 200) << key;
    EXPECT_THAT(node_.Ask("GET", target).body, HasSubstr(Value(key).substr(1))) << key;
  }
  EXPECT_EQ(node_.store.Get("a+b")->view(), "a+b");
  EXPECT_EQ(node_.store.Get("a\nb")->view(), "a%0Ab");
  EXPECT_EQ(node_.store.Get("/x")->view(), "%2Fx");
  EXPECT_EQ(node_.store.Get("k")->view(), "k?x=1");
}

TEST_F(HttpTest, BadKeys) {
  EXPECT_EQ(node_.Status("GET", "/keys/"), 400);
  EXPECT_EQ(node_.Status("GET", "/keys/%FF"), 400);
  EXPECT_EQ(node_.Status("GET", "/keys/%ED%A0%80"), 400);
  EXPECT_EQ(node_.Status("GET", "/keys/%zz"), 400);
  EXPECT_EQ(node_.Status("GET", "/keys/%4"), 400);
  EXPECT_EQ(node_.Status("PUT", "/keys/" + std::string(1024, 'k'), Value("v")), 200);
}

// A Go server takes them: its data directory, or its cluster, may hold some.
TEST_F(HttpTest, AKeyTooLongToBePutCanBeReadAndDeleted) {
  const std::string key(20'000, 'k');
  node_.store.Apply({Index{1}, Term{1}, EntryType::kNormal, Bytes(*EncodePut(key, "v"))});
  EXPECT_EQ(node_.Status("PUT", "/keys/" + std::string(1025, 'k'), Value("w")), 413);
  EXPECT_EQ(node_.Status("PUT", "/keys/" + key, Value("w")), 413);
  for (const char* query : {"", "?consistency=stale"}) {
    const auto get = node_.Ask("GET", "/keys/" + key + query);
    EXPECT_EQ(get.status, 200);
    EXPECT_THAT(get.body, HasSubstr(R"("value":"v"})"));
  }
  EXPECT_EQ(node_.Status("DELETE", "/keys/" + key), 200);
  EXPECT_EQ(node_.Status("GET", "/keys/" + key), 404);
}

TEST_F(HttpTest, BadBodiesNameTheField) {
  for (const char* body : {"", "{", "[]", "7", "{}", R"({"value":7})", R"({"value":null})", R"({"value":["x"]})",
                           "{\"value\":\"\xFF\"}", R"({"value":"x"} y)", R"({"value":"\ud800"})"}) {
    const auto answer = node_.Ask("PUT", "/keys/k", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("\"error\"")) << body;
  }
  EXPECT_THAT(node_.Ask("PUT", "/keys/k", "{}").body, HasSubstr("value"));
  EXPECT_EQ(node_.Status("PUT", "/keys/k", "{\"value\":" + std::string(100'000, '[')), 400);
}

TEST_F(HttpTest, SizesUpToTheLimitsAndBeyond) {
  EXPECT_EQ(node_.Status("PUT", "/keys/k", Value(std::string(1 << 20, 'v'))), 200);
  EXPECT_EQ(node_.Ask("GET", "/keys/k").body.size(),
            (1 << 20) + std::string("{\"key\":\"k\",\"value\":\"\"}\n").size());
  EXPECT_EQ(node_.Status("PUT", "/keys/k", Value(std::string((1 << 20) + 1, 'v'))), 413);
  std::string escaped;  // few bytes of value, but an encoded command beyond 2 MiB
  for (int i = 0; i < 400'000; ++i) escaped += "\\u0001";
  EXPECT_EQ(node_.Status("PUT", "/keys/k", Value(escaped)), 413);
  const auto huge = node_.Ask("PUT", "/keys/k", Value(std::string(9 << 20, 'v')));
  EXPECT_EQ(huge.status, 413);
  EXPECT_THAT(huge.body, HasSubstr("error"));
}

TEST_F(HttpTest, ABodyIsTakenWhateverItsContentType) {
  const std::string body = Value(std::string(100'000, 'v'));
  for (const char* type : {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"}) {
    EXPECT_EQ(node_.Ask("PUT", "/keys/k", body, {{"Content-Type", type}}).status, 200) << type;
  }
}

TEST_F(HttpTest, WrongMethodsAndUnknownPaths) {
  const auto patch = node_.Ask("PATCH", "/keys/k", Value("v"));
  EXPECT_EQ(patch.status, 405);
  EXPECT_EQ(patch.get_header_value("Allow"), "GET, HEAD, PUT, DELETE, POST");
  EXPECT_THAT(patch.body, HasSubstr("error"));
  EXPECT_EQ(node_.Ask("DELETE", "/status").get_header_value("Allow"), "GET, HEAD");
  for (const char* path : {"/", "/nothing", "/keysy", "/status/"}) {
    const auto answer = node_.Ask("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("error"));
    EXPECT_EQ(answer.get_header_value("Raftly-Node"), "node1");
  }
  const auto long_line = node_.Ask("GET", "/keys/" + std::string(70'000, 'k'));
  EXPECT_EQ(long_line.status, 414);
  EXPECT_THAT(long_line.body, HasSubstr("error"));
}

TEST_F(HttpTest, StaleReads) {
  node_.Ask("PUT", "/keys/k", Value("v"));
  Elect(node_.leaders, "");
  EXPECT_EQ(node_.Status("GET", "/keys/k?consistency=stale"), 200);
  EXPECT_EQ(node_.Status("GET", "/keys/k?x=1&consistency=st%61le"), 200);
  EXPECT_EQ(node_.Status("GET", "/keys/k?consistency=strong"), 400);
  EXPECT_EQ(node_.Status("GET", "/keys/k?consistency="), 400);
}

TEST_F(HttpTest, FailuresOfTheNode) {
  node_.consensus.Refuse(TimedOutError());
  EXPECT_EQ(node_.Status("PUT", "/keys/k", Value("v")), 504);
  node_.consensus.Refuse(DiskFullError());
  EXPECT_EQ(node_.Status("PUT", "/keys/k", Value("v")), 507);
  node_.consensus.Refuse(QueueFullError());
  const auto busy = node_.Ask("PUT", "/keys/k", Value("v"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_NE(busy.get_header_value("Retry-After"), "");
}

TEST_F(HttpTest, StatusAndHealth) {
  EXPECT_EQ(node_.Status("GET", "/healthz"), 200);
  EXPECT_EQ(node_.Status("GET", "/readyz"), 503);
  NodeStatus status{.id = "node1",
                    .role = Role::kLeader,
                    .term = Term{3},
                    .leader = "node1",
                    .commit_index = Index{7},
                    .last_applied = Index{6},
                    .first_index = Index{2},
                    .snapshot_index = Index{1},
                    .sending = {{"node2", 37}},
                    .takes_no_snapshot = {"node3"}};
  node_.consensus.SetStatus(status);
  EXPECT_EQ(node_.Status("GET", "/readyz"), 503) << "what was committed when it started is not applied yet";
  status.ready = true;
  node_.consensus.SetStatus(status);
  EXPECT_EQ(node_.Status("GET", "/readyz"), 200);
  EXPECT_EQ(node_.Ask("GET", "/status").body,
            R"({"id":"node1","state":"Leader","term":3,"leader_id":"node1","commit_index":7,"last_applied":6,)"
            R"("first_index":2,"snapshot_index":1,"log_bytes":0,"oldest_change":1,)"
            R"("sending":[{"to":"node2","percent":37}],"takes_no_snapshot":["node3"]})"
            "\n");
}

TEST_F(HttpTest, WhatWaitedTooLongForAThreadIsNotTried) {
  KvService service("node1", node_.consensus, node_.store, node_.leaders);
  PeerClient nobody(Addresses({}));
  KvApi api("node1", service, nobody, node_.writes);
  Router router;
  api.Register(router);
  HttpRequest put{.method = "PUT", .target = "/keys/k", .body = Value("v")};
  put.received = service.Now() - 6s;
  EXPECT_EQ(router.Ask(put).status, 503);
  EXPECT_EQ(node_.store.Get("k"), std::nullopt);
  put.received = Time();
  EXPECT_EQ(router.Ask(put).status, 200);
}

TEST_F(HttpTest, APortInUseIsAnError) {
  const Router router;
  const FrontDoor front(router);
  HttpServer second({.listen = node_.address(), .node = "node2"}, front);
  const absl::Status status = second.Bind();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(node_.port())));
}

TEST_F(HttpTest, WhoConnectsBeforeTheServerServesIsRefused) {
  const Router router;
  const FrontDoor front(router);
  HttpServer server({.listen = {"127.0.0.1", 0}, .node = "node2"}, front);
  ASSERT_TRUE(server.Bind().ok());
  const auto connects = [&] { return httplib::Client("127.0.0.1", server.port()).Get("/healthz") != nullptr; };
  EXPECT_FALSE(connects());
  ASSERT_TRUE(server.Start().ok());
  EXPECT_TRUE(connects());
}

TEST_F(HttpTest, OfTwoServersThatTakeAPortAtOnceOneServes) {
  const Router router;
  const FrontDoor front(router);
  HttpServer first({.listen = {"127.0.0.1", 0}, .node = "node2"}, front);
  ASSERT_TRUE(first.Bind().ok());
  const int port = first.port();
  HttpServer second({.listen = {"127.0.0.1", port}, .node = "node3"}, front);
  const absl::Status bound = second.Bind();
  ASSERT_TRUE(first.Start().ok());
  const absl::Status status = bound.ok() ? second.Start() : bound;
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(port)));
}

// Sends bytes as they are and returns everything until the server closes.
std::string Raw(int port, const std::string& bytes) {
  const RawClient client(port);
  client.Send(bytes);
  client.SendNoMore();
  return client.Rest();
}

TEST_F(HttpTest, ABodyIsNeverTakenForARequest) {
  const std::string hidden = "DELETE /keys/k HTTP/1.1\r\nHost: x\r\n\r\n";
  node_.Ask("PUT", "/keys/k", Value("v"));
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n\r\n";
  Raw(node_.port(), "GET /status HTTP/1.1\r\nHost: x\r\n" + length + hidden);
  Raw(node_.port(), "PUT /keys/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" + length + hidden);
  Raw(node_.port(), "PUT /keys/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + length + hidden);
  Raw(node_.port(), "PUT /keys/x HTTP/1.1\r\nHost: x\r\nContent-Length: zero\r\n\r\n" + hidden);
  Raw(node_.port(), "PUT /keys/" + std::string(70'000, 'x') + " HTTP/1.1\r\nHost: x\r\n" + length + hidden);
  EXPECT_EQ(node_.Status("GET", "/keys/k"), 200);
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  const std::string all = Raw(node_.port(),
                              "PUT /keys/a HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{\"value\":\"1\"}"
                              "GET /keys/a HTTP/1.1\r\nHost: x\r\n\r\nGET /keys/b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_LT(all.find("200 OK"), all.find(R"({"key":"a","value":"1"})"));
  EXPECT_LT(all.find(R"({"key":"a","value":"1"})"), all.find("404 Not Found"));
  EXPECT_THAT(all, HasSubstr("404 Not Found"));
}

TEST_F(HttpTest, AnAnswerThatEndsTheConnectionSaysSo) {
  const std::string too_long = "GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string& refused :
       {std::string("GET /status HTTP/1.1\r\n\r\n"), std::string("no request at all\r\n\r\n"), too_long}) {
    const std::string answer = Raw(node_.port(), refused + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 4")) << refused;
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n")) << refused;
    EXPECT_THAT(answer, Not(HasSubstr("200 OK"))) << refused;
  }
}

class ForwardingTest : public ::testing::Test {
 protected:
  ForwardingTest() : follower_("node1", {{"node2", leader_.address()}}) {
    Elect(follower_.leaders, "node2");
    follower_.consensus.FollowInVain("node2");
  }
  TestNode leader_{"node2"};
  TestNode follower_;
};

TEST_F(ForwardingTest, TheLeaderAnswersWithTheBodyIntact) {
  Elect(leader_.leaders, "node2");
  const std::string big(1 << 20, 'v');
  EXPECT_EQ(follower_.Status("PUT", "/keys/a%2Fb%0A%F0%9F%98%80?x=1", Value(big)), 200);
  EXPECT_EQ(leader_.store.Get("a/b\n\xF0\x9F\x98\x80")->view(), big);
  const auto get = follower_.Ask("GET", "/keys/a%2Fb%0A%F0%9F%98%80");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.get_header_value("Raftly-Node"), "node2");
  EXPECT_EQ(get.get_header_value_count("Raftly-Node"), 1u);
  EXPECT_EQ(follower_.Status("GET", "/keys/none"), 404);
  EXPECT_EQ(follower_.Status("DELETE", "/keys/a%2Fb%0A%F0%9F%98%80"), 200);
  EXPECT_EQ(leader_.store.size(), 0u);
  EXPECT_EQ(follower_.consensus.calls(), 0);
}

TEST(ForwardedByTheNode, TheLeaderThatWroteIsNamed) {
  TestNode follower("node1");
  Elect(follower.leaders, "node2");
  follower.consensus.Follow("node2");
  EXPECT_EQ(follower.Ask("PUT", "/keys/k", Value("v")).get_header_value("Raftly-Node"), "node2");
  EXPECT_EQ(follower.Ask("GET", "/keys/k").get_header_value("Raftly-Node"), "node1");
}

TEST_F(ForwardingTest, AForwardedRequestIsNotForwardedAgain) {
  const auto answer = follower_.Ask("PUT", "/keys/k", Value("v"), {{kForwardedHeader, "node3"}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.get_header_value("Raftly-Node"), "node1");
  EXPECT_EQ(leader_.consensus.calls(), 0);
}

TEST_F(ForwardingTest, AnUnknownOutcomeIsRelayedNotRetried) {
  Elect(leader_.leaders, "node2");
  leader_.consensus.Refuse(TimedOutError());
  EXPECT_EQ(follower_.Status("PUT", "/keys/k", Value("v")), 504);
  EXPECT_EQ(leader_.consensus.calls(), 1);
}

TEST_F(ForwardingTest, ANodeThatDoesNotLeadYetIsAskedAgain) {
  std::thread election([&] { Elect(leader_.leaders, "node2"); });
  EXPECT_EQ(follower_.Status("PUT", "/keys/k", Value("v")), 200);
  election.join();
}

TEST_F(ForwardingTest, ADeadLeaderIsWaitedOutWhileNothingWasSent) {
  TestNode node("node1", {{"node2", {"127.0.0.1", 1}}});
  Elect(node.leaders, "node2");
  std::thread election([&] { Elect(node.leaders, "node1"); });
  EXPECT_EQ(node.Status("PUT", "/keys/k", Value("v")), 200);
  election.join();
}

TEST_F(ForwardingTest, ALeaderWithoutAKnownAddressIsUnavailable) {
  Elect(follower_.leaders, "node9");
  EXPECT_EQ(follower_.Status("PUT", "/keys/k", Value("v")), 503);
}

}  // namespace
}  // namespace raftly
