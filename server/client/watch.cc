// Client::Watch: one stream after the other, which to the caller are one.
#include <httplib.h>

#include <algorithm>
#include <string>

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

// A server says something every fifteen, and may be some seconds late.
constexpr seconds kSilence{30};
constexpr size_t kLongestError = 4096;

// One stream of one server.
class Stream {
 public:
  // `last_id`: of what has been received, here or of another stream; moves on.
  Stream(std::string& last_id, const std::function<bool(const Change&)>& on_change)
      : last_id_(last_id), on_change_(on_change) {}

  // What ended it. Unavailable and OutOfRange: another server may go on.
  absl::Status Run(httplib::Client& client, const std::string& target, const std::stop_token& stop) {
    const std::stop_callback closing(stop, [&] { client.stop(); });
    const auto on_head = [&](const httplib::Response& response) {
      answer_.status = response.status;
      return !stop.stop_requested();
    };
    const auto on_data = [&](const char* data, size_t size) { return !stop.stop_requested() && Take({data, size}); };
    httplib::Headers headers;
    if (!last_id_.empty()) headers.emplace("Last-Event-ID", last_id_);
    const auto result = client.Get(target, headers, on_head, on_data);
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
    // We are too slow for it, or it has lost its place. Another one may have ours.
    if (event.name == "gone") return absl::UnavailableError("cut off: " + event.data);
    if (!event.data.empty()) {
      const auto change = ReadChange(event.id, event.data);
      if (!change.ok()) return change.status();
      news_ = true;
      finished_ = !on_change_(*change);
    }
    // Also where it stands alone: so far has the stream come.
    if (!event.id.empty()) last_id_ = event.id;
    return absl::OkStatus();
  }

  std::string& last_id_;
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
  std::string target = "/api/watch?prefix=" + PercentEncode(options.prefix);
  if (options.from) absl::StrAppend(&target, "&from=", *options.from);
  std::string last_id = options.last_id;
  std::string why = "no endpoint is ready";
  size_t gone = 0;  // endpoints in a row that do not keep what comes next
  Clock::time_point give_up = Clock::now() + deadline_;
  while (const auto which = endpoints_->Next(give_up, stop)) {
    const auto connection = endpoints_->Connect(*which);
    connection->set_connection_timeout(std::chrono::duration_cast<std::chrono::microseconds>(deadline_) / 2);
    connection->set_read_timeout(kSilence);
    Stream stream(last_id, on_change);
    const absl::Status end = stream.Run(*connection, target, stop);
    gone = absl::IsOutOfRange(end) ? gone + 1 : 0;
    if (!absl::IsUnavailable(end) && (gone == 0 || gone == endpoints_->size())) return end;
    why = std::string(end.message());
    if (stream.opened()) give_up = Clock::now() + deadline_;
    if (stream.brought_news()) endpoints_->Worked(*which);
    endpoints_->Failed(*which);
  }
  if (stop.stop_requested()) return absl::CancelledError("the watch was stopped");
  return absl::UnavailableError(absl::StrCat("no stream for as long as the deadline: ", why));
}

}  // namespace raftly::client
