#include "server/http/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace raftly {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool SocketStream::Poll(short events, milliseconds patience) const {
  const auto deadline = steady_clock::now() + patience;
  while (true) {
    pollfd one{.fd = fd_, .events = events, .revents = 0};
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    const int ready = poll(&one, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

bool SocketStream::Receive() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  if (full()) return true;
  const ssize_t got = recv(fd_, buffer_.data() + end_, buffer_.size() - end_, MSG_DONTWAIT);
  if (got > 0) end_ += static_cast<size_t>(got);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

void SocketStream::BeginRequest(Time since) {
  head_left_ = limits_.head_bytes;
  read_deadline_ = steady_clock::time_point(since.time_since_epoch()) + limits_.whole_request;
}

bool SocketStream::Alive() const {
  char byte;
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

bool SocketStream::is_writable() const { return Alive() && Poll(POLLOUT, limits_.stalled_write); }

ssize_t SocketStream::read(char* data, size_t size) {
  if (head_left_ == 0) return -1;
  if (begin_ == end_) {
    if (!Flush()) return -1;  // "100 Continue": the client waits for it before it sends more
    const auto left = std::chrono::ceil<milliseconds>(read_deadline_ - steady_clock::now());
    if (left.count() <= 0 || !Poll(POLLIN, left)) return -1;
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<size_t>(got);
  }
  const size_t n = std::min({size, end_ - begin_, head_left_});
  std::memcpy(data, buffer_.data() + begin_, n);
  begin_ += n;
  if (head_left_ != SIZE_MAX) head_left_ -= n;
  return static_cast<ssize_t>(n);
}

ssize_t SocketStream::write(const char* data, size_t size) {
  if (muted_) return static_cast<ssize_t>(size);
  if (unsent_.size() + size <= kFlushBytes) {
    unsent_.append(data, size);
    return static_cast<ssize_t>(size);
  }
  return Flush() && SendAll(data, size) ? static_cast<ssize_t>(size) : -1;
}

bool SocketStream::Flush() {
  const std::string data = std::exchange(unsent_, {});
  return SendAll(data.data(), data.size());
}

bool SocketStream::SendPromptly(std::string_view data) {
  const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  unsent_ = data.substr(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  return unsent_.empty();
}

bool SocketStream::SendNow(std::string_view data) { return Flush() && SendAll(data.data(), data.size()); }

void SocketStream::KeepLittleUnread() const {
  constexpr int kSendBuffer = 64 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

bool SocketStream::SendAll(const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      data += sent;
      size -= static_cast<size_t>(sent);
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    const bool full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!full || !Poll(POLLOUT, limits_.stalled_write)) return false;
  }
  return true;
}

}  // namespace raftly
