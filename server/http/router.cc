#include "server/http/router.h"

#include <algorithm>
#include <utility>

namespace raftly {
namespace {

bool Matches(std::string_view route, std::string_view path) {
  if (route.size() > 1 && route.back() == '/') return path.substr(0, route.size()) == route;
  return route == path;
}

HttpResponse MethodNotAllowed(const std::string& allowed) {
  HttpResponse response = ErrorResponse(405, "method not allowed, allowed: " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view path, HttpHandler handler, PromptHandler prompt) {
  auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return one.path == path; });
  if (route == routes_.end()) route = routes_.insert(routes_.end(), Route{std::string(path), {}});
  route->methods.push_back({std::string(method), std::move(handler), std::move(prompt)});
}

const Router::Route* Router::Find(std::string_view path) const {
  for (const Route& route : routes_) {
    if (Matches(route.path, path)) return &route;
  }
  return nullptr;
}

const PromptHandler* Router::FindPrompt(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  if (route == nullptr) return nullptr;
  for (const Method& method : route->methods) {
    if (method.name == request.method && method.prompt) return &method.prompt;
  }
  return nullptr;
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

HttpResponse Router::Handle(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  if (route == nullptr) return ErrorResponse(404, "no such path");
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const auto& [name, handler, prompt] : route->methods) {
    if (name == method) return handler(request);
    allowed += (allowed.empty() ? "" : ", ") + name + (name == "GET" ? ", HEAD" : "");
  }
  return MethodNotAllowed(allowed);
}

}  // namespace raftly
