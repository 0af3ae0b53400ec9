#include "server/client/watch_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly::client {

absl::Status EventParser::Feed(std::string_view bytes,
                               const std::function<absl::Status(const StreamEvent&)>& on_event) {
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > kLongestEvent) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the stream has an event of more than ", kLongestEvent, " bytes"));
    }
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (absl::Status status = EndLine(on_event); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EventParser::EndLine(const std::function<absl::Status(const StreamEvent&)>& on_event) {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) {
    const StreamEvent event = std::exchange(event_, {});
    return std::exchange(empty_, true) ? absl::OkStatus() : on_event(event);
  }
  if (line.front() == ':') return absl::OkStatus();  // a comment
  const size_t colon = line.find(':');
  const std::string name = line.substr(0, colon);
  std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.erase(0, 1);
  if (name == "data") {
    absl::StrAppend(&event_.data, event_.data.empty() ? "" : "\n", value);
  } else if (name == "id") {
    event_.id = value;
  } else if (name == "event") {
    event_.name = value;
  } else {
    return absl::OkStatus();
  }
  empty_ = false;
  return absl::OkStatus();
}

}  // namespace raftly::client
