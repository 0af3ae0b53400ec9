#include "server/http/router.h"

#include <algorithm>
#include <utility>

namespace raftly {
namespace {

bool Matches(std::string_view route, std::string_view path) {
  if (route.size() > 1 && route.back() == '/') return path.substr(0, route.size()) == route;
  return route == path;
}

// HEAD is GET, of which only the head is sent.
std::string_view MethodOf(const HttpRequest& request) {
  return request.method == "HEAD" ? std::string_view("GET") : request.method;
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

void Router::AddPrompt(std::string_view method, std::string_view path, const HttpHandler& handler) {
  Add(method, path, handler, [handler](const HttpRequest& request, HttpReply reply) {
    HttpResponse response = handler(request);
    const size_t bytes = response.body.size();
    reply(HttpAnswer{bytes, [response = std::move(response)]() mutable { return std::move(response); }});
  });
  for (Route& route : routes_) {
    if (route.path == path) route.methods.back().never_waits = true;
  }
}

const Router::Route* Router::Find(std::string_view path) const {
  for (const Route& route : routes_) {
    if (Matches(route.path, path)) return &route;
  }
  return nullptr;
}

const Router::Method* Router::FindMethod(const HttpRequest& request) const {
  const Route* route = Find(request.path());
  if (route == nullptr) return nullptr;
  for (const Method& method : route->methods) {
    if (method.name == MethodOf(request)) return &method;
  }
  return nullptr;
}

const PromptHandler* Router::FindPrompt(const HttpRequest& request) const {
  const Method* method = FindMethod(request);
  return method != nullptr && method->prompt ? &method->prompt : nullptr;
}

bool Router::NeverWaits(const HttpRequest& request) const {
  const Method* method = FindMethod(request);
  return method != nullptr && method->never_waits;
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
  std::string allowed;
  for (const Method& method : route->methods) {
    if (method.name == MethodOf(request)) return method.handler(request);
    allowed += (allowed.empty() ? "" : ", ") + method.name + (method.name == "GET" ? ", HEAD" : "");
  }
  return MethodNotAllowed(allowed);
}

}  // namespace raftly
