// A reader of GET /api/events, or of another stream of events, on a connection of its own, as a browser would be.
//
//   EventStream stream(port, {.include = "log"});
//   ASSERT_EQ(stream.status(), 200);
//   const auto change = stream.Await("leader_change");
//   EXPECT_EQ(change->event["data"]["to"], "node2");
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {

class EventStream {
 public:
  struct Options {
    std::string target = "/api/events";
    std::string include = {};
    std::string last_id = {};
    std::string token = {};
  };
  struct Frame {
    std::string id;
    nlohmann::json event;

    std::string type() const { return event.value("type", ""); }
  };

  // Returns when the answer's head has come.
  explicit EventStream(int port) : EventStream(port, Options()) {}
  EventStream(int port, const Options& options);
  // Closes the connection.
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  int status() const;  // 0: none came
  const std::string& head() const { return head_; }
  bool ended() const { return ended_; }  // by the server

  // nullopt: none came within `limit`, or the server closed.
  std::optional<Frame> Next(milliseconds limit = kPatience);
  // Reads on until a frame of that type comes, for which `wanted` holds where it is given.
  std::optional<Frame> Await(const std::string& type, const std::function<bool(const Frame&)>& wanted = {});

 private:
  // Takes what comes before `end`, which is dropped. False: it did not come.
  bool ReadUntil(const std::string& end, std::string& out, milliseconds limit);

  int fd_ = -1;
  std::string head_;
  std::string unread_;
  bool ended_ = false;
};

}  // namespace raftly::test
