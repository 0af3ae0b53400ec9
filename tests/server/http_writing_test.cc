// Answers on their way to their clients: slow ones, those that never end, and those that are never taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/env/mutex.h"
#include "server/cluster/fan_out.h"
#include "server/events/cluster_watcher.h"
#include "server/events/event_log.h"
#include "server/http/event_api.h"
#include "server/http/http_server.h"
#include "server/http/http_source.h"
#include "tests/server/fixed_members.h"
#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr size_t kMiB = size_t{1} << 20;
// More than all buffers between two sockets of this machine.
constexpr size_t kTooMuch = 32 * kMiB;
// What makes such a client slow: it is never read on its own.
constexpr int kSmallBuffer = 4096;

std::string Get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

size_t Threads() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

// What the test has it say, to all its clients.
class Script {
 public:
  // Appended to what was said.
  void Say(const std::string& words) {
    MutexLock lock(mutex_);
    said_ += words;
    WakeAll();
  }
  void End() {
    MutexLock lock(mutex_);
    ended_ = true;
    WakeAll();
  }
  bool AwaitClients(size_t n) {
    MutexLock lock(mutex_);
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (clients_ != n && changed_.WaitUntil(mutex_, limit)) {
    }
    return clients_ == n;
  }
  size_t most_given() {
    MutexLock lock(mutex_);
    return most_given_;
  }
  std::shared_ptr<HttpSource> NewSource(bool ends_with_client = true) {
    return std::make_shared<Source>(*this, ends_with_client);
  }

 private:
  class Source : public HttpSource {
   public:
    Source(Script& script, bool ends_with_client) : script_(script), ends_with_client_(ends_with_client) {}
    ~Source() override { script_.Leave(at_); }
    void Begin(std::weak_ptr<HttpAsker> asker) override { script_.Begin(std::move(asker)); }
    Piece Next(std::string& out) override { return script_.Next(at_, out); }
    bool ends_with_client() const override { return ends_with_client_; }

   private:
    Script& script_;
    const bool ends_with_client_;
    size_t at_ = 0;
  };

  void Add(int clients) {
    MutexLock lock(mutex_);
    clients_ += static_cast<size_t>(clients);
    changed_.NotifyAll();
  }
  void Leave(size_t given) {
    Add(-1);
    MutexLock lock(mutex_);
    given_ -= given;
  }
  void Begin(std::weak_ptr<HttpAsker> asker) {
    Add(1);
    MutexLock lock(mutex_);
    askers_.push_back(std::move(asker));
  }
  HttpSource::Piece Next(size_t& at, std::string& out) {
    MutexLock lock(mutex_);
    if (at == said_.size()) return ended_ ? HttpSource::Piece::kEnd : HttpSource::Piece::kNothing;
    out += said_.substr(at, kMiB);
    at += out.size();
    given_ += out.size();
    most_given_ = std::max(most_given_, given_);
    return HttpSource::Piece::kSome;
  }
  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& one : askers_) {
      if (const auto asker = one.lock()) asker->Wake();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::string said_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  size_t clients_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t given_ ABSL_GUARDED_BY(mutex_) = 0;  // bytes, to those who are clients now
  size_t most_given_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::weak_ptr<HttpAsker>> askers_ ABSL_GUARDED_BY(mutex_);
};

// One poller, so that whoever is held up by another one is seen to be.
class HttpWriting : public ::testing::Test {
 protected:
  HttpWriting() {
    const auto large = [](size_t bytes) {
      return AtOnce([bytes](const HttpRequest&) { return HttpResponse{.body = std::string(bytes, '#')}; });
    };
    router_.Add("GET", "/mib", large(kMiB));
    router_.Add("GET", "/large", large(kTooMuch));
    router_.Add("GET", "/small", AtOnce([](const HttpRequest&) { return HttpResponse{.body = "\"small\""}; }));
    const auto stream = [this](bool ends_with_client) {
      return AtOnce([this, ends_with_client](const HttpRequest&) {
        return HttpResponse{.content_type = "text/plain", .source = script_.NewSource(ends_with_client)};
      });
    };
    router_.Add("GET", "/stream", stream(true));
    router_.Add("GET", "/file", stream(false));
  }
  ~HttpWriting() override { http_.reset(); }

