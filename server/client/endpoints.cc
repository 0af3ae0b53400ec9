#include "server/client/endpoints.h"

#include <httplib.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/connect_error.h"
#include "server/http_client.h"
#include "server/kv/json.h"

namespace raftly::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server answers within five seconds, and then has to be heard.
constexpr milliseconds kLongestTry{6'000};
constexpr milliseconds kShortestTry{50};
constexpr seconds kConnectPatience{3};
// Where there are others, who does not even take a connection is not waited for that long.
constexpr seconds kConnectPatienceAmongOthers{1};
constexpr milliseconds kFirstRest{25};
constexpr milliseconds kLongestRest{1'000};
constexpr int kMostDoublings = 6;
constexpr seconds kLongestRetryAfter{3'600};
// Nodes that have just started say within a heartbeat or two what they understand.
constexpr seconds kUnderstandingPatience{2};
// The server ends idle connections after a minute. Ours are dropped long before: what becomes of a request on a
// connection that is just being closed, nobody can say.
constexpr seconds kReuseWithin{20};
constexpr size_t kMostIdle = 64;

std::string ErrorIn(const std::string& body) {
  const auto object = ParseJsonObject(body);
  const JsonField* error = object.ok() ? object->Find("error") : nullptr;
  return error == nullptr ? "" : std::string(error->text);
}

Clock::duration RetryAfter(const httplib::Response& response) {
  uint32_t asked = 0;
  if (!absl::SimpleAtoi(response.get_header_value("Retry-After"), &asked)) return {};
  return std::min<Clock::duration>(seconds(asked), kLongestRetryAfter);
}

httplib::Request ToHttplib(const Request& request, Clock::time_point end) {
  httplib::Request out;
  out.method = request.method;
  out.path = request.target;
  for (const auto& [name, value] : request.headers) out.headers.emplace(name, value);
  if (!request.idempotency_key.empty()) out.set_header("Idempotency-Key", request.idempotency_key);
  if (!request.body.empty()) out.set_header("Content-Type", "application/json");
  out.body = request.body;
  // The time limits of httplib are for each piece; a server that trickles is to be no exception.
  out.progress = [end](uint64_t, uint64_t) { return Clock::now() < end; };
  return out;
}

void SleepUntil(Clock::time_point time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, time, [] { return false; });
}

absl::Status NotDone(const std::string& why) { return absl::UnavailableError(why); }
absl::Status Unknown(const std::string& why) { return absl::DeadlineExceededError(why); }

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kSecureScheme = "https://";
  Endpoint endpoint;
  if (text.substr(0, kSecureScheme.size()) == kSecureScheme) {
    endpoint.tls = true;
    text.remove_prefix(kSecureScheme.size());
  } else if (text.substr(0, kScheme.size()) == kScheme) {
    text.remove_prefix(kScheme.size());
  }
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  auto address = ParseAddress(text);
  if (!address.ok()) return address.status();
  endpoint.address = *std::move(address);
  return endpoint;
}

std::string Describe(const Answer& answer) {
  const std::string error = ErrorIn(answer.body);
  return absl::StrCat("the server answered ", answer.status, error.empty() ? "" : ": ", error);
}

struct Endpoints::Connection {
  std::unique_ptr<httplib::Client> client;
  Clock::time_point used;
};

struct Endpoints::Known {
  Endpoint place;
  int failures = 0;  // since it last worked
  Clock::time_point ready = {};
  std::vector<Connection> idle = {};
};

Endpoints::Endpoints(std::vector<Endpoint> endpoints, TlsMaterial trust, std::string token)
    : trust_(std::move(trust)), token_(std::move(token)), random_(std::random_device{}()) {
  for (Endpoint& endpoint : endpoints) endpoints_.push_back({.place = std::move(endpoint)});
}

Endpoints::~Endpoints() = default;

size_t Endpoints::size() const { return endpoints_.size(); }
const Endpoint& Endpoints::at(size_t which) const { return endpoints_[which].place; }

absl::StatusOr<Answer> Endpoints::Ask(Request request, Clock::time_point deadline) {
  using Verdict = Try::Verdict;
  const Clock::time_point begin = Clock::now();
  const bool read = request.idempotency_key.empty() && !request.once;
  bool unknown = false;  // some try may have been taken
  size_t distrusted = 0;
  std::string why = "every endpoint has asked to be left alone for longer than the deadline";
  while (const auto which = Next(deadline)) {
    auto patience = deadline - Clock::now();
    // One that hangs leaves time for another.
    if (size() > 1) patience /= 2;
    Try tried = Once(*which, request, std::clamp<Clock::duration>(patience, kShortestTry, kLongestTry));
    why = std::move(tried.why);
    switch (tried.verdict) {
      case Verdict::kSettled:
        Worked(*which);
        return std::move(tried.answer);
      case Verdict::kNotDone:
        break;
      case Verdict::kUnknown:
        if (read) break;
        unknown = true;
        if (request.idempotency_key.empty()) return Unknown(why);
        break;
      case Verdict::kNotUnderstood:
        // Understood once, it always is (the log says so). So this comes first, or a Go server leads now.
        if (unknown) break;
        if (request.plain && !request.idempotency_key.empty()) {
          request.idempotency_key.clear();
          continue;
        }
        if (Clock::now() > begin + kUnderstandingPatience) return std::move(tried.answer);
        break;
      case Verdict::kNotTrusted:
        if (++distrusted == size()) return NotDone(why);
        break;
    }
    Failed(*which, tried.rest);
  }
  return unknown ? Unknown(why) : NotDone(why);
}

absl::StatusOr<Answer> Endpoints::AskOnce(const Request& request, Clock::duration patience) {
  std::string why;
  for (size_t which = 0; which < size(); ++which) {
    Try tried = Once(which, request, patience);
    if (tried.answer.status != 0) return std::move(tried.answer);
    why = std::move(tried.why);
  }
  return NotDone(why);
}

std::optional<size_t> Endpoints::Next(Clock::time_point deadline, const std::stop_token& stop) {
  while (true) {
    const Clock::time_point now = Clock::now();
    if (now >= deadline || stop.stop_requested()) return std::nullopt;
    Clock::time_point ready;
    {
      MutexLock lock(mutex_);
      size_t best = preferred_;
      for (size_t i = 0; i < size(); ++i) {
        const size_t which = (preferred_ + i) % size();
        if (endpoints_[which].ready <= now) return which;
        if (endpoints_[which].ready < endpoints_[best].ready) best = which;
      }
      ready = endpoints_[best].ready;
    }
    if (ready >= deadline) return std::nullopt;
    SleepUntil(ready, stop);
  }
}

void Endpoints::Worked(size_t which) {
  MutexLock lock(mutex_);
  endpoints_[which].failures = 0;
  endpoints_[which].ready = {};
}

void Endpoints::Failed(size_t which, Clock::duration rest) {
  MutexLock lock(mutex_);
  Known& known = endpoints_[which];
  known.idle.clear();
  if (preferred_ == which) preferred_ = (which + 1) % size();
  const Clock::time_point now = Clock::now();
  // Many calls at once fail for one reason.
  if (known.ready > now) return;
  const auto whole =
      std::min<Clock::duration>(kFirstRest * (1 << std::min(known.failures, kMostDoublings)), kLongestRest);
  ++known.failures;
  const auto half = std::uniform_int_distribution<int64_t>(0, (whole / 2).count())(random_);
  known.ready = now + std::max(whole / 2 + Clock::duration(half), rest);
}

// ---- One try --------------------------------------------------------------------------------------------------------

Endpoints::Try Endpoints::Once(size_t which, const Request& request, Clock::duration patience) {
  using Verdict = Try::Verdict;
  auto client = Take(which);
  const Clock::duration connect = size() > 1 ? kConnectPatienceAmongOthers : kConnectPatience;
  client->set_connection_timeout(std::chrono::ceil<std::chrono::microseconds>(std::min(patience, connect)));
  client->set_read_timeout(std::chrono::ceil<std::chrono::microseconds>(patience));
  client->set_write_timeout(std::chrono::ceil<std::chrono::microseconds>(patience));
  auto result = client->send(ToHttplib(request, Clock::now() + patience));
  if (!result) {
    const bool distrust =
        result.error() == httplib::Error::SSLServerVerification || result.error() == httplib::Error::SSLLoadingCerts;
    return {.verdict = distrust                           ? Verdict::kNotTrusted
                       : CertainlyNotSent(result.error()) ? Verdict::kNotDone
                                                          : Verdict::kUnknown,
            .why = Explain(which, result.error())};
  }
  GiveBack(which, std::move(client));
  Try tried{.verdict = Verdict::kSettled,
            .answer = {result->status, std::move(result->body), result->get_header_value("ETag")},
            .rest = RetryAfter(*result)};
  tried.why = Describe(tried.answer);
  switch (tried.answer.status) {
    case 429:
    case 503:
      tried.verdict = Verdict::kNotDone;
      break;
    case 501:
      tried.verdict = Verdict::kNotUnderstood;
      break;
    case 500:
    case 502:  // these two of somebody who stands between us
    case 504:
      tried.verdict = Verdict::kUnknown;
      break;
    default:
      break;
  }
  return tried;
}

std::unique_ptr<httplib::Client> Endpoints::Connect(size_t which) const {
  const Endpoint& place = at(which);
  auto made = NewHttpClient(place.address, place.tls ? &trust_ : nullptr);
  auto client = *std::move(made);  // what https trusts was read, and found good, before
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_url_encode(false);  // targets are encoded already
  client->set_follow_location(false);
  if (!token_.empty()) client->set_bearer_token_auth(token_.c_str());
  return client;
}

// The one used last, so that the others can grow old.
std::unique_ptr<httplib::Client> Endpoints::Take(size_t which) {
  {
    MutexLock lock(mutex_);
    std::vector<Connection>& idle = endpoints_[which].idle;
    const auto oldest = Clock::now() - kReuseWithin;
    std::erase_if(idle, [&](const Connection& one) { return one.used < oldest; });
    if (!idle.empty()) {
      auto client = std::move(idle.back().client);
      idle.pop_back();
      return client;
    }
  }
  return Connect(which);
}

void Endpoints::GiveBack(size_t which, std::unique_ptr<httplib::Client> client) {
  MutexLock lock(mutex_);
  std::vector<Connection>& idle = endpoints_[which].idle;
  if (idle.size() < kMostIdle) idle.push_back({std::move(client), Clock::now()});
}

std::string Endpoints::Explain(size_t which, httplib::Error error) const {
  const Address& server = at(which).address;
  const auto why = [&]() -> std::string {
    if (const char* tls = ExplainTls(error)) return tls;
    switch (error) {
      case httplib::Error::Connection:
      case httplib::Error::ConnectionTimeout:
      case httplib::Error::BindIPAddress:
        return WhyNoConnection(server, size() > 1 ? kConnectPatienceAmongOthers : kConnectPatience);
      case httplib::Error::Read:
      case httplib::Error::Canceled:
        return "it closed the connection, or took too long";
      case httplib::Error::Write:
        return "the connection broke while the request was sent";
      default:
        return "the HTTP exchange failed: " + httplib::to_string(error);
    }
  }();
  return absl::StrCat("no answer from ", ToString(server), ": ", why);
}

}  // namespace raftly::client
