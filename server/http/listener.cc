#include "server/http/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr int kBacklog = 1024;

absl::Status Failure(const Address& address, std::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", ToString(address), ": ", std::string(why)));
}

void SetOption(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

// A bound socket, or -1 and errno.
int TryBind(const addrinfo& candidate) {
  const int fd = socket(candidate.ai_family, candidate.ai_socktype | SOCK_CLOEXEC, candidate.ai_protocol);
  if (fd < 0) return -1;
  // Address reuse only gets past connections that linger from an earlier run. Port reuse would let two servers share
  // one port without a word.
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by accepted connections
  if (candidate.ai_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(fd, candidate.ai_addr, candidate.ai_addrlen) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<int> BindTo(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int failed = getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) return Failure(address, gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  int error = EADDRNOTAVAIL;
  // IPv6 first: its wildcard serves IPv4 as well.
  for (const int family : {AF_INET6, AF_INET}) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (one->ai_family != family) continue;
      const int fd = TryBind(*one);
      if (fd >= 0) return fd;
      if (error != EADDRINUSE) error = errno;  // the more telling one
    }
  }
  return Failure(address, std::strerror(error));
}

absl::Status Listen(int fd, const Address& address) {
  return listen(fd, kBacklog) == 0 ? absl::OkStatus() : Failure(address, std::strerror(errno));
}

int LocalPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace raftly
