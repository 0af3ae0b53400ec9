#include "server/connect_error.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// errno; 0: connected.
int TryToConnect(const addrinfo& place, milliseconds patience) {
  const int fd = socket(place.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  int error = connect(fd, place.ai_addr, place.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd one{.fd = fd, .events = POLLOUT, .revents = 0};
    socklen_t size = sizeof error;
    const bool settled = poll(&one, 1, static_cast<int>(patience.count())) > 0;
    if (!settled || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = ETIMEDOUT;
  }
  close(fd);
  return error;
}

}  // namespace

std::string WhyNoConnection(const Address& server, milliseconds patience) {
  const std::string host = server.host.empty() ? "localhost" : server.host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (failed != 0) return absl::StrCat("unknown host: ", gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    error = TryToConnect(*one, patience);
    if (error == 0) return "cannot connect";
  }
  if (error == ETIMEDOUT) return absl::StrCat("no answer within ", patience.count() / 1000.0, " s");
  return absl::AsciiStrToLower(std::strerror(error));
}

}  // namespace raftly
