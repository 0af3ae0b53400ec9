#include "server/http/front_door.h"

#include <chrono>

#include "absl/strings/match.h"

namespace raftly {
namespace {

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// Whether the page that sent this request is of another origin than the one it asks. Browsers send Origin with every
// request that could change something, and with those of other origins; nobody else does.
bool IsForeign(const HttpRequest& request) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return false;
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return true;  // "null"
  const std::string_view page = origin.substr(scheme + 3);
  const std::string_view host = request.header("Host");
  return !absl::EqualsIgnoreCase({page.data(), page.size()}, {host.data(), host.size()});
}

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

bool InjectsFaults(const HttpRequest& request) {
  const bool looks = request.method == "GET" || request.method == "HEAD";
  return !looks && (StartsWith(request.path(), "/api/chaos/") || StartsWith(request.path(), "/api/cluster/chaos/"));
}

}  // namespace

std::optional<HttpResponse> FrontDoor::Refusal(HttpRequest& request) const {
  const std::string_view host = request.header("Host");
  if (!policy_.hosts.KnowsHost(host)) {
    return ErrorResponse(
        403, "this server is not known as \"" + std::string(host) + "\"; names are added with -allowed-hosts");
  }
  if (IsForeign(request) && !policy_.hosts.KnowsOrigin(request.header("Origin"))) {
    return ErrorResponse(
        403, "requests from web pages of another origin are refused; a proxy's name is added with -allowed-hosts");
  }
  if (policy_.access != nullptr) {
    Access::Decision decision = policy_.access->Decide(request, router_.Serves(request));
    request.caller = std::move(decision.caller);
    if (decision.refusal) return std::move(decision.refusal);
  }
  if (!policy_.chaos && InjectsFaults(request)) {
    return ErrorResponse(403, "fault injection is switched off on this node (-chaos=false)");
  }
  return std::nullopt;
}

void FrontDoor::Handle(HttpRequest& request, HttpReply reply) const {
  if (std::optional<HttpResponse> refusal = Refusal(request)) return reply(TurnAway(request, *std::move(refusal)));
  router_.Handle(request, std::move(reply));
}

HttpResponse FrontDoor::TurnAway(const HttpRequest& request, HttpResponse refusal) const {
  const std::string address = request.client == nullptr ? "" : request.client->address;
  if (refusals_.Admit(address, SteadyNow())) {
    if (policy_.on_refused) policy_.on_refused(request, refusal.status);
    return refusal;
  }
  // Without tokens there is nothing to guess: the log alone is spared.
  if (policy_.access == nullptr || !policy_.access->restricted()) return refusal;
  HttpResponse limited = ErrorResponse(429, "too many refused requests from this address: 10 a second are answered");
  limited.headers.emplace_back("Retry-After", "1");
  return limited;
}

std::shared_ptr<HttpSource> FrontDoor::Guard(const HttpRequest& request, std::shared_ptr<HttpSource> source) const {
  if (policy_.access == nullptr || !policy_.access->restricted()) return source;
  return policy_.access->Guard(request, std::move(source));
}

void FrontDoor::EndBatch() const {
  if (batch_ended_) batch_ended_();
}

void FrontDoor::Answered(const HttpRequest& request, int status, Duration took) const {
  if (!watch_) return;
  watch_({.request = &request,
          .method = request.method,
          .target = request.target,
          .route = router_.RouteOf(request),
          .status = status,
          .took = took});
}

void FrontDoor::Refused(int status) const {
  if (watch_) watch_({.status = status});
}

}  // namespace raftly
