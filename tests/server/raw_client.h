// A client that sends bytes as they are.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace raftly {

class RawClient {
 public:
  // Of a server on this machine. `receive_buffer`: about how many bytes may wait for a client that does not read; 0: as
  // many as the system likes.
  explicit RawClient(int port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int at_once = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Send(std::string_view bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The server may have closed it.
  void TrySend(std::string_view bytes) const { send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void SendNoMore() const { shutdown(fd_, SHUT_WR); }

  // Everything until the server ends the connection.
  std::string Rest() const {
    std::string out;
    while (Receive(out)) {
    }
    return out;
  }
  // Until `text` has come; what has come where the connection ended before.
  std::string Until(std::string_view text) const {
    std::string out;
    size_t searched = 0;
    while (out.find(text, searched) == std::string::npos) {
      searched = out.size() - std::min(out.size(), text.size());
      if (!Receive(out)) break;
    }
    return out;
  }

 private:
  bool Receive(std::string& out) const {
    char buffer[65536];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) out.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  const int fd_;
};

}  // namespace raftly
