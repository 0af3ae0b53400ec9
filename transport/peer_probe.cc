#include "transport/peer_probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/strings/str_split.h"
#include "transport/grpc_resolver.h"

namespace raftly {
namespace {

constexpr int kAttempts = 4;
constexpr Duration kPause = std::chrono::milliseconds(3);
constexpr int kPatienceMs = 1000;

bool Refuses(int fd, const addrinfo& address) {
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return false;
  if (errno != EINPROGRESS) return errno == ECONNREFUSED;
  pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
  if (poll(&wait, 1, kPatienceMs) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED;
}

bool Refuses(const HostAndPort& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (place.port.empty() || getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found) != 0) return false;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool refuses = fd >= 0 && Refuses(fd, *found);
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  return refuses;
}

}  // namespace

bool RefusesConnections(const std::string& target) {
  const size_t scheme = target.find(':');
  if (scheme == std::string::npos) return false;
  for (const auto address : absl::StrSplit(target.substr(scheme + 1), ',')) {
    if (!Refuses(SplitAddress(std::string(address)))) return false;
  }
  return true;
}

void PeerProbe::Ask(const NodeId& peer, const std::string& target) {
  {
    MutexLock lock(mutex_);
    if (target.empty() || !asked_.insert(peer).second) return;
  }
  loop_.Post([this, peer, target] { Try(peer, target, kAttempts); });
}

void PeerProbe::Try(const NodeId& peer, const std::string& target, int attempts) {
  const bool refused = RefusesConnections(target);
  if (!refused && attempts > 1) {
    return loop_.PostAt(loop_.Now() + kPause, [this, peer, target, attempts] { Try(peer, target, attempts - 1); });
  }
  if (refused) on_refused_(peer);
  MutexLock lock(mutex_);
  asked_.erase(peer);
}

}  // namespace raftly
