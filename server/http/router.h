// Which handler answers which method on which path.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/http/http_message.h"

namespace raftly {

// May wait as long as it takes.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// An answer that is known but not yet made: the node's threads, which find it out, have better to do.
struct HttpAnswer {
  size_t bytes = 0;  // about how many `make` will have to write
  absl::AnyInvocable<HttpResponse()> make = {};
};

// Does not wait: calls `reply` once, from any thread, perhaps before it returns and at the latest before the HttpServer
// is destroyed; the request lives until then. A reply of nothing means that somebody would have to wait: then the
// HttpHandler of the same method and path is asked.
using HttpReply = absl::AnyInvocable<void(std::optional<HttpAnswer>)>;
using PromptHandler = std::function<void(const HttpRequest& request, HttpReply reply)>;

// Filled before the server starts, then only read, from any thread.
class Router {
 public:
  // `path` is one path, or with a '/' at its end everything below it ("/" itself is one path). HEAD is served by GET.
  void Add(std::string_view method, std::string_view path, HttpHandler handler, PromptHandler prompt = {});

  // A handler that never waits, and does little: it runs on the thread that read the request.
  void AddPrompt(std::string_view method, std::string_view path, const HttpHandler& handler);

  // 404 for an unknown path, 405 with Allow for a known one.
  HttpResponse Handle(const HttpRequest& request) const;
  // Null: who answers this may have to wait.
  const PromptHandler* FindPrompt(const HttpRequest& request) const;
  // Whether it was given to AddPrompt.
  bool NeverWaits(const HttpRequest& request) const;
  // The `path` of Add that answers `request`; empty: none does.
  std::string_view RouteOf(const HttpRequest& request) const;
  std::vector<std::string> paths() const;

 private:
  struct Method {
    std::string name;
    HttpHandler handler;
    PromptHandler prompt;
    bool never_waits = false;
  };
  struct Route {
    std::string path;
    std::vector<Method> methods;
  };

  const Route* Find(std::string_view path) const;
  const Method* FindMethod(const HttpRequest& request) const;

  std::vector<Route> routes_;
};

}  // namespace raftly
