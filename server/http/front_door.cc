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
bool IsRefused(const HttpRequest& request) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  return changes && request.path().substr(0, kApi.size()) == kApi && IsForeign(request);
}

HttpResponse Answer(const Router& router, const HttpRequest& request) {
  if (IsRefused(request)) {
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
  const Time begin = SteadyNow();
  HttpResponse response = Answer(router_, request);
  Answered(request, response.status, SteadyNow() - begin);
  return response;
}

bool FrontDoor::HandlePromptly(const HttpRequest& request, HttpReply reply) const {
  const PromptHandler* const handler = IsRefused(request) ? nullptr : router_.FindPrompt(request);
  if (handler == nullptr) return false;
  (*handler)(request, std::move(reply));
  return true;
}

void FrontDoor::EndBatch() const {
  if (batch_ended_) batch_ended_();
}

void FrontDoor::Answered(const HttpRequest& request, int status, Duration took) const {
  if (!watch_) return;
  watch_({.method = request.method,
          .target = request.target,
          .route = router_.RouteOf(request),
          .status = status,
          .took = took});
}

void FrontDoor::Refused(int status) const {
  if (watch_) watch_({.status = status});
}

}  // namespace raftly
