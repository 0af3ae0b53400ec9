#include "server/cluster/peer_client.h"

#include <httplib.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "raft/core/check.h"
#include "raft/env/mutex.h"
#include "server/http/access.h"
#include "server/http_client.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A server ends idle connections after a minute. Ours are dropped long before, so that a request rarely meets a
// connection that is just being closed: what happened to a write on such a one, nobody can say.
constexpr std::chrono::seconds kReuseWithin{20};
constexpr size_t kMostIdlePerPeer = 64;
constexpr milliseconds kConnectTimeout{500};

using Connection = std::unique_ptr<httplib::Client>;

PeerAnswer Failure(PeerAnswer::Outcome outcome, std::string error) { return {outcome, {}, std::move(error)}; }

// httplib's own words are one each: "Read".
const char* Explain(httplib::Error error) {
  if (const char* tls = ExplainTls(error)) return tls;
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      return "cannot connect";
    case httplib::Error::ConnectionTimeout:
      return "cannot connect in time";
    case httplib::Error::Write:
      return "the connection broke while the request was sent";
    case httplib::Error::Read:
      return "no answer in time, or the connection broke";
    default:
      return "the HTTP exchange failed";
  }
}

HttpResponse Convert(httplib::Response& response) {
  HttpResponse out{.status = response.status, .body = std::move(response.body)};
  out.content_type = response.get_header_value("Content-Type");
  out.headers.assign(response.headers.begin(), response.headers.end());
  return out;
}

}  // namespace

class PeerClient::Impl {
 public:
  Impl(Addresses addresses, Tls tls) : addresses_(std::move(addresses)), tls_(std::move(tls)) {}

  PeerAnswer Call(const NodeId& peer, const HttpRequest& request, milliseconds timeout) {
    const std::optional<Address> address = addresses_(peer);
    if (!address) {
      return Failure(PeerAnswer::Outcome::kNoAddress, "the HTTP address of " + peer + " is not known here");
    }
    Connection connection = Take(peer, *address);
    if (connection == nullptr) return Failure(PeerAnswer::Outcome::kNotSent, "the node is stopping");
    PeerAnswer answer = Send(*connection, request, timeout);
    GiveBack(peer, *address, std::move(connection), answer.outcome == PeerAnswer::Outcome::kAnswered);
    return answer;
  }

  void Stop() {
    MutexLock lock(mutex_);
    stopped_ = true;
    idle_.clear();
    for (httplib::Client* client : in_use_) client->stop();
  }

 private:
  struct Idle {
    Connection connection;
    Address to;
    steady_clock::time_point since;
  };

  static PeerAnswer Send(httplib::Client& client, const HttpRequest& request, milliseconds timeout) {
    timeout = std::max(timeout, milliseconds(1));
    client.set_connection_timeout(std::min(timeout, kConnectTimeout));
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    httplib::Request out;
    out.method = request.method;
    out.path = request.target;
    for (const auto& [name, value] : request.headers) out.headers.emplace(name, value);
    if (request.caller != nullptr) out.set_header(kCallerHeader, CallerHeader(*request.caller));
    out.body = request.body;
    auto result = client.send(out);
    if (result) return {PeerAnswer::Outcome::kAnswered, Convert(*result), {}};
    const auto outcome =
        CertainlyNotSent(result.error()) ? PeerAnswer::Outcome::kNotSent : PeerAnswer::Outcome::kNoAnswer;
    return Failure(outcome, Explain(result.error()));
  }

  Connection Connect(const Address& address) const {
    const auto tls = tls_ ? tls_() : nullptr;
    auto made = NewHttpClient(address, tls.get());
    RAFTLY_CHECK(made.ok(), "certificates that were checked cannot be used");
    Connection client = *std::move(made);
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    client->set_url_encode(false);  // targets are encoded already
    client->set_follow_location(false);
    client->set_decompress(false);
    return client;
  }

  // The connection used last, so that the others can grow old. Null once stopped.
  Connection Take(const NodeId& peer, const Address& address) {
    MutexLock lock(mutex_);
    if (stopped_) return nullptr;
    std::vector<Idle>& idle = idle_[peer];
    const auto oldest = steady_clock::now() - kReuseWithin;
    std::erase_if(idle, [&](const Idle& one) { return one.since < oldest || one.to != address; });
    Connection connection;
    if (idle.empty()) {
      connection = Connect(address);
    } else {
      connection = std::move(idle.back().connection);
      idle.pop_back();
    }
    in_use_.insert(connection.get());
    return connection;
  }

  void GiveBack(const NodeId& peer, const Address& address, Connection connection, bool reusable) {
    MutexLock lock(mutex_);
    in_use_.erase(connection.get());
    std::vector<Idle>& idle = idle_[peer];
    if (!reusable || stopped_ || idle.size() >= kMostIdlePerPeer) return;
    idle.push_back({std::move(connection), address, steady_clock::now()});
  }

  const Addresses addresses_;
  const Tls tls_;
  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<NodeId, std::vector<Idle>> idle_ ABSL_GUARDED_BY(mutex_);
  std::set<httplib::Client*> in_use_ ABSL_GUARDED_BY(mutex_);
};

PeerClient::PeerClient(Addresses addresses, Tls tls)
    : impl_(std::make_unique<Impl>(std::move(addresses), std::move(tls))) {}
PeerClient::~PeerClient() = default;

PeerAnswer PeerClient::Call(const NodeId& peer, const HttpRequest& request, milliseconds timeout) {
  return impl_->Call(peer, request, timeout);
}
void PeerClient::Stop() { impl_->Stop(); }

}  // namespace raftly
