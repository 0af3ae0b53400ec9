#include "server/http/client_socket.h"

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

void ClientSocket::KeepLittleUnread() const {
  constexpr int kSendBuffer = 64 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

}  // namespace raftly
