// Connections and threads, with handlers that answer when the test says.
#include "server/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "raft/env/mutex.h"
#include "server/descriptors.h"
#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr char kAsk[] = "GET /prompt HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kWait[] = "GET /blocking HTTP/1.1\r\nHost: x\r\n\r\n";

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    const auto blocking = [this](const HttpRequest& request) {
      MutexLock lock(mutex_);
      ++blocking_;
      changed_.NotifyAll();
      while (held_blocking_ && !released_) changed_.Wait(mutex_);
      return HttpResponse{.body = "waited " + request.target};
    };
    for (const char* method : {"GET", "POST"}) router_.Add(method, "/blocking", Waiting(blocking));
    router_.Add("GET", "/prompt", [this, blocking](const HttpRequest& request, HttpReply reply) {
      MutexLock lock(mutex_);
      replies_.push_back({std::move(reply), [blocking, &request] { return blocking(request); }});
      changed_.NotifyAll();
    });
  }
  ~HttpServerTest() override { Release(); }

  void Start(HttpServerConfig config = {}) {
    config.listen = {"127.0.0.1", 0};
    config.node = "node1";
    http_ = std::make_unique<HttpServer>(config, front_);
    ASSERT_TRUE(http_->Bind().ok());
    ASSERT_TRUE(http_->Start().ok());
  }
  int port() const { return http_->port(); }

  // Waits for so many requests to have arrived.
  void AwaitPrompt(size_t n) {
    MutexLock lock(mutex_);
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (replies_.size() < n && changed_.WaitUntil(mutex_, limit)) {
    }
    ASSERT_EQ(replies_.size(), n);
  }
  void AwaitBlocking(int n) {
    MutexLock lock(mutex_);
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (blocking_ < n && changed_.WaitUntil(mutex_, limit)) {
    }
    ASSERT_EQ(blocking_, n);
  }
  void ReplyAfterWaiting() { Reply(std::nullopt); }
  void Reply(const std::optional<HttpResponse>& answer) {
    std::vector<Asked> all;
    {
      MutexLock lock(mutex_);
      all.swap(replies_);
    }
    for (Asked& asked : all) {
      if (answer) {
        asked.reply(*answer);
      } else {
        asked.reply.AfterWaiting(std::move(asked.otherwise));
      }
    }
  }
  void Release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  struct Asked {
    HttpReply reply;
    HttpAnswer otherwise = {};
  };
  std::vector<Asked> replies_ ABSL_GUARDED_BY(mutex_);
  int blocking_ ABSL_GUARDED_BY(mutex_) = 0;
  bool held_blocking_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  Router router_;
  FrontDoor front_{router_};
  std::unique_ptr<HttpServer> http_;
};

TEST_F(HttpServerTest, RequestsThatTheNodeHasOccupyNoThread) {
  Start({.max_threads = 1, .max_waiting = 0});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<RawClient>(port()));
    clients.back()->Send(kAsk);
  }
  AwaitPrompt(100);
  const RawClient other(port());
  other.Send(kWait);
  EXPECT_THAT(other.Until("waited /blocking"), HasSubstr("200 OK"));
  Reply(HttpResponse{.body = "\"there\""});
  for (const auto& client : clients) EXPECT_THAT(client->Until("there"), HasSubstr("200 OK"));
}

