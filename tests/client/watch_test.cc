// Watching: events out of bytes, and one stream out of several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/client/raftly_client.h"
#include "server/client/watch_stream.h"
#include "tests/client/scripted_server.h"

namespace raftly::client {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Put(const std::string& id, const std::string& key) {
  return "id: " + id + "\ndata: {\"op\":\"put\",\"key\":\"" + key +
         "\",\"value\":\"v\",\"version\":" + std::to_string(std::stoi(id)) + "}\n\n";
}

std::vector<std::string> Parse(const std::string& text, size_t piece) {
  EventParser parser;
  std::vector<std::string> events;
  for (size_t at = 0; at < text.size(); at += piece) {
    const absl::Status status = parser.Feed(text.substr(at, piece), [&](const StreamEvent& event) {
      events.push_back(event.name + "|" + event.id + "|" + event.data);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  return events;
}

TEST(EventParser, ReadsTheStandardsExamplesInPiecesOfAnySize) {
  const std::string text =
      "retry: 1000\nid: 4\n\n: comment\n\nid:5\ndata:  two\r\ndata: lines\r\n\r\nevent: gone\rdata: x:y\r\rdata: "
      "unfinished\n";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_THAT(Parse(text, piece), ElementsAre("|4|", "|5| two\nlines", "gone||x:y")) << piece;
  }
}

TEST(EventParser, AnEventWithoutEndIsAnError) {
  EventParser parser;
  absl::Status status;
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 20 && status.ok(); ++i) {
    status = parser.Feed(piece, [](const StreamEvent&) { return absl::OkStatus(); });
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

class Watching : public ::testing::Test {
 protected:
  // Until so many changes have come.
  absl::Status Watch(const std::vector<std::string>& endpoints, size_t changes, const WatchOptions& options = {},
                     milliseconds deadline = milliseconds(60'000)) {
    const auto client = Client::Open({.endpoints = endpoints, .deadline = deadline});
    return (*client)->Watch(options, [&](const Change& change) {
      heard_.push_back(change.id + (change.deleted ? " delete " : " put ") + change.key + "=" + change.value);
      return heard_.size() < changes;
    });
  }

  std::vector<std::string> heard_;
};

TEST_F(Watching, TellsChanges) {
  const ScriptedServer server({Streams("retry: 1000\nid: 3\n\n" + Put("4", "a") +
                                       "id: 5\ndata: {\"op\":\"delete\",\"key\":\"b\",\"version\":5}\n\n")});
  EXPECT_EQ(Watch({server.address()}, 2, {.prefix = "p/", .from = 4}), absl::OkStatus());
  EXPECT_THAT(heard_, ElementsAre("4 put a=v", "5 delete b="));
  EXPECT_EQ(server.requests()[0].line, "GET /api/watch?prefix=p%2F&from=4 HTTP/1.1");
  EXPECT_EQ(server.requests()[0].Header("last-event-id"), "");
}

TEST_F(Watching, GoesOnElsewhereBehindTheLastId) {
  const ScriptedServer first({Streams("id: 3\n\n" + Put("4.1", "a") + "id: 4\ndata: {\"op\":\"pu")});
  const ScriptedServer second({Says(503, R"({"error":"stopping"})")});
  const ScriptedServer third({Streams("id: 4.1\n\n" + Put("4", "b") + "id: 9\n\n"), Streams(Put("12", "c"))});
  EXPECT_EQ(Watch({first.address(), NobodysAddress(), second.address(), third.address()}, 2), absl::OkStatus());
  EXPECT_THAT(heard_, ElementsAre("4.1 put a=v", "4 put b=v"));
  EXPECT_EQ(third.requests()[0].Header("last-event-id"), "4.1");
  EXPECT_EQ(Watch({third.address()}, 3, {.last_id = "9"}), absl::OkStatus());
  EXPECT_EQ(third.requests()[1].Header("last-event-id"), "9");
}

TEST_F(Watching, AnIdAloneMovesOn) {
  const ScriptedServer server({Streams(Put("4", "a") + "id: 900\n\n"), Streams(Put("901", "b"))});
  EXPECT_EQ(Watch({server.address()}, 2), absl::OkStatus());
  EXPECT_EQ(server.requests()[1].Header("last-event-id"), "900");
}

TEST_F(Watching, WhatOneDoesNotKeepAnotherMay) {
  const std::string gone = Says(410, R"({"error":"the changes before index 70 are not kept"})");
  const ScriptedServer forgetful(
      {Streams(Put("4", "a") + "event: gone\ndata: {\"error\":\"e\",\"oldest\":70}\n\n"), gone});
  const ScriptedServer other({Streams(Put("5", "b")), gone});
  EXPECT_EQ(Watch({forgetful.address(), other.address()}, 2), absl::OkStatus());
  EXPECT_THAT(heard_, ElementsAre("4 put a=v", "5 put b=v"));
  const absl::Status nobody = Watch({forgetful.address(), other.address()}, 3, {.from = 6});
  EXPECT_EQ(nobody.code(), absl::StatusCode::kOutOfRange) << nobody;
  EXPECT_THAT(std::string(nobody.message()), HasSubstr("before index 70"));
}

TEST_F(Watching, WhatIsRefusedIsTold) {
  const ScriptedServer server({Says(403, R"({"error":"the role read is needed"})")});
  EXPECT_EQ(Watch({server.address()}, 1).code(), absl::StatusCode::kPermissionDenied);
  const ScriptedServer nonsense({Streams("id: 4\ndata: nonsense\n\n")});
  EXPECT_EQ(Watch({nonsense.address()}, 1).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Watch({NobodysAddress()}, 1, {}, milliseconds(200)).code(), absl::StatusCode::kUnavailable);
}

TEST_F(Watching, CanBeStoppedFromAnotherThread) {
  const ScriptedServer hangs({kHang});
  const auto client = Client::Open({.endpoints = {hangs.address()}});
  std::stop_source stop;
  absl::Status end;
  std::thread watcher([&] {
    end = (*client)->Watch(
        {}, [](const Change&) { return true; }, stop.get_token());
  });
  while (hangs.requests().empty()) std::this_thread::yield();
  stop.request_stop();
  watcher.join();
  EXPECT_EQ(end.code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace raftly::client
