#include "server/http/event_api.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/http/http_source.h"
#include "server/http/url.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A comment after so long without a frame, so that no proxy takes the stream for dead: every 5 s (SPEC section 4.1),
// for a source is asked again up to a second late.
constexpr milliseconds kKeepAlive{4'000};

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

// "chaos,log,links,members", each at most once or more, in any order.
absl::StatusOr<Topics> TopicsOf(const HttpRequest& request) {
  Topics topics({Topic::kStatus});
  const auto include = QueryParameter(request.query(), "include");
  if (!include.ok()) return include.status();
  std::string_view names = include->has_value() ? std::string_view(**include) : std::string_view();
  if (!IsUtf8(names)) return absl::InvalidArgumentError("include: not UTF-8");
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (name == "chaos") {
      topics.Add(Topic::kChaos);
    } else if (name == "log") {
      topics.Add(Topic::kLog);
    } else if (name == "links") {
      topics.Add(Topic::kLinks);
    } else if (name == "members") {
      topics.Add(Topic::kMembers);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("include: want chaos, log, links, members, not \"", std::string(name), "\""));
    }
  }
  return topics;
}

class EventStream : public HttpSource {
 public:
  EventStream(EventLog& events, EventLog::Cursor cursor, Topics topics,
              std::unique_ptr<ClusterWatcher::Watching> watching)
      : events_(events), cursor_(cursor), topics_(topics), watching_(std::move(watching)) {}

  void Begin(std::weak_ptr<HttpAsker> asker) override {
    news_ = events_.Subscribe([asker = std::move(asker)] {
      if (const auto client = asker.lock()) client->Wake();
    });
  }
  Piece Next(std::string& out) override {
    if (events_.stopped()) return Piece::kEnd;
    const Time now = SteadyNow();
    if (last_written_ == Time()) out = "retry: 1000\n\n";
    for (const Frame& frame : events_.Take(cursor_, topics_)) out += *frame;
    if (out.empty() && now >= ask_again()) out = ": keep-alive\n\n";
    if (out.empty()) return Piece::kNothing;
    last_written_ = now;
    return Piece::kSome;
  }
  Time ask_again() const override { return last_written_ + kKeepAlive; }

 private:
  EventLog& events_;
  EventLog::Cursor cursor_;
  const Topics topics_;
  const std::unique_ptr<ClusterWatcher::Watching> watching_;
  Time last_written_ = {};
  EventLog::Subscription news_;
};

}  // namespace

void RegisterEventApi(Router& router, ClusterWatcher& watcher, EventLog& events) {
  router.Add("GET", "/api/events", AtOnce([&](const HttpRequest& request) {
               const auto topics = TopicsOf(request);
               if (!topics.ok()) return BadRequest(topics.status());
               auto watching = watcher.Watch(*topics);
               if (!watching.ok()) return ErrorResponse(503, std::string(watching.status().message()));
               HttpResponse response{.content_type = "text/event-stream"};
               response.headers = {{"Cache-Control", "no-cache, no-store"}, {"X-Accel-Buffering", "no"}};
               const EventLog::Cursor cursor = events.Connect(request.header("Last-Event-ID"));
               response.source = std::make_shared<EventStream>(events, cursor, *topics, *std::move(watching));
               return response;
             }));
}

}  // namespace raftly
