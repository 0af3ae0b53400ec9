// Client::Watch: one stream after the other, which to the caller are one.
#include <httplib.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/client/answers.h"
#include "server/client/endpoints.h"
#include "server/client/raftly_client.h"
#include "server/client/watch_stream.h"
#include "server/http/url.h"
#include "server/http_client.h"

namespace raftly::client {
namespace {

using std::chrono::seconds;

// A server says something every five.
constexpr seconds kSilence{15};
constexpr size_t kLongestError = 4096;

// One stream of one server, from where the position is.
class Stream {
 public:
  Stream(WatchPosition& position, const std::function<bool(const Change&)>& on_change)
      : position_(position), on_change_(on_change) {}

  // What ended it. Unavailable: another server may go on.
  absl::Status Run(httplib::Client& client, const std::string& prefix, const std::stop_token& stop) {
    position_.Begin();
    const std::stop_callback closing(stop, [&] { client.stop(); });
    const auto on_head = [&](const httplib::Response& response) {
      answer_.status = response.status;
      return !stop.stop_requested();
    };
    const auto on_data = [&](const char* data, size_t size) { return !stop.stop_requested() && Take({data, size}); };
    httplib::Headers headers;
    if (position_.after()) headers.emplace("Last-Event-ID", absl::StrCat(*position_.after()));
    const auto result = client.Get("/api/watch?prefix=" + PercentEncode(prefix), headers, on_head, on_data);
    if (stop.stop_requested()) return absl::CancelledError("the watch was stopped");
    if (!end_.ok() || finished_) return end_;
    if (answer_.status == 429 || answer_.status >= 500) return absl::UnavailableError(Describe(answer_));
    if (answer_.status != 0 && answer_.status != 200) return Refused(answer_);
    return absl::UnavailableError(answer_.status == 200 ? "the stream ended" : httplib::to_string(result.error()));
  }

  bool opened() const { return answer_.status == 200; }
  bool brought_news() const { return news_; }

 private:
  // False: no more of this stream.
  bool Take(std::string_view bytes) {
    if (answer_.status != 200) {
      answer_.body.append(bytes.substr(0, kLongestError - std::min(kLongestError, answer_.body.size())));
      return true;
    }
    end_ = parser_.Feed(bytes, [&](const StreamEvent& event) { return Take(event); });
    return end_.ok() && !finished_;
  }

  absl::Status Take(const StreamEvent& event) {
    if (finished_) return absl::OkStatus();
    // That it cuts us off, as too slow: its data says so. We come again, from where we are.
    if (!event.name.empty() && event.name != "message") return absl::UnavailableError("cut off: " + event.data);
    uint64_t index = 0;
    if (!absl::SimpleAtoi(event.id, &index)) return absl::InternalError("an event's id is no index: " + event.id);
    if (event.data.empty()) {
      position_.PassedBy(index);
      return absl::OkStatus();
    }
    const auto change = ReadChange(index, event.data);
    if (!change.ok()) return change.status();
    if (!position_.Take(index)) return absl::OkStatus();
    news_ = true;
    finished_ = !on_change_(*change);
    return absl::OkStatus();
  }

  WatchPosition& position_;
  const std::function<bool(const Change&)>& on_change_;
  EventParser parser_;
  Answer answer_;
  absl::Status end_;
  bool news_ = false;
  bool finished_ = false;
};

}  // namespace

absl::Status Client::Watch(const WatchOptions& options, const std::function<bool(const Change&)>& on_change,
                           std::stop_token stop) {
  WatchPosition position(options.from);
  if (!options.from) {
    // Where "now" is has to be known, or what happens before a first event would be lost with its stream.
    const auto now = List({.prefix = options.prefix, .limit = 1, .values = false});
    if (!now.ok()) return now.status();
    position.PassedBy(now->index);
  }
  std::string why = "no endpoint is ready";
  Clock::time_point give_up = Clock::now() + deadline_;
  while (const auto which = endpoints_->Next(give_up, stop)) {
    const auto connection = endpoints_->Connect(*which);
    connection->set_connection_timeout(std::chrono::duration_cast<std::chrono::microseconds>(deadline_) / 2);
    connection->set_read_timeout(kSilence);
    Stream stream(position, on_change);
    const absl::Status end = stream.Run(*connection, options.prefix, stop);
    if (!absl::IsUnavailable(end)) return end;
    why = std::string(end.message());
    if (stream.opened()) give_up = Clock::now() + deadline_;
    if (stream.brought_news()) endpoints_->Worked(*which);
    endpoints_->Failed(*which);
  }
  if (stop.stop_requested()) return absl::CancelledError("the watch was stopped");
  return absl::UnavailableError(absl::StrCat("no stream for as long as the deadline: ", why));
}

}  // namespace raftly::client
