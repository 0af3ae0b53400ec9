#include "server/http/client_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace raftly {
namespace {

using Then = ClientSocket::Then;

// Of a call that moved nothing.
Then WhyNothing() {
  if (errno == EINTR) return Then::kMore;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Then::kLater : Then::kGone;
}

}  // namespace

ClientSocket::~ClientSocket() { close(fd_); }

ClientSocket::Progress ClientSocket::Receive(char* buffer, size_t size) {
  const ssize_t got = recv(fd_, buffer, size, 0);
  if (got == 0) return {0, Then::kGone};
  if (got < 0) return {0, WhyNothing()};
  const auto bytes = static_cast<size_t>(got);
  return {bytes, bytes < size ? Then::kLater : Then::kMore};
}

ClientSocket::Progress ClientSocket::Send(std::string_view data) {
  const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
  return sent < 0 ? Progress{0, WhyNothing()} : Progress{static_cast<size_t>(sent), Then::kMore};
}

void ClientSocket::SendNoMore() { shutdown(fd_, SHUT_WR); }

std::string ClientSocket::Address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    return text;
  }
  const in6_addr& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  // As IPv4 clients look on a socket for both.
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &six, text, sizeof text);
  }
  return text;
}

void ClientSocket::KeepLittleUnread() const {
  constexpr int kSendBuffer = 64 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

}  // namespace raftly
