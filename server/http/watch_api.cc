#include "server/http/watch_api.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/http/http_source.h"
#include "server/http/url.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

// After so long without an event the stream says how far it has come: so no proxy takes it for dead, and who comes back
// need not begin at an event that nobody knows any more.
constexpr std::chrono::seconds kKeepAlive{15};

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

// Who wakes a stream that may not be there any more, or not yet.
class Bell {
 public:
  void Tie(std::weak_ptr<HttpAsker> asker) {
    MutexLock lock(mutex_);
    asker_ = std::move(asker);
  }
  void Ring() {
    std::shared_ptr<HttpAsker> asker;
    {
      MutexLock lock(mutex_);
      asker = asker_.lock();
    }
    if (asker) asker->Wake();
  }

 private:
  Mutex mutex_;
  std::weak_ptr<HttpAsker> asker_ ABSL_GUARDED_BY(mutex_);
};

class WatchStream : public HttpSource {
 public:
  WatchStream(std::unique_ptr<WatchHub::Watcher> watcher, std::shared_ptr<Bell> bell)
      : watcher_(std::move(watcher)), bell_(std::move(bell)) {}

  void Begin(std::weak_ptr<HttpAsker> asker) override { bell_->Tie(std::move(asker)); }
  Piece Next(std::string& out) override {
    const Time now = SteadyNow();
    const bool first = last_written_ == Time();
    if (first) out = "retry: 1000\n";
    if (first || now >= ask_again()) {
      // An id without data: a client remembers it, and makes no event of it.
      absl::StrAppend(&out, "id: ", ToId(watcher_->position()), "\n\n");
      last_written_ = now;
      return Piece::kSome;
    }
    switch (watcher_->Next(out)) {
      case WatchHub::Piece::kNothing:
        return Piece::kNothing;
      case WatchHub::Piece::kEnd:
        return Piece::kEnd;
      case WatchHub::Piece::kSome:
        break;
    }
    if (!out.empty()) last_written_ = now;
    return Piece::kSome;
  }
  Time ask_again() const override { return last_written_ + kKeepAlive; }

 private:
  const std::unique_ptr<WatchHub::Watcher> watcher_;
  const std::shared_ptr<Bell> bell_;
  Time last_written_ = {};
};

// Where the stream begins; nothing: now. A browser that comes back says so in a header, and repeats the query.
absl::StatusOr<std::optional<ChangePosition>> BeginOf(const HttpRequest& request) {
  if (const std::string_view last = request.header("Last-Event-ID"); !last.empty()) {
    const auto position = ParseId(last);
    if (!position.ok()) return absl::InvalidArgumentError(absl::StrCat("Last-Event-ID: ", position.status().message()));
    return *position;
  }
  const auto from = QueryParameter(request.query(), "from");
  if (!from.ok()) return from.status();
  if (!from->has_value()) return std::nullopt;
  const auto index = NumberIn<uint64_t>(**from);
  if (index.value_or(0) == 0) return absl::InvalidArgumentError("from: want an index, 1 or above");
  return ChangePosition{Index{*index}};
}

HttpResponse Watch(WatchHub& hub, const HttpRequest& request) {
  const auto prefix = QueryParameter(request.query(), "prefix");
  if (!prefix.ok()) return BadRequest(prefix.status());
  const auto begin = BeginOf(request);
  if (!begin.ok()) return BadRequest(begin.status());
  const auto bell = std::make_shared<Bell>();
  auto watcher = hub.Watch(prefix->value_or(""), *begin, [bell] { bell->Ring(); });
  if (absl::IsOutOfRange(watcher.status())) return ErrorResponse(410, std::string(watcher.status().message()));
  if (!watcher.ok()) return ErrorResponse(503, std::string(watcher.status().message()));
  HttpResponse response{.content_type = "text/event-stream"};
  response.headers = {{"Cache-Control", "no-cache, no-store"}, {"X-Accel-Buffering", "no"}};
  response.source = std::make_shared<WatchStream>(*std::move(watcher), bell);
  return response;
}

}  // namespace

void RegisterWatchApi(Router& router, WatchHub& hub) {
  router.Add("GET", "/api/watch", AtOnce([&hub](const HttpRequest& request) { return Watch(hub, request); }));
}

}  // namespace raftly
