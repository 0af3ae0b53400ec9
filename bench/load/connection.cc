#include "bench/load/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace raftly::load {

namespace {

// Before the load begins, so it may wait.
std::shared_ptr<SSL> Greet(const SslContext& tls, int fd) {
  std::shared_ptr<SSL> ssl(SSL_new(tls.get()), SSL_free);
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  SSL_set_fd(ssl.get(), fd);
  const bool agreed = SSL_connect(ssl.get()) == 1;
  fcntl(fd, F_SETFL, flags);
  return agreed ? ssl : nullptr;
}

// As send and recv tell it.
ssize_t Told(SSL* ssl, int moved) {
  if (moved > 0) return moved;
  const int error = SSL_get_error(ssl, moved);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
  return -1;
}

}  // namespace

std::vector<Place> Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return {};
  std::vector<Place> places;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Place& place = places.emplace_back();
    std::memcpy(&place.address, one->ai_addr, one->ai_addrlen);
    place.size = one->ai_addrlen;
  }
  freeaddrinfo(found);
  return places;
}

bool Connection::StartConnecting() {
  parser = {};
  for (; place < places.size(); ++place) {
    const auto* address = reinterpret_cast<const sockaddr*>(&places[place].address);
    fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connecting = true;
    if (connect(fd, address, places[place].size) == 0 || errno == EINPROGRESS) return true;
    Close();
  }
  place = 0;
  return false;
}

bool Connection::FinishConnecting() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  connecting = false;
  if (error == 0 && tls != nullptr) ssl = Greet(tls, fd);
  if (error == 0 && (tls == nullptr || ssl != nullptr)) return true;
  Close();
  ++place;
  return false;
}

void Connection::Close() {
  ssl = nullptr;
  if (fd >= 0) close(fd);
  fd = -1;
  connecting = false;
  busy = false;
  out.clear();
}

ssize_t Connection::Receive(char* buffer, size_t size) const {
  if (ssl == nullptr) return recv(fd, buffer, size, 0);
  size_t got = 0;
  while (got < size) {
    const ssize_t more = Told(ssl.get(), SSL_read(ssl.get(), buffer + got, static_cast<int>(size - got)));
    if (more <= 0) return got > 0 ? static_cast<ssize_t>(got) : more;
    got += static_cast<size_t>(more);
    if (SSL_has_pending(ssl.get()) == 0) break;
  }
  return static_cast<ssize_t>(got);
}

Connection::Sent Connection::Send() {
  while (!out.empty()) {
    const ssize_t sent = ssl == nullptr
                             ? send(fd, out.data(), out.size(), MSG_NOSIGNAL)
                             : Told(ssl.get(), SSL_write(ssl.get(), out.data(), static_cast<int>(out.size())));
    if (sent > 0) {
      out.erase(0, static_cast<size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      return Sent::kSome;
    } else if (sent == 0 || errno != EINTR) {
      return Sent::kBroken;
    }
  }
  return Sent::kAll;
}

}  // namespace raftly::load
