#include "server/http/leader_api.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cluster/go_leader.h"
#include "server/http/kv_api.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// For a leader to be found; to hand over takes it an election timeout at most.
constexpr milliseconds kPatience{5000};
constexpr milliseconds kAnswerPatience{12'000};

Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

HttpResponse Failed(const absl::Status& status) {
  const int code = absl::IsNotFound(status) ? 404 : absl::IsAlreadyExists(status) ? 409 : 503;
  return ErrorResponse(code, std::string(status.message()));
}

}  // namespace

void LeaderApi::Register(Router& router) {
  router.Add("POST", "/api/cluster/leader", Waiting([this](const HttpRequest& request) { return Change(request); }));
}

HttpResponse LeaderApi::Change(const HttpRequest& request) const {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return BadRequest(body.status());
  JsonFields fields(*body);
  const NodeId to = fields.String("id");
  if (!fields.status().ok()) return BadRequest(fields.status());
  const Time begin = Now();
  while (true) {
    const LeaderWatch::View view = doors_.leaders.view();
    if (view.stopped) return ErrorResponse(503, "the node is stopping");
    if (view.leader == doors_.self) {
      const auto leader = doors_.hand_over(to);
      if (leader.ok()) {
        const auto took = std::chrono::duration_cast<milliseconds>(Now() - begin);
        return {.body = absl::StrCat("{\"leader_id\":", JsonString(*leader), ",\"took_ms\":", took.count(), "}")};
      }
      if (!absl::IsFailedPrecondition(leader.status())) return Failed(leader.status());
    } else if (!request.header(kForwardedHeader).empty()) {
      return ErrorResponse(503, "this node does not lead");  // who passed it on knows better by now
    } else if (!view.leader.empty()) {
      return PassOn(request, view.leader);
    }
    if (Now() - begin >= kPatience) return ErrorResponse(503, "no leader within the deadline");
    doors_.leaders.Await(view.version, begin + kPatience);
  }
}

HttpResponse LeaderApi::PassOn(const HttpRequest& request, const NodeId& leader) const {
  HttpRequest out{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  out.caller = request.caller;
  out.headers = {{kForwardedHeader, doors_.self}, {"Content-Type", "application/json"}};
  PeerAnswer answer = doors_.peers.Call(leader, out, kAnswerPatience);
  if (answer.outcome != PeerAnswer::Outcome::kAnswered) {
    return ErrorResponse(503, absl::StrCat("the leader ", leader, " cannot be asked: ", answer.error));
  }
  if (AnsweredByGo(answer.response)) return ErrorResponse(503, absl::StrCat("the leader ", leader, " is a Go server"));
  HttpResponse relayed{.status = answer.response.status, .body = std::move(answer.response.body)};
  if (relayed.status == 503) relayed.headers.emplace_back("Retry-After", "1");
  return relayed;
}

}  // namespace raftly
