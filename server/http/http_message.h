// A request and its answer as plain values: what handlers see, without a socket or an HTTP library.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, in any case; empty where there is none.
std::string_view FindHeader(const HttpHeaders& headers, std::string_view name);

// Who has sent a request, as far as its connection tells.
struct HttpClient {
  std::string address = {};        // IP
  bool encrypted = false;          // TLS
  std::vector<NodeId> nodes = {};  // of this cluster that it has proven to be
};

struct Caller;

struct HttpRequest {
  std::string method = {};
  std::string target = {};  // as sent: path and query, still percent-encoded
  HttpHeaders headers = {};
  std::string body = {};
  Time received = {};                             // on the steady clock; zero: just now
  std::shared_ptr<const HttpClient> client = {};  // null: this process itself
  std::shared_ptr<const Caller> caller = {};      // for whom; null: nobody in particular

  std::string_view path() const;
  std::string_view query() const;  // after the '?', without it
  std::string_view header(std::string_view name) const { return FindHeader(headers, name); }
};

class HttpSource;

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";  // of a body that is not empty
  HttpHeaders headers = {};
  // Instead of a body: what follows the head. The connection ends with it.
  std::shared_ptr<HttpSource> source = {};
};

// {"error": message}
HttpResponse ErrorResponse(int status, std::string_view message);
// 400 with the status's message.
HttpResponse BadRequest(const absl::Status& status);

}  // namespace raftly
