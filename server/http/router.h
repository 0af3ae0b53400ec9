// Which handler answers which method on which path.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/http_message.h"

namespace raftly {

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Filled before the server starts, then only read, from any thread.
class Router {
 public:
  // `path` is one path, or with a '/' at its end everything below it ("/" itself is one path). HEAD is served by GET.
  void Add(std::string_view method, std::string_view path, HttpHandler handler);

  // 404 for an unknown path, 405 with Allow for a known one.
  HttpResponse Handle(const HttpRequest& request) const;
  // The `path` of Add that answers `request`; empty: none does.
  std::string_view RouteOf(const HttpRequest& request) const;
  std::vector<std::string> paths() const;

 private:
  struct Route {
    std::string path;
    std::vector<std::pair<std::string, HttpHandler>> methods;
  };

  const Route* Find(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace raftly
