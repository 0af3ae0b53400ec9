#include "server/http/client_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace raftly {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool NothingYet(ssize_t got) { return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR); }

}  // namespace

ClientSocket::~ClientSocket() { close(fd_); }

ClientSocket::Received ClientSocket::Receive(char* buffer, size_t size) const {
  const ssize_t got = recv(fd_, buffer, size, MSG_DONTWAIT);
  if (got > 0) return {.bytes = static_cast<size_t>(got)};
  return {.ended = !NothingYet(got)};
}

bool ClientSocket::Alive() const {
  char byte;
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || NothingYet(got);
}

bool ClientSocket::SendPromptly(std::string_view data) {
  const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  unsent_ = data.substr(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  return unsent_.empty();
}

bool ClientSocket::Flush() {
  const std::string data = std::exchange(unsent_, {});
  return Send(data);
}

bool ClientSocket::Send(std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      data.remove_prefix(static_cast<size_t>(sent));
    } else if (!NothingYet(sent) || !AwaitWritable()) {
      return false;
    }
  }
  return true;
}

void ClientSocket::KeepLittleUnread() const {
  constexpr int kSendBuffer = 64 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

void ClientSocket::SendNoMore() const { shutdown(fd_, SHUT_WR); }

bool ClientSocket::AwaitWritable() const {
  const auto deadline = steady_clock::now() + stalled_write_;
  while (true) {
    pollfd one{.fd = fd_, .events = POLLOUT, .revents = 0};
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    const int ready = poll(&one, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace raftly
