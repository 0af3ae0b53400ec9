#include "server/cluster/at_leader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cluster/go_leader.h"
#include "server/http/kv_api.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// For a leader to be found, and for its answer: to hand over takes it an election timeout at most.
constexpr milliseconds kPatience{5000};
constexpr milliseconds kAnswerPatience{12'000};
// A leader that does not know yet how its term stands is asked again.
constexpr milliseconds kPause{20};
// For one that cannot do it to be followed by another.
constexpr milliseconds kNextLeader{1000};

Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace

HttpResponse AtLeader::Run(const HttpRequest& request, const std::function<std::optional<HttpResponse>()>& here) const {
  const Time until = Now() + kPatience;
  while (true) {
    const LeaderWatch::View view = leaders_.view();
    Time look_again = until;
    if (view.stopped) return ErrorResponse(503, "the node is stopping");
    if (view.leader == self_) {
      if (auto response = here()) return *std::move(response);
      look_again = std::min(until, Now() + kPause);
    } else if (!request.header(kForwardedHeader).empty()) {
      return ErrorResponse(503, "this node does not lead");  // who passed it on knows better by now
    } else if (!view.leader.empty()) {
      // 503: certainly nothing was done. Where another leads by now, or soon will, it is asked.
      HttpResponse response = PassOn(request, view.leader);
      const Time next_by = std::min(until, Now() + kNextLeader);
      if (response.status != 503 || leaders_.Await(view.version, next_by).version == view.version) return response;
      continue;
    }
    if (Now() >= until) return ErrorResponse(503, "no leader within the deadline");
    leaders_.Await(view.version, look_again);
  }
}

HttpResponse AtLeader::PassOn(const HttpRequest& request, const NodeId& leader) const {
  HttpRequest out{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  out.caller = request.caller;
  out.headers = {{kForwardedHeader, self_}, {"Content-Type", "application/json"}};
  PeerAnswer answer = peers_.Call(leader, out, kAnswerPatience);
  if (answer.outcome != PeerAnswer::Outcome::kAnswered) {
    return ErrorResponse(answer.outcome == PeerAnswer::Outcome::kNoAnswer ? 504 : 503,
                         absl::StrCat("the leader ", leader, " cannot be asked: ", answer.error));
  }
  if (AnsweredByGo(answer.response)) return ErrorResponse(503, absl::StrCat("the leader ", leader, " is a Go server"));
  HttpResponse relayed{.status = answer.response.status, .body = std::move(answer.response.body)};
  if (relayed.status == 503) relayed.headers.emplace_back("Retry-After", "1");
  return relayed;
}

}  // namespace raftly
