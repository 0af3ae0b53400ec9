#include "server/http/event_api.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/http/url.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A client that has gone is noticed at least this often.
constexpr milliseconds kLookForClient{250};
// A comment after so long without a frame, so that no proxy takes the stream for dead.
constexpr milliseconds kKeepAlive{5'000};

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

// "chaos,log,links", each at most once or more, in any order.
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
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("include: want chaos, log, links, not \"", std::string(name), "\""));
    }
  }
  return topics;
}

void Run(const EventLog& events, EventLog::Cursor cursor, Topics topics, HttpSink& sink) {
  if (!sink.Write("retry: 1000\n\n")) return;
  Time last_written = SteadyNow();
  while (sink.Alive() && !events.stopped()) {
    std::string out;
    for (const Frame& frame : events.Await(cursor, topics, SteadyNow() + kLookForClient)) out += *frame;
    if (out.empty() && SteadyNow() - last_written < kKeepAlive) continue;
    if (out.empty()) out = ": keep-alive\n\n";
    if (!sink.Write(out)) return;
    last_written = SteadyNow();
  }
}

}  // namespace

void RegisterEventApi(Router& router, ClusterWatcher& watcher, const EventLog& events) {
  router.Add("GET", "/api/events", [&](const HttpRequest& request) {
    const auto topics = TopicsOf(request);
    if (!topics.ok()) return ErrorResponse(400, std::string(topics.status().message()));
    auto watching = watcher.Watch(*topics);
    if (!watching.ok()) return ErrorResponse(503, std::string(watching.status().message()));
    HttpResponse response{.content_type = "text/event-stream"};
    response.headers = {{"Cache-Control", "no-cache, no-store"}, {"X-Accel-Buffering", "no"}};
    const EventLog::Cursor cursor = events.Connect(request.header("Last-Event-ID"));
    std::shared_ptr<ClusterWatcher::Watching> held = *std::move(watching);
    response.stream = [&events, cursor, topics = *topics, held](HttpSink& sink) { Run(events, cursor, topics, sink); };
    return response;
  });
}

}  // namespace raftly
