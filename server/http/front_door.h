// Where every request enters: who has no business here is turned away, the router is asked, who watches is told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "raft/core/time.h"
#include "server/http/allowed_hosts.h"
#include "server/http/http_message.h"
#include "server/http/router.h"

namespace raftly {

// A request that was answered, or refused before anybody could look at it.
struct Served {
  std::string_view method;
  std::string_view target;
  std::string_view route;  // as given to Router::Add; empty: no such path, or refused
  int status = 0;
  Duration took{};  // until the answer was known; of a stream: until it began
};

struct FrontDoorPolicy {
  AllowedHosts hosts = {};
  bool chaos = true;  // whether faults may be injected
};

// From any thread.
class FrontDoor {
 public:
  using Watch = std::function<void(const Served&)>;

  // The router outlives it. `watch` and `batch_ended` run on the threads of the HTTP server.
  explicit FrontDoor(const Router& router, Watch watch = {}, std::function<void()> batch_ended = {},
                     FrontDoorPolicy policy = {})
      : router_(router), watch_(std::move(watch)), batch_ended_(std::move(batch_ended)), policy_(std::move(policy)) {}

  void Handle(const HttpRequest& request, HttpReply reply) const;
  // Whether its answer is known at once, always.
  bool NeverWaits(const HttpRequest& request) const { return router_.NeverWaits(request); }
  // Nothing more comes for now: who took requests and waits for more should go ahead.
  void EndBatch() const;
  // The answer is about to be sent, `took` after the request had come.
  void Answered(const HttpRequest& request, int status, Duration took) const;
  // The HTTP server refused a request by itself.
  void Refused(int status) const;

 private:
  // 403 for who is turned away.
  std::optional<HttpResponse> Refusal(const HttpRequest& request) const;

  const Router& router_;
  const Watch watch_;
  const std::function<void()> batch_ended_;
  const FrontDoorPolicy policy_;
};

}  // namespace raftly
