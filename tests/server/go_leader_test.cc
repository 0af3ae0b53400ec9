// Writes that a follower hands to a Go leader, over HTTP: its answer is no proof.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "server/http/kv_api.h"
#include "server/kv/command.h"
#include "server/kv/kv_service.h"
#include "tests/server/fake_consensus.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string Value(const std::string& value) { return "{\"value\":\"" + value + "\"}"; }

// A Go server that leads term 3 with ten entries, and answers a write as the test says.
class GoPeer : public PeerCaller {
 public:
  using OnWrite = std::function<HttpResponse()>;

  explicit GoPeer(OnWrite on_write) : on_write_(std::move(on_write)) {}

  PeerAnswer Call(const NodeId&, const HttpRequest& request, std::chrono::milliseconds) override {
    ++calls[request.method + " " + request.target];
    if (request.target == "/status") return Answer({.body = R"({"id":"node2","state":")" + state + R"(","term":3})"});
    if (request.target == "/api/log?limit=1")
      return Answer({.body = R"({"node":"node2","last_index":10,"entries":[]})"});
    return Answer(on_write_());
  }

  std::string state = "Leader";
  HttpHeaders headers;  // of every answer
  std::map<std::string, int> calls;

 private:
  PeerAnswer Answer(HttpResponse response) const {
    if (response.headers.empty()) response.headers = headers;
    return {PeerAnswer::Outcome::kAnswered, std::move(response), {}};
  }

  const OnWrite on_write_;
};

// A follower of a Go leader.
class GoLeaderTest : public ::testing::Test {
 protected:
  GoLeaderTest() {
    Elect(leaders_, "node2");
    consensus_.FollowInVain("node2");
  }

  HttpResponse Put(GoPeer& peer, const std::string& timeout_ms = "5000") {
    KvApi api("node1", service_, peer, writes_);
    Router router;
    api.Register(router);
    const HttpRequest put{
        .method = "PUT", .target = "/keys/k", .headers = {{kTimeoutHeader, timeout_ms}}, .body = Value("v")};
    return router.Ask(put);
  }
  void Apply(Index index, Term term, const std::string& value) {
    store_.Apply({index, term, EntryType::kNormal, Bytes(*EncodePut("k", value))});
  }

  WriteWatch writes_;
  KvStore store_{&writes_};
  FakeConsensus consensus_{store_};
  LeaderWatch leaders_;
  KvService service_{"node1", consensus_, store_, leaders_};
};

TEST_F(GoLeaderTest, AWriteThatReachesThisNodesLogIsConfirmed) {
  GoPeer peer([&] {
    Apply(Index{11}, Term{3}, "v");
    return HttpResponse{};
  });
  const HttpResponse answer = Put(peer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(FindHeader(answer.headers, "Raftly-Node"), "node1") << "it is this node that vouches for it";
}

TEST_F(GoLeaderTest, AWriteThatReachesThisNodesLogLaterIsWaitedFor) {
  std::thread later;
  GoPeer peer([&] {
    later = std::thread([&] { Apply(Index{11}, Term{3}, "v"); });
    return HttpResponse{};
  });
  EXPECT_EQ(Put(peer).status, 200);
  later.join();
}

// Seen: the Go leader was cut off, took the write, and after healing answered 200 for what had been overwritten.
TEST_F(GoLeaderTest, AWriteThatIsOverwrittenIsOfUnknownOutcome) {
  GoPeer peer([&] {
    Apply(Index{11}, Term{4}, "of the new leader");
    return HttpResponse{};
  });
  const HttpResponse answer = Put(peer);
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("outcome unknown: sent to node2: a Go server"));
}

// This node lags behind: what it applies now is the same write of somebody else, long ago, and deleted since.
TEST_F(GoLeaderTest, AnOlderWriteOfTheSameIsNoConfirmation) {
  GoPeer peer([&] {
    Apply(Index{10}, Term{3}, "v");
    Apply(Index{11}, Term{2}, "v");
    writes_.Stop();  // nothing more will come
    return HttpResponse{};
  });
  EXPECT_EQ(Put(peer).status, 504);
}

TEST_F(GoLeaderTest, AFailureOfAGoServerIsOfUnknownOutcome) {
  for (const int status : {500, 502, 503}) {
    GoPeer peer([&] { return HttpResponse{.status = status, .body = "not leader\n", .content_type = "text/plain"}; });
    EXPECT_EQ(Put(peer).status, 504) << status;
  }
}

TEST_F(GoLeaderTest, WhatAGoServerFindsWrongWithTheRequestIsHandedOn) {
  GoPeer peer([] { return HttpResponse{.status = 400, .body = "key required\n", .content_type = "text/plain"}; });
  const HttpResponse answer = Put(peer);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"({"error":"key required"})"));
}

TEST_F(GoLeaderTest, AGoServerThatDoesNotLeadIsHandedNoWrite) {
  GoPeer peer([] { return HttpResponse{}; });
  peer.state = "Follower";
  EXPECT_EQ(Put(peer, "200").status, 503);
  EXPECT_EQ(peer.calls["PUT /keys/k"], 0);
}

// Its answers name the node, and it is asked once who it is.
TEST_F(GoLeaderTest, ACppLeaderIsTakenAtItsWord) {
  GoPeer peer([] { return HttpResponse{}; });
  peer.headers = {{"Raftly-Node", "node2"}};
  KvApi api("node1", service_, peer, writes_);
  Router router;
  api.Register(router);
  const HttpRequest put{.method = "PUT", .target = "/keys/k", .body = Value("v")};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(router.Ask(put).status, 200);
  EXPECT_EQ(peer.calls["PUT /keys/k"], 3);
  EXPECT_EQ(peer.calls["GET /status"], 1);
  // Exchanged for a Go server since.
  peer.headers.clear();
  EXPECT_EQ(router.Ask(put).status, 504);
}

}  // namespace
}  // namespace raftly
