// How handlers answer, and what answers without an end are made of, without a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/cluster/peer_client.h"
#include "server/http/http_reply.h"
#include "server/http/http_source.h"
#include "server/http/kv_api.h"
#include "server/kv/command.h"
#include "tests/server/fake_consensus.h"
#include "tests/server/fixed_members.h"

namespace raftly {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Keeps all that it is given. Threads for what waits are there when the test says.
class Asker : public HttpAsker {
 public:
  void Answer(HttpAnswer make) override { answers.push_back(std::move(make)); }
  void AnswerAfterWaiting(HttpAnswer make) override { after_waiting.push_back(std::move(make)); }
  void Wake() override { ++wakes; }
  bool OnThread(Task task) override {
    if (!has_threads) return false;
    tasks.push_back(std::move(task));
    return true;
  }
  void RunTasks() {
    for (; !tasks.empty(); tasks.pop_front()) tasks.front()();
  }

  std::vector<HttpAnswer> answers;
  std::vector<HttpAnswer> after_waiting;
  std::deque<Task> tasks;
  int wakes = 0;
  bool has_threads = true;
};

class Handlers : public ::testing::Test {
 protected:
  void Ask(const HttpHandler& handler, const HttpRequest& request) { handler(request, HttpReply(asker_)); }

  const std::shared_ptr<Asker> asker_ = std::make_shared<Asker>();
  const HttpFunction echo_ = [](const HttpRequest& request) { return HttpResponse{.body = request.target}; };
};

TEST_F(Handlers, WhatWaitsIsMadeOnAThreadForThat) {
  const HttpRequest request{.method = "GET", .target = "/a"};
  const HttpHandler at_once = AtOnce(echo_);
  const HttpHandler waiting = Waiting(echo_);
  Ask(at_once, request);
  ASSERT_EQ(asker_->answers.size(), 1u);
  EXPECT_EQ(asker_->answers.front()().body, "/a");
  Ask(waiting, request);
  EXPECT_EQ(asker_->answers.size(), 1u);
  ASSERT_EQ(asker_->after_waiting.size(), 1u);
  EXPECT_EQ(asker_->after_waiting.front()().body, "/a");
  EXPECT_EQ(Await(at_once, request).body, "/a");
  EXPECT_EQ(Await(waiting, request).body, "/a");
}

// The node's loop replies to reads: it must not be the one that writes a large value as JSON.
TEST_F(Handlers, AValueIsMadeJsonByWhoSendsIt) {
  WriteWatch writes;
  KvStore store(&writes);
  FakeConsensus consensus(store);
  LeaderWatch leaders;
  Elect(leaders, "node1");
  store.Apply({Index{1}, Term{1}, EntryType::kNormal, Bytes(*EncodePut("k", std::string(100'000, '"')))});
  KvService service("node1", consensus, store, leaders);
  PeerClient nobody(Addresses({}));
  KvApi api("node1", service, nobody, writes);
  Router router;
  api.Register(router);
  for (const char* target : {"/keys/k", "/keys/k?consistency=stale"}) {
    router.Handle({.method = "GET", .target = target}, HttpReply(asker_));
  }
  ASSERT_EQ(asker_->answers.size(), 2u);
  for (HttpAnswer& make : asker_->answers) EXPECT_EQ(make().body.size(), 22u + 200'000u);
}

// Everything that a source has to say for now.
std::vector<std::string> Pieces(HttpSource& source) {
  std::vector<std::string> pieces;
  for (std::string out; source.Next(out) == HttpSource::Piece::kSome; out.clear()) pieces.push_back(out);
  return pieces;
}

TEST_F(Handlers, AFileIsReadOnePieceAheadOnThreadsThatMayWait) {
  std::deque<std::string> file = {"a", "b", ""};
  const auto source = ReadAhead([&]() -> absl::StatusOr<std::string> {
    const std::string piece = file.front();
    file.pop_front();
    return piece;
  });
  source->Begin(asker_);
  EXPECT_THAT(Pieces(*source), IsEmpty());
  asker_->RunTasks();
  EXPECT_EQ(asker_->wakes, 1);
  EXPECT_THAT(Pieces(*source), ElementsAre("a"));
  EXPECT_EQ(asker_->tasks.size(), 1u) << "one ahead, and no more";
  EXPECT_EQ(file.size(), 2u);
  asker_->RunTasks();
  EXPECT_THAT(Pieces(*source), ElementsAre("b"));
  asker_->RunTasks();
  std::string out;
  EXPECT_EQ(source->Next(out), HttpSource::Piece::kEnd);
  EXPECT_EQ(out, "");
  EXPECT_FALSE(source->ends_with_client());
}

TEST_F(Handlers, AFileThatCannotBeReadOnEndsThere) {
  const auto broken = ReadAhead([] { return absl::StatusOr<std::string>(absl::DataLossError("broken")); });
  broken->Begin(asker_);
  asker_->RunTasks();
  std::string out;
  EXPECT_EQ(broken->Next(out), HttpSource::Piece::kEnd);
  asker_->has_threads = false;
  const auto unread = ReadAhead([] { return absl::StatusOr<std::string>("never read"); });
  unread->Begin(asker_);
  EXPECT_EQ(unread->Next(out), HttpSource::Piece::kEnd);
  EXPECT_EQ(out, "");
}

TEST_F(Handlers, APieceThatComesAfterItsClientHasGoneIsDropped) {
  auto client = std::make_shared<Asker>();
  auto source = ReadAhead([] { return absl::StatusOr<std::string>("late"); });
  source->Begin(client);
  std::deque<Task> tasks = std::move(client->tasks);
  source = nullptr;
  client = nullptr;
  for (Task& task : tasks) task();
}

}  // namespace
}  // namespace raftly
