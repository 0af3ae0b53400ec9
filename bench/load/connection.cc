#include "bench/load/connection.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace raftly::load {

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
  if (error == 0) return true;
  Close();
  ++place;
  return false;
}

void Connection::Close() {
  if (fd >= 0) close(fd);
  fd = -1;
  connecting = false;
  busy = false;
  out.clear();
}

Connection::Sent Connection::Send() {
  while (!out.empty()) {
    const ssize_t sent = send(fd, out.data(), out.size(), MSG_NOSIGNAL);
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
