// The nodes that a client knows, of which any will do: a request is asked of one after the other until one settles it.
//
//   const auto answer = endpoints.Ask({.method = "GET", .target = "/keys/k"}, Clock::now() + 10s);
//   if (!answer.ok()) return answer.status();   // Unavailable or DeadlineExceeded
//   if (answer->status == 404) ...
//
// One that failed is left alone for a while: 25 ms, doubled with each failure up to a second, and half of it at random,
// so that clients do not come back all at once; or as long as it says itself (Retry-After).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/env/mutex.h"
#include "server/address.h"
#include "transport/tls_files.h"

namespace httplib {
class Client;
enum class Error;
struct Response;
}  // namespace httplib

namespace raftly::client {

using Clock = std::chrono::steady_clock;

struct Endpoint {
  Address address = {};
  bool tls = false;
};

// "host:port", ":port" or "http://host:port", with or without a '/' at the end, or the same with https.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

struct Request {
  std::string method = "GET";
  std::string target = {};
  std::string body = {};  // JSON
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string idempotency_key = {};  // empty: a read
  // A write that an older cluster understands too, without the key.
  bool plain = false;
  // What has no key and may not happen twice: it is not asked again once a node may have taken it.
  bool once = false;
};

struct Answer {
  int status = 0;
  std::string body = {};
  std::string etag = {};
};

// "the server answered 412: …".
std::string Describe(const Answer& answer);

class Endpoints {
 public:
  // `trust`: whom https endpoints may be vouched for by, besides this machine's authorities.
  Endpoints(std::vector<Endpoint> endpoints, TlsMaterial trust, std::string token);
  ~Endpoints();

  // An answer that is no reason to ask another node. Unavailable: none before `deadline`, and it was certainly not
  // done. DeadlineExceeded: it may have been.
  absl::StatusOr<Answer> Ask(Request request, Clock::time_point deadline);
  // Each endpoint once, until one answers.
  absl::StatusOr<Answer> AskOnce(const Request& request, Clock::duration patience);

  // ---- For conversations that last, of one endpoint at a time. ----

  size_t size() const;
  const Endpoint& at(size_t which) const;
  // Waits until one may be asked. nullopt: none before `deadline`, or `stop` was used.
  std::optional<size_t> Next(Clock::time_point deadline, const std::stop_token& stop = {});
  // A connection of its own.
  std::unique_ptr<httplib::Client> Connect(size_t which) const;
  void Worked(size_t which);
  void Failed(size_t which, Clock::duration rest = {});

 private:
  struct Connection;
  struct Known;
  // What one try has come to.
  struct Try {
    enum class Verdict { kSettled, kNotDone, kUnknown, kNotUnderstood, kNotTrusted };
    Verdict verdict = Verdict::kNotDone;
    Answer answer = {};
    Clock::duration rest = {};
    std::string why = {};
  };

  Try Once(size_t which, const Request& request, Clock::duration patience);
  std::unique_ptr<httplib::Client> Take(size_t which);
  void GiveBack(size_t which, std::unique_ptr<httplib::Client> client);
  std::string Explain(size_t which, httplib::Error error) const;

  const TlsMaterial trust_;
  const std::string token_;
  Mutex mutex_;
  size_t preferred_ ABSL_GUARDED_BY(mutex_) = 0;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  // Which there are, and where, never changes; the rest is guarded.
  std::vector<Known> endpoints_;
};

}  // namespace raftly::client
