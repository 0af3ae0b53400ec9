// Which handler answers which method on which path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/http/http_reply.h"

namespace raftly {

// Filled before the server starts, then only read, from any thread.
class Router {
 public:
  // `path` is one path, or with a '/' at its end everything below it ("/" itself is one path). HEAD is served by GET.
  void Add(std::string_view method, std::string_view path, HttpHandler handler);
  // For what is to be answered even where there are too many connections: health, status, metrics. AtOnce.
  void AddPrompt(std::string_view method, std::string_view path, HttpFunction function);

  // 404 for an unknown path, 405 with Allow for a known one.
  void Handle(const HttpRequest& request, HttpReply reply) const;
  // The same for callers within this process, who may wait: all of it runs on their thread.
  HttpResponse Ask(const HttpRequest& request) const;
  // Whether it was given to AddPrompt.
  bool NeverWaits(const HttpRequest& request) const;
  // Whether Handle would give it to a handler.
  bool Serves(const HttpRequest& request) const;
  // The `path` of Add that answers `request`; empty: none does.
  std::string_view RouteOf(const HttpRequest& request) const;
  std::vector<std::string> paths() const;

 private:
  struct Method {
    std::string name;
    HttpHandler handler;
    bool never_waits = false;
  };
  struct Route {
    std::string path;
    std::vector<Method> methods;
  };

  void Add(std::string_view path, Method method);
  const Route* Find(std::string_view path) const;
  static const Method* Find(const Route& route, std::string_view method);

  std::vector<Route> routes_;
};

}  // namespace raftly