  void Start(HttpServerConfig config = {}) {
    config.listen = {"127.0.0.1", 0};
    config.node = "node1";
    config.pollers = 1;
    http_ = std::make_unique<HttpServer>(config, front_);
    ASSERT_TRUE(http_->Bind().ok());
    ASSERT_TRUE(http_->Start().ok());
  }
  std::unique_ptr<RawClient> Client(const std::string& request) {
    auto client = std::make_unique<RawClient>(http_->port(), kSmallBuffer);
    client->Send(request);
    return client;
  }
  // Whether another client is served.
  bool Serves() { return Client(Get("/small"))->Until("small").find("200 OK") != std::string::npos; }

  Script script_;
  Router router_;
  FrontDoor front_{router_};
  std::unique_ptr<HttpServer> http_;
};

size_t Hashes(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '#')); }

Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

TEST_F(HttpWriting, ASlowReaderHoldsUpNobody) {
  Start({.max_threads = 1, .max_waiting = 0});
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(Client(Get("/mib")));
  std::vector<size_t> taken;
  for (const auto& client : slow) taken.push_back(Hashes(client->Until("#")));  // its answer has begun
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Serves());
  for (size_t i = 0; i < slow.size(); ++i) EXPECT_EQ(taken[i] + Hashes(slow[i]->Until("#\n")), kMiB);
}

TEST_F(HttpWriting, WhatWasAskedBehindALargeAnswerIsAnsweredBehindIt) {
  Start();
  const auto client = Client(Get("/large") + Get("/small") + Get("/mib") + Get("/small"));
  ASSERT_TRUE(Serves());
  client->SendNoMore();
  const std::string all = client->Rest();
  EXPECT_EQ(Hashes(all), kTooMuch + kMiB);
  const size_t first = all.find("small");
  EXPECT_EQ(Hashes(all.substr(0, first)), kTooMuch);
  EXPECT_THAT(all, EndsWith("\"small\"\n"));
  EXPECT_NE(all.rfind("small"), first);
}

TEST_F(HttpWriting, WhoTakesNothingOfAnAnswerIsCutOff) {
  Start({.stalled_write = 1ms});
  const auto slow = Client(Get("/large"));
  slow->Until("#");
  ASSERT_TRUE(http_->Drain(Now() + 60s));
  EXPECT_LT(Hashes(slow->Rest()), kTooMuch);
}

TEST_F(HttpWriting, WhatAllClientsLeaveUntakenHasALimit) {
  Start({.max_unsent_bytes = kTooMuch});
  const auto slowest = Client(Get("/large"));
  ASSERT_TRUE(Serves());
  const auto other = Client(Get("/large"));
  EXPECT_EQ(Hashes(other->Until("#\n")), kTooMuch);
  EXPECT_LT(Hashes(slowest->Rest()), kTooMuch);
}

// One wake reaches all streams before anybody's end is seen.
TEST_F(HttpWriting, ThatLimitHoldsWhereManyStreamsHaveSomethingToSayAtOnce) {
  Start({.max_unsent_bytes = 4 * kMiB, .stalled_write = 100ms});
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 16; ++i) idle.push_back(Client(Get("/stream")));
  ASSERT_TRUE(script_.AwaitClients(idle.size()));
  script_.Say(std::string(kMiB, '#'));
  ASSERT_TRUE(Serves());
  // Each has a part of its piece in the kernel's buffers.
  EXPECT_LE(script_.most_given(), 8 * kMiB);
  EXPECT_TRUE(script_.AwaitClients(0)) << "and all come to their turn, and their end";
  EXPECT_LE(script_.most_given(), 8 * kMiB);
}