// A value of any size takes the same way: 16 KiB was once the end of it.
TEST_F(HttpServerTest, ALargeBodyIsHandedToTheNodeAndOccupiesNoThreadEither) {
  std::vector<std::string> seen;
  router_.Add("PUT", "/prompt", [&](const HttpRequest& request, HttpReply reply) {
    MutexLock lock(mutex_);
    seen.push_back(std::to_string(request.body.size()));
    replies_.push_back({std::move(reply)});
    changed_.NotifyAll();
  });
  Start({.max_threads = 1});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const size_t size : {15'000, 17'000, 65'536, 65'537, 1'000'000, 6'000'000}) {
    for (int i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<RawClient>(port()));
      clients.back()->Send("PUT /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
      clients.back()->Send(std::string(size, 'x'));
      AwaitPrompt(clients.size());
      EXPECT_EQ(seen.back(), std::to_string(size));
    }
  }
  Reply(HttpResponse{.body = "\"there\""});
  for (const auto& client : clients) EXPECT_THAT(client->Until("there"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, WhereAnAnswerHasToBeWaitedForAThreadDoes) {
  Start();
  const RawClient client(port());
  client.Send(kAsk);
  AwaitPrompt(1);
  ReplyAfterWaiting();
  EXPECT_THAT(client.Until("waited /prompt"), HasSubstr("200 OK"));
  client.Send(kWait);
  EXPECT_THAT(client.Until("waited /blocking"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, ARequestMayArriveInPieces) {
  Start();
  const RawClient client(port());
  for (const char c : std::string(kWait)) client.Send(std::string(1, c));
  EXPECT_THAT(client.Until("waited /blocking"), HasSubstr("200 OK"));
  client.Send("GET /prompt HTTP/1.1\r\nHost: x\r\n");
  client.Send("\r\n");
  AwaitPrompt(1);
  Reply(HttpResponse{.body = "\"there\""});
  EXPECT_THAT(client.Until("there"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, HalfARequestIsTold) {
  Start();
  const RawClient client(port());
  client.Send("PUT /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
  client.SendNoMore();
  EXPECT_THAT(client.Rest(), HasSubstr("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, ARequestThatStaysHalfIsEndedWith408) {
  Start({.request = 1ms});
  for (const char* half : {"GET /pro", "GET /prompt HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                           "PUT /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"}) {
    const RawClient client(port());
    client.Send(half);
    EXPECT_THAT(client.Rest(), HasSubstr("HTTP/1.1 408 Request Timeout\r\n")) << half;
  }
}

TEST_F(HttpServerTest, HalfARequestHoldsNoThread) {
  {
    MutexLock lock(mutex_);
    held_blocking_ = true;
  }
  Start({.max_threads = 1, .max_waiting = 0});
  std::vector<std::unique_ptr<RawClient>> halves;
  for (int i = 0; i < 50; ++i) {
    halves.push_back(std::make_unique<RawClient>(port()));
    halves.back()->Send("GET /blocking HTTP/1.1\r\nHost: x\r\n");
    halves.push_back(std::make_unique<RawClient>(port()));
    halves.back()->Send("PUT /blocking HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
  }
  const RawClient client(port());
  client.Send(kWait);
  AwaitBlocking(1);
  Release();
  EXPECT_THAT(client.Until("waited /blocking"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, WhatNeverWaitsIsAnsweredWhileAllThreadsAndConnectionsAreTaken) {
  {
    MutexLock lock(mutex_);
    held_blocking_ = true;
  }
  router_.AddPrompt("GET", "/healthz", [](const HttpRequest&) { return HttpResponse{.body = "\"well\""}; });
  Start({.max_connections = 3, .max_threads = 1, .max_waiting = 2});
  std::vector<std::unique_ptr<RawClient>> blocked;
  for (int i = 0; i < 3; ++i) {
    blocked.push_back(std::make_unique<RawClient>(port()));
    blocked.back()->Send(kWait);
  }
  AwaitBlocking(1);
  const RawClient health(port());
  for (const char* method : {"GET", "HEAD"}) {
    health.Send(std::string(method) + " /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(health.Until("\r\n\r\n"), HasSubstr("200 OK"));
  }
  health.Send(kWait);
  EXPECT_THAT(health.Rest(), HasSubstr(R"({"error":"too many connections"})"));
  Release();
  for (const auto& client : blocked) EXPECT_THAT(client->Until("waited /blocking"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, HalfARequestGivesWayWhereAllConnectionsAreTaken) {
  Start({.max_connections = 1, .spare_connections = 0});
  const RawClient half(port());
  half.Send("GET /prompt HT");
  bool served = false;
  for (const auto limit = std::chrono::steady_clock::now() + 60s;
       !served && std::chrono::steady_clock::now() < limit;) {
    const RawClient next(port());
    next.Send(kWait);
    next.SendNoMore();
    served = next.Rest().find("waited") != std::string::npos;
  }
  EXPECT_TRUE(served);
  EXPECT_THAT(half.Rest(), HasSubstr("HTTP/1.1 408"));
}

TEST_F(HttpServerTest, WhatAllRequestsHoldTogetherHasALimit) {
  Start({.pollers = 1, .max_buffered_bytes = 300'000});
  const std::string head = "PUT /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
  // One of the two is too much, whichever is read later; where the first has ended before the second begins, again.
  std::string both;
  for (const auto limit = std::chrono::steady_clock::now() + 60s;
       both.find("HTTP/1.1 503") == std::string::npos && std::chrono::steady_clock::now() < limit;) {
    const RawClient first(port());
    first.Send(head + std::string(250'000, 'x'));
    const RawClient second(port());
    second.Send(head + std::string(250'000, 'x'));
    second.SendNoMore();
    both = second.Rest();
    first.SendNoMore();
    both += first.Rest();
  }
  EXPECT_THAT(both, HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(both, HasSubstr("HTTP/1.1 400"));
  // Small ones pass, and what was held is given back.
  const RawClient third(port());
  third.Send(kWait);
  EXPECT_THAT(third.Until("waited"), HasSubstr("200 OK"));
  third.Send("PUT /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: 250000\r\n\r\n" + std::string(250'000, 'x'));
  EXPECT_THAT(third.Until("}"), HasSubstr("HTTP/1.1 405"));
}

TEST_F(HttpServerTest, WhoWaitsForContinueIsToldToGoOn) {
  Start();
  const RawClient client(port());
  client.Send("PUT /prompt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.Until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("12345");
  EXPECT_THAT(client.Until("}"), HasSubstr("HTTP/1.1 405"));
}

TEST_F(HttpServerTest, AnAnswerLargerThanTheSocketTakesWaitsForItsReader) {
  Start();
  constexpr size_t kLarge = size_t{32} << 20;
  const RawClient client(port());
  client.Send(std::string(kAsk) + kWait);
  AwaitPrompt(1);
  Reply(HttpResponse{.body = std::string(kLarge, '#')});
  const std::string all = client.Until("waited");
  EXPECT_EQ(static_cast<size_t>(std::count(all.begin(), all.end(), '#')), kLarge);
  EXPECT_THAT(all.substr(all.rfind('#')), HasSubstr("waited /blocking"));
}

TEST_F(HttpServerTest, BeyondTheLimitWhoConnectsWaits) {
  Start({.max_connections = 2, .spare_connections = 0});
  const RawClient first(port());
  const RawClient second(port());
  first.Send(kAsk);
  second.Send(kAsk);
  AwaitPrompt(2);  // neither is idle
  const RawClient third(port());
  third.Send(kWait);
  Reply(HttpResponse{.body = "\"there\""});
  EXPECT_THAT(first.Until("there"), HasSubstr("200 OK"));
  EXPECT_THAT(second.Until("there"), HasSubstr("200 OK"));
  EXPECT_THAT(third.Until("waited"), HasSubstr("200 OK")) << "once another has been idle, or has gone";
}

TEST_F(HttpServerTest, StopsWhileSomebodyWaitsForRoom) {
  Start({.max_connections = 1, .spare_connections = 0});
  const RawClient first(port());
  first.Send(kAsk);
  AwaitPrompt(1);
  const RawClient second(port());
  second.Send(kWait);
  Reply(HttpResponse{.body = "\"there\""});
  EXPECT_THAT(first.Until("there"), HasSubstr("200 OK"));
  http_->Stop();
  EXPECT_EQ(second.Rest(), "");
}

TEST_F(HttpServerTest, AsManyConnectionsAsDescriptorsAllow) {
  Start();
  EXPECT_EQ(http_->max_connections(), DescriptorsForConnections(HttpServerConfig().spare_connections));
  EXPECT_GE(http_->max_connections(), 16u);
}

TEST_F(HttpServerTest, AConnectionThatHasBeenIdleGivesWay) {
  Start({.max_connections = 1, .spare_connections = 0});
  const RawClient idle(port());
  idle.Send(kWait);
  idle.Until("waited");
  // Refused until the first has been idle for a while.
  bool served = false;
  for (const auto limit = std::chrono::steady_clock::now() + 60s;
       !served && std::chrono::steady_clock::now() < limit;) {
    const RawClient next(port());
    next.Send(kWait);
    next.SendNoMore();
    served = next.Rest().find("waited") != std::string::npos;
  }
  EXPECT_TRUE(served);
  EXPECT_EQ(idle.Rest(), "");
}

TEST_F(HttpServerTest, AnIdleConnectionEnds) {
  Start({.idle = 1ms});
  const RawClient client(port());
  EXPECT_EQ(client.Rest(), "");
}

TEST_F(HttpServerTest, TooManyWaitingRequests) {
  {
    MutexLock lock(mutex_);
    held_blocking_ = true;
  }
  Start({.max_threads = 1, .max_waiting = 0});
  const RawClient first(port());
  first.Send(kWait);
  AwaitBlocking(1);
  const RawClient second(port());
  // What is left unread must not take the answer away.
  second.Send("POST /blocking HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
  EXPECT_THAT(second.Until("}"), HasSubstr(R"({"error":"too many requests"})"));
  second.SendNoMore();
  EXPECT_EQ(second.Rest(), "");
  Release();
  EXPECT_THAT(first.Until("waited"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, DrainWaitsForWhatTheNodeHas) {
  Start();
  const RawClient client(port());
  const RawClient idle(port());
  client.Send(kAsk);
  AwaitPrompt(1);
  const Time now(std::chrono::steady_clock::now().time_since_epoch());
  EXPECT_FALSE(http_->Drain(now));
  EXPECT_EQ(idle.Rest(), "");
  Reply(HttpResponse{.body = "\"there\""});
  EXPECT_TRUE(http_->Drain(now + 60s));
  const std::string answer = client.Rest();
  EXPECT_THAT(answer, HasSubstr("there"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(HttpServerTest, AnAnswerAfterTheEndIsDropped) {
  Start();
  const RawClient client(port());
  client.Send(kAsk);
  AwaitPrompt(1);
  http_->Stop();
  EXPECT_EQ(client.Rest(), "");
  Reply(HttpResponse{.body = "\"late\""});
  http_.reset();
}

TEST_F(HttpServerTest, AClientThatLeavesBeforeItsAnswerHarmsNobody) {
  Start();
  for (int i = 0; i < 20; ++i) {
    {
      const RawClient gone(port());
      gone.Send(kAsk);
      AwaitPrompt(1);
    }
    Reply(HttpResponse{.body = "\"there\""});
  }
  const RawClient client(port());
  client.Send(kAsk);
  AwaitPrompt(1);
  Reply(HttpResponse{.body = "\"there\""});
  EXPECT_THAT(client.Until("there"), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace raftly
