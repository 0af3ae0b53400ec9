// Where every request enters: who has no business here is turned away, the router is asked, who watches is told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "raft/core/time.h"
#include "server/access/refusal_limit.h"
#include "server/http/access.h"
#include "server/http/allowed_hosts.h"
#include "server/http/http_message.h"
#include "server/http/router.h"

namespace raftly {

// A request that was answered, or refused before anybody could look at it.
struct Served {
  const HttpRequest* request = nullptr;  // null where there is none; only while it is told of
  std::string_view method;
  std::string_view target;
  std::string_view route;  // as given to Router::Add; empty: no such path, or refused
  int status = 0;
  Duration took{};  // until the answer was known; of a stream: until it began
};

struct FrontDoorPolicy {
  AllowedHosts hosts = {};
  bool chaos = true;  // whether faults may be injected
  // Who may do what; outlives the door. Null: everything is open.
  const Access* access = nullptr;
  // Who was turned away, at most ten times a second and address. On the threads of the HTTP server.
  std::function<void(const HttpRequest& request, int status)> on_refused = {};
};

// From any thread.
class FrontDoor {
 public:
  using Watch = std::function<void(const Served&)>;

  // The router outlives it. `watch` and `batch_ended` run on the threads of the HTTP server.
  explicit FrontDoor(const Router& router, Watch watch = {}, std::function<void()> batch_ended = {},
                     FrontDoorPolicy policy = {})
      : router_(router), watch_(std::move(watch)), batch_ended_(std::move(batch_ended)), policy_(std::move(policy)) {}

  // Writes down in the request for whom it is.
  void Handle(HttpRequest& request, HttpReply reply) const;
  // Whether its answer is known at once, always.
  bool NeverWaits(const HttpRequest& request) const { return router_.NeverWaits(request); }
  // What is sent of a stream that answers `request`.
  std::shared_ptr<HttpSource> Guard(const HttpRequest& request, std::shared_ptr<HttpSource> source) const;
  // Nothing more comes for now: who took requests and waits for more should go ahead.
  void EndBatch() const;
  // The answer is about to be sent, `took` after the request had come.
  void Answered(const HttpRequest& request, int status, Duration took) const;
  // The HTTP server refused a request by itself.
  void Refused(int status) const;

 private:
  // 401 or 403 for who is turned away.
  std::optional<HttpResponse> Refusal(HttpRequest& request) const;
  // 429 instead, for who is turned away too often.
  HttpResponse TurnAway(const HttpRequest& request, HttpResponse refusal) const;

  const Router& router_;
  const Watch watch_;
  const std::function<void()> batch_ended_;
  const FrontDoorPolicy policy_;
  mutable RefusalLimit refusals_;
};

}  // namespace raftly