TEST_F(HttpWriting, ADrainWaitsForASlowReaderAndAStopDoesNot) {
  Start();
  const auto first = Client(Get("/large"));
  first->Until("#");
  EXPECT_FALSE(http_->Drain(Now()));
  // It has to be read while the server waits.
  std::string rest;
  std::thread reader([&] { rest = first->Rest(); });
  EXPECT_TRUE(http_->Drain(Now() + 60s));
  reader.join();
  EXPECT_GE(Hashes(rest), kTooMuch - kMiB);
  EXPECT_THAT(rest, EndsWith("#\n"));

  Start();
  const auto second = Client(Get("/large"));
  second->Until("#");
  http_->Stop();
  EXPECT_LT(Hashes(second->Rest()), kTooMuch);
}

TEST_F(HttpWriting, AStreamComesAsItIsSaid) {
  Start();
  const auto client = Client(Get("/stream"));
  EXPECT_THAT(client->Until("\r\n\r\n"), HasSubstr("\r\nConnection: close\r\n"));
  for (const char* words : {"one", "two", "three"}) {
    script_.Say(words);
    EXPECT_EQ(client->Until(words), words);
  }
  script_.Say(std::string(kTooMuch, '#'));
  script_.End();
  EXPECT_EQ(Hashes(client->Rest()), kTooMuch);
  EXPECT_TRUE(script_.AwaitClients(0));
}

TEST_F(HttpWriting, OfAStreamHeadIsTheHead) {
  Start();
  const auto client = Client("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client->Rest(), AllOf(HasSubstr("200 OK"), Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\n")));
}

TEST_F(HttpWriting, AStreamWhoseClientTakesNothingIsCutOff) {
  Start({.stalled_write = 1ms});
  const auto stalled = Client(Get("/stream"));
  const auto other = Client(Get("/small"));
  EXPECT_THAT(other->Until("small"), HasSubstr("200 OK"));
  ASSERT_TRUE(script_.AwaitClients(1));
  script_.Say(std::string(kTooMuch, '#'));
  EXPECT_TRUE(script_.AwaitClients(0));
  EXPECT_LT(Hashes(stalled->Rest()), kTooMuch);
  EXPECT_TRUE(Serves());
}

TEST_F(HttpWriting, AStreamEndsWithItsClientAndAFileDoesNot) {
  Start();
  const auto stream = Client(Get("/stream"));
  const auto file = Client(Get("/file"));
  ASSERT_TRUE(script_.AwaitClients(2));
  stream->SendNoMore();
  file->SendNoMore();
  ASSERT_TRUE(script_.AwaitClients(1));
  script_.Say("words");
  script_.End();
  EXPECT_THAT(stream->Rest(), Not(HasSubstr("words")));
  EXPECT_THAT(file->Rest(), EndsWith("words"));
}

TEST_F(HttpWriting, AStreamForWhoSaysNothingMoreIsItsBeginning) {
  Start();
  for (int i = 0; i < 20; ++i) {
    const auto client = Client(Get("/stream"));
    client->SendNoMore();
    EXPECT_THAT(client->Rest(), HasSubstr("200 OK"));
  }
}

TEST_F(HttpWriting, StreamsCostNoThreads) {
  Start();
  ASSERT_TRUE(Serves());
  const size_t before = Threads();
  std::vector<std::unique_ptr<RawClient>> streams;
  for (int i = 0; i < 600; ++i) streams.push_back(Client(Get("/stream")));
  ASSERT_TRUE(script_.AwaitClients(600));
  EXPECT_EQ(Threads(), before);
  script_.Say("news");
  for (const auto& stream : streams) EXPECT_THAT(stream->Until("news"), EndsWith("news"));
  EXPECT_EQ(Threads(), before);
  EXPECT_FALSE(http_->Drain(Now()));
  script_.End();
  EXPECT_TRUE(http_->Drain(Now() + 60s));
}

TEST_F(HttpWriting, AStopEndsStreams) {
  Start();
  const auto client = Client(Get("/stream"));
  ASSERT_TRUE(script_.AwaitClients(1));
  http_->Stop();
  EXPECT_TRUE(script_.AwaitClients(0));
  script_.Say("too late");
  EXPECT_THAT(client->Rest(), Not(HasSubstr("late")));
}

