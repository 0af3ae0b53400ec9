// The HTTP server: sockets, limits and hygiene. What is answered is decided behind the front door.
//
//   HttpServer http({.listen = {"", 8001}, .node = "node1"}, front_door);
//   RETURN_IF_ERROR(http.Bind());
//   RETURN_IF_ERROR(http.Start());
//   ...
//   http.Drain(now + 2s);
//   http.Stop();
//
// Every answer carries Raftly-Node; every failure is JSON. A connection occupies no thread, whatever it waits for: the
// rest of a request, the next one, the node's answer, or its reader. A handler that waits occupies one of a pool. Where
// there are too many connections, those that wait for their clients give way to new ones, and where all are busy the
// listener waits; what never waits (health, status, metrics) is answered even then.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "server/address.h"
#include "server/http/connections.h"
#include "server/http/front_door.h"
#include "server/http/http_connection.h"
#include "server/http/poller.h"
#include "server/http/worker_pool.h"

namespace raftly {

class TlsContext;

struct HttpServerConfig {
  Address listen;
  NodeId node;
  TlsContext* tls = nullptr;                 // outlives the server; null: plain
  size_t max_connections = 0;                // beyond, who connects waits; 0: what the limit on descriptors leaves
  size_t spare_connections = 32;             // so many more, whose requests never wait; 503 for others
  size_t max_greeting = 1024;                // connections in a handshake; beyond: the oldest of these gives way
  size_t max_threads = 512;                  // for handlers that wait
  size_t max_waiting = 16384;                // requests that wait for such a thread; beyond: 503, closed
  size_t pollers = 0;                        // threads that read and answer; 0: one for every two processors, up to 4
  size_t max_body_bytes = size_t{8} << 20;   // a value of 1 MiB may be escaped sixfold; beyond: 413
  size_t max_line_bytes = size_t{64} << 10;  // the request line; beyond: 414
  size_t max_head_bytes = size_t{64} << 10;  // the headers; beyond: 431
  // Of all requests together that are being read or answered. Beyond: 503 for who sends a large one.
  size_t max_buffered_bytes = size_t{256} << 20;
  // Of all answers together that their clients have not taken. Beyond: who takes them most slowly is cut off.
  size_t max_unsent_bytes = size_t{512} << 20;
  std::chrono::milliseconds idle{60'000};           // a kept-alive connection without a request
  std::chrono::milliseconds request{30'000};        // until the last byte of a request has arrived; beyond: 408
  std::chrono::milliseconds stalled_write{10'000};  // a client that takes nothing of its answer; cut off
};

class HttpServer {
 public:
  // The front door outlives it. Who took requests replies before it is destroyed, and nobody wakes it any more.
  HttpServer(HttpServerConfig config, const FrontDoor& front);
  // Stops.
  ~HttpServer() { Stop(); }

  // Takes the port; who connects is refused, and may ask another node. Unavailable where it cannot be had, naming the
  // address and the cause; ResourceExhausted where descriptors are short. Once.
  absl::Status Bind();
  int port() const { return port_; }
  size_t max_connections() const { return config_.max_connections; }
  // Begins to serve. Unavailable where another process took the port at the same moment. Once, after Bind.
  absl::Status Start();

  // Accepts nothing new, ends connections with their next answer, idle ones a moment later, and lets requests under way
  // be answered until `deadline` (steady clock). False where some were not. Idempotent.
  bool Drain(Time deadline);
  // Drains without patience: ends all connections, joins all threads. Idempotent.
  void Stop();

 private:
  enum class Room { kUsual, kSpare, kNone };

  // On a thread of its own.
  void Accept();
  // None: no more are accepted.
  Room AwaitRoom();
  void Admit(int fd, bool spare);
  void StopAccepting();

  HttpServerConfig config_;
  Connections connections_;
  WorkerPool pool_;
  HttpConnection::Shared shared_;
  int listen_fd_ = -1;
  std::atomic<bool> accepting_ = true;
  int port_ = 0;
  std::vector<std::unique_ptr<Poller>> pollers_;
  size_t next_poller_ = 0;  // acceptor
  std::thread acceptor_;
};

}  // namespace raftly
