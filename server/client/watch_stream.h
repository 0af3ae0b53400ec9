// What comes over GET /api/watch: events out of bytes (Server-Sent Events).
#pragma once

#include <functional>
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

}  // namespace raftly::client