// A file in pieces that somebody reads who is slower than the disk, and one whose reading fails.
TEST_F(HttpWriting, ABackupComesWholeToASlowReaderAndShortWhereItCannotBeRead) {
  const auto backup = [](bool whole) {
    return AtOnce([whole](const HttpRequest&) {
      HttpResponse response{.content_type = "application/octet-stream"};
      response.source = ReadAhead([whole, left = kTooMuch]() mutable -> absl::StatusOr<std::string> {
        if (!whole && left < kTooMuch / 2) return absl::DataLossError("broken");
        const size_t size = std::min(left, kMiB);
        left -= size;
        return std::string(size, '#');
      });
      return response;
    });
  };
  router_.Add("GET", "/backup", backup(true));
  router_.Add("GET", "/broken", backup(false));
  Start({.max_threads = 1});
  const auto slow = Client(Get("/backup"));
  const auto broken = Client(Get("/broken"));
  slow->Until("#");
  ASSERT_TRUE(Serves());
  const std::string part = broken->Rest();
  EXPECT_THAT(part, HasSubstr("200 OK"));
  EXPECT_LT(Hashes(part), kTooMuch);
  EXPECT_GE(Hashes(slow->Rest()), kTooMuch - kMiB);
}

// The real one.
class EventStreams : public ::testing::Test {
 protected:
  class Nobody : public PeerCaller {
   public:
    PeerAnswer Call(const NodeId&, const HttpRequest&, std::chrono::milliseconds) override { return {}; }
  };

  EventStreams() {
    RegisterEventApi(router_, watcher_, events_);
    EXPECT_TRUE(http_.Bind().ok());
    EXPECT_TRUE(http_.Start().ok());
  }

  Nobody peers_;
  FanOut fan_out_{"node1", Nodes({"node1"}), [](const HttpRequest&) { return HttpResponse(); }, peers_};
  EventLog events_{"e"};
  ClusterWatcher watcher_{fan_out_, events_};
  Router router_;
  FrontDoor front_{router_};
  HttpServer http_{{.listen = {"127.0.0.1", 0}, .node = "node1"}, front_};
};

TEST_F(EventStreams, TellWhatIsNewAndGoOnWhereTheyWereLeft) {
  const RawClient client(http_.port());
  client.Send(Get("/api/events"));
  EXPECT_THAT(client.Until("retry: 1000\n\n"), HasSubstr("Content-Type: text/event-stream"));
  events_.AddChange({.type = "term_change", .data = "1"});
  EXPECT_THAT(client.Until("\n\n"), HasSubstr("id: e-1\n"));
  events_.AddChange({.type = "term_change", .data = "2"});
  EXPECT_THAT(client.Until("\n\n"), HasSubstr("id: e-2\n"));
  const RawClient again(http_.port());
  again.Send("GET /api/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: e-1\r\n\r\n");
  EXPECT_THAT(again.Until("id: e-2\n"), Not(HasSubstr("id: e-1\n")));
}

TEST_F(EventStreams, AStreamWithoutNewsIsKeptAlive) {
  const RawClient client(http_.port());
  client.Send(Get("/api/events"));
  EXPECT_THAT(client.Until(": keep-alive\n\n"), EndsWith("retry: 1000\n\n: keep-alive\n\n"));
}

TEST_F(EventStreams, EndWithTheirClientsAndWithTheLog) {
  {
    const RawClient gone(http_.port());
    gone.Send(Get("/api/events"));
    gone.Until("retry");
    EXPECT_EQ(watcher_.streams(), 1u);
  }
  const RawClient stays(http_.port());
  stays.Send(Get("/api/events"));
  stays.Until("retry: 1000\n\n");
  for (const auto limit = Now() + 60s; watcher_.streams() > 1 && Now() < limit;) std::this_thread::yield();
  EXPECT_EQ(watcher_.streams(), 1u);
  events_.Stop();
  EXPECT_EQ(stays.Rest(), "");
  EXPECT_TRUE(http_.Drain(Now() + 60s));
  EXPECT_EQ(watcher_.streams(), 0u);
}

}  // namespace
}  // namespace raftly
