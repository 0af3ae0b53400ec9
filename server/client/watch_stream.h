// What comes over GET /api/watch: events out of bytes (Server-Sent Events), and which of them are news.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace raftly::client {

struct StreamEvent {
  std::string name = {};  // empty: a change
  std::string id = {};
  std::string data = {};
};

// The text/event-stream of the HTML standard, with its three ends of a line.
class EventParser {
 public:
  // A value of 1 MiB, escaped as \u0000, has six.
  static constexpr size_t kLongestEvent = size_t{16} << 20;

  // Calls `on_event` with each that is complete. ResourceExhausted: one is longer than kLongestEvent. Else what
  // `on_event` returned first that was not Ok; the rest is dropped then.
  absl::Status Feed(std::string_view bytes, const std::function<absl::Status(const StreamEvent&)>& on_event);

 private:
  // The line that line_ holds.
  absl::Status EndLine(const std::function<absl::Status(const StreamEvent&)>& on_event);

  std::string line_;
  bool after_return_ = false;  // a '\n' that comes now is no line of its own
  StreamEvent event_;
  bool empty_ = true;  // event_ has no field yet
};

// How far a watch has come, so that it goes on at another node without gap or repeat. A transaction makes several
// changes at one index, of which the first may have come and the others not: it goes on before that index, and knows
// how many to leave out.
class WatchPosition {
 public:
  // Changes after this index are wanted; nullopt: those after the first moment that the server tells.
  explicit WatchPosition(std::optional<uint64_t> after) : after_(after) {}

  // A stream begins, which has what comes after after().
  void Begin() { to_skip_ = taken_; }
  // A change at this index comes. Whether it is news.
  bool Take(uint64_t index);
  // Everything up to here has come.
  void PassedBy(uint64_t index);

  std::optional<uint64_t> after() const { return after_; }

 private:
  std::optional<uint64_t> after_;
  int taken_ = 0;    // changes of the index after after_ that have been taken
  int to_skip_ = 0;  // of these, which this stream has still to repeat
};

}  // namespace raftly::client
