#include "server/http/router.h"

#include <algorithm>
#include <utility>

namespace raftly {
namespace {

bool Matches(std::string_view route, std::string_view path) {
  if (route.size() > 1 && route.back() == '/') return path.substr(0, route.size()) == route;
  return route == path;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view path, HttpHandler handler) {
  Add(path, {std::string(method), std::move(handler)});
}

void Router::AddPrompt(std::string_view method, std::string_view path, HttpFunction function) {
  Add(path, {std::string(method), AtOnce(std::move(function)), true});
}

void Router::Add(std::string_view path, Method method) {
  auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return one.path == path; });
  if (route == routes_.end()) route = routes_.insert(routes_.end(), Route{std::string(path), {}});
  route->methods.push_back(std::move(method));
}

const Router::Route* Router::Find(std::string_view path) const {
  for (const Route& route : routes_) {
    if (Matches(route.path, path)) return &route;
  }
  return nullptr;
}

// HEAD is GET, of which only the head is sent.
const Router::Method* Router::Find(const Route& route, std::string_view method) {
  if (method == "HEAD") method = "GET";
  for (const Method& one : route.methods) {
    if (one.name == method) return &one;
  }
  return nullptr;
}

bool Router::NeverWaits(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  const Method* method = route == nullptr ? nullptr : Find(*route, request.method);
  return method != nullptr && method->never_waits;
}

bool Router::Serves(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  return route != nullptr && Find(*route, request.method) != nullptr;
}

std::string_view Router::RouteOf(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  return route == nullptr ? std::string_view() : std::string_view(route->path);
}

std::vector<std::string> Router::paths() const {
  std::vector<std::string> paths;
  for (const Route& route : routes_) paths.push_back(route.path);
  return paths;
}

void Router::Handle(const HttpRequest& request, HttpReply reply) const {
  const Route* route = Find(request.path());
  if (route == nullptr) return reply(ErrorResponse(404, "no such path"));
  if (const Method* method = Find(*route, request.method)) return method->handler(request, std::move(reply));
  std::string allowed;
  for (const Method& method : route->methods) {
    allowed += (allowed.empty() ? "" : ", ") + method.name + (method.name == "GET" ? ", HEAD" : "");
  }
  HttpResponse response = ErrorResponse(405, "method not allowed, allowed: " + allowed);
  response.headers.emplace_back("Allow", allowed);
  reply(std::move(response));
}

HttpResponse Router::Ask(const HttpRequest& request) const {
  return Await([this](const HttpRequest& asked, HttpReply reply) { Handle(asked, std::move(reply)); }, request);
}

}  // namespace raftly
