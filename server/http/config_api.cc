#include "server/http/config_api.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/cluster/cluster_view.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

int64_t Ms(Duration duration) { return std::chrono::duration_cast<milliseconds>(duration).count(); }

// Takes over the field where it is given and not 0.
absl::Status Take(JsonFields& fields, const char* name, int64_t least, int64_t most, Duration& out) {
  const int64_t ms = fields.OptionalInteger(name).value_or(0);
  if (!fields.status().ok()) return fields.status();
  if (ms == 0) return absl::OkStatus();
  if (ms < least || ms > most) {
    return absl::InvalidArgumentError(absl::StrCat(name, " must be ", least, " to ", most, ", not ", ms));
  }
  out = milliseconds(ms);
  return absl::OkStatus();
}

}  // namespace

ConfigApi::ConfigApi(NodeId self, Timings now, std::function<void(Timings)> apply, FanOut& fan_out)
    : self_(std::move(self)), apply_(std::move(apply)), fan_out_(fan_out), timings_(now) {}

void ConfigApi::Register(Router& router) {
  router.Add("GET", "/api/config", AtOnce([this](const HttpRequest&) { return Describe(); }));
  router.Add("POST", "/api/config", Waiting([this](const HttpRequest& request) { return Change(request); }));
  router.Add("GET", "/api/cluster/config", Waiting([this](const HttpRequest&) {
               return HttpResponse{.body = JoinTimings(fan_out_.AskAll({.method = "GET", .target = "/api/config"}))};
             }));
  router.Add("POST", "/api/cluster/config", Waiting([this](const HttpRequest& request) { return ChangeAll(request); }));
}

absl::StatusOr<Timings> ConfigApi::Parse(const std::string& body, Timings now) {
  const auto object = ParseJson(body);
  if (!object.ok()) return object.status();
  JsonFields fields(*object);
  absl::Status status = Take(fields, "election_timeout_ms", 50, kMaxLiveElectionTimeoutMs, now.election_timeout);
  status.Update(Take(fields, "heartbeat_ms", 10, 500, now.heartbeat));
  if (!status.ok()) return status;
  if (now.heartbeat < now.election_timeout) return now;
  return absl::InvalidArgumentError(absl::StrCat("heartbeat_ms ", Ms(now.heartbeat),
                                                 " must be below election_timeout_ms ", Ms(now.election_timeout)));
}

HttpResponse ConfigApi::Describe() const {
  MutexLock lock(mutex_);
  return {.body = absl::StrCat("{\"node\":", JsonString(self_),                             //
                               ",\"election_timeout_ms\":", Ms(timings_.election_timeout),  //
                               ",\"heartbeat_ms\":", Ms(timings_.heartbeat), "}")};
}

HttpResponse ConfigApi::Change(const HttpRequest& request) {
  {
    MutexLock lock(mutex_);
    const auto timings = Parse(request.body, timings_);
    if (!timings.ok()) return BadRequest(timings.status());
    timings_ = *timings;
    apply_(timings_);
  }
  return Describe();
}

HttpResponse ConfigApi::ChangeAll(const HttpRequest& request) {
  Timings own;
  {
    MutexLock lock(mutex_);
    own = timings_;
  }
  // What this node would refuse is refused as a whole. The others may still differ: each row says so.
  const auto timings = Parse(request.body, own);
  if (!timings.ok()) return BadRequest(timings.status());
  HttpRequest change{.method = "POST", .target = "/api/config"};
  change.headers = {{"Content-Type", "application/json"}};
  change.body = request.body;
  return {.body = JoinTimings(fan_out_.AskAll(change))};
}

}  // namespace raftly
