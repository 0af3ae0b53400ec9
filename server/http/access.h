// Whether a request may be served: tokens, cookies and certificates on one side, the table of roles on the other.
//
// Without tokens everything is open. With them a request is somebody's by `Authorization: Bearer`, by the cookie of a
// session, or by the certificate of a node of this cluster, which says in a header for whom it asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "raft/env/mutex.h"
#include "server/access/sessions.h"
#include "server/access/tokens.h"
#include "server/http/http_message.h"
#include "server/http/http_source.h"
#include "server/http/router.h"

namespace raftly {

// "name;read,write": for whom a node asks another. Believed of nodes alone.
inline constexpr char kCallerHeader[] = "Raftly-Caller";
std::string CallerHeader(const Caller& caller);

// From any thread.
class Access {
 public:
  // `is_node`: of this cluster; a certificate that names none of them is no node's, whoever vouches for it. `random` as
  // of Sessions.
  Access(std::function<bool(const NodeId&)> is_node, NodeId self, std::function<std::string()> random);

  // Null: everything is open.
  void SetTokens(std::shared_ptr<const TokenTable> tokens);
  bool restricted() const { return Tokens() != nullptr; }

  struct Decision {
    std::shared_ptr<const Caller> caller = {};  // null: nobody in particular
    std::optional<HttpResponse> refusal = {};   // 401 or 403: says what is missing
  };
  // `served`: whether there is such a route at all.
  Decision Decide(const HttpRequest& request, bool served) const;

  // `source`, which answers a request that was let in, and ends when that would not be let in any more: its token is
  // gone, or has lost the role; its session is over. Outlives what it returns.
  std::shared_ptr<HttpSource> Guard(HttpRequest request, std::shared_ptr<HttpSource> source) const;

  // POST /api/session with a token begins a session, DELETE ends it, GET says who asks.
  void Register(Router& router);

 private:
  class GuardedSource;

  std::shared_ptr<const TokenTable> Tokens() const;
  std::shared_ptr<const Caller> NodesCaller(const HttpRequest& request) const;
  Decision DecideLogin(const HttpRequest& request, const TokenTable& tokens) const;
  std::shared_ptr<const Caller> WhoAsks(const HttpRequest& request, const TokenTable& tokens) const;
  HttpResponse Begin(const HttpRequest& request);
  HttpResponse End(const HttpRequest& request);
  HttpResponse Describe(const HttpRequest& request) const;
  std::string SetCookie(const HttpRequest& request, const std::string& value, int64_t seconds) const;

  const std::function<bool(const NodeId&)> is_node_;
  const std::string cookie_;  // its name: browsers send one machine's cookies to all its ports
  mutable Sessions sessions_;
  std::atomic<uint64_t> changes_{0};  // whenever somebody may not be let in any more
  mutable Mutex mutex_;
  std::shared_ptr<const TokenTable> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
