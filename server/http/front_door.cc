#include "server/http/front_door.h"

#include <algorithm>
#include <chrono>

namespace raftly {
namespace {

constexpr std::string_view kApi = "/api/";

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// A page elsewhere may send a POST without asking first (a "simple request"), so the control plane looks itself. The
// keys need no such look: PUT and DELETE are asked for first, and nobody allows them.
HttpResponse Answer(const Router& router, const HttpRequest& request) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  if (changes && request.path().substr(0, kApi.size()) == kApi && IsForeign(request)) {
    return ErrorResponse(403, "requests from web pages of another origin are refused");
  }
  return router.Handle(request);
}

}  // namespace

bool IsForeign(const HttpRequest& request) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return false;
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return true;  // "null"
  return !EqualIgnoringCase(origin.substr(scheme + 3), request.header("Host"));
}

HttpResponse FrontDoor::Handle(const HttpRequest& request) const {
  if (!watch_) return Answer(router_, request);
  const Time begin = SteadyNow();
  HttpResponse response = Answer(router_, request);
  watch_({.method = request.method,
          .target = request.target,
          .route = router_.RouteOf(request),
          .status = response.status,
          .took = SteadyNow() - begin});
  return response;
}

void FrontDoor::Refused(int status) const {
  if (watch_) watch_({.status = status});
}

}  // namespace raftly
