// One keep-alive connection of a load, with at most one request under way. Nothing here blocks, but the handshake of
// TLS.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/response_parser.h"
#include "server/address.h"
#include "transport/tls_files.h"

struct ssl_st;

namespace raftly::load {

struct Place {
  sockaddr_storage address{};
  socklen_t size = 0;
};

// Where `address` may be reached, in the resolver's order; empty where the name is unknown. Asks the resolver: call it
// before the clock runs.
std::vector<Place> Resolve(const Address& address);

struct Connection {
  using Time = std::chrono::steady_clock::time_point;

  std::string host;           // value of the Host header
  std::vector<Place> places;  // tried in turn
  size_t place = 0;           // the one that is tried, or was reached
  int fd = -1;
  SslContext tls;               // null: plain
  std::shared_ptr<ssl_st> ssl;  // while it is open
  bool connecting = false;
  bool was_open = false;  // what follows is a reconnect
  Time retry_at{};        // while there is no socket
  bool busy = false;
  bool get = false;
  Time due{};       // the latency of the request under way counts from here
  std::string out;  // not yet sent
  ResponseParser parser;

  bool open() const { return fd >= 0 && !connecting; }

  // Begins to connect to the first of the remaining places that does not refuse at once. False: none is left.
  bool StartConnecting();
  // Once the socket is writable or failed. False: not connected, and the socket is closed.
  bool FinishConnecting();
  void Close();

  enum class Sent { kAll, kSome, kBroken };
  Sent Send();
  // As recv, all that has come.
  ssize_t Receive(char* buffer, size_t size) const;
};

}  // namespace raftly::load
