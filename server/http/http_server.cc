#include "server/http/http_server.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "server/http/connections.h"
#include "server/http/exchange.h"
#include "server/http/listener.h"
#include "server/http/socket_stream.h"
#include "server/http/worker_pool.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A connection that has just become idle is likely to be used again; one idle for longer may be ended for another.
constexpr milliseconds kMayBeEnded{1000};
constexpr int kCrowdedPollMs = 100;
constexpr int kNoDescriptorsPauseMs = 10;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

std::string TooManyConnections(const NodeId& node) {
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
         "Raftly-Node: " +
         node + "\r\nContent-Length: 32\r\n\r\n{\"error\":\"too many connections\"}";
}

// Closing while bytes of the client are unread resets the connection, and the reset can overtake our answer. So: say
// that nothing more comes, then read what still arrives, within reason.
void Linger(int fd) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(1000);
  shutdown(fd, SHUT_WR);
  char waste[16384];
  for (size_t total = 0; total < kMostBytes;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&one, 1, static_cast<int>(left)) <= 0) return;
    const ssize_t got = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
    if (got <= 0) return;
    total += static_cast<size_t>(got);
  }
}

}  // namespace

// httplib parses and writes messages; accepting, threads, time and connections are ours, because its own loop polls
// each idle connection a hundred times a second and cannot stop before they all time out.
class HttpServer::Impl : public httplib::Server {
 public:
  Impl(HttpServerConfig config, const FrontDoor& front)
      : config_(std::move(config)),
        limits_{config_.request, config_.stalled_write, config_.max_head_bytes},
        exchanges_(*this, front, config_.node, config_.max_body_bytes),
        pool_(config_.max_connections, config_.max_waiting) {
    set_keep_alive_max_count(1'000'000);  // only announced; idle time alone ends a connection
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(config_.idle).count());
  }

  absl::Status Listen() {
    auto fd = ListenOn(config_.listen);
    if (!fd.ok()) return fd.status();
    listen_fd_ = *fd;
    port_ = LocalPort(listen_fd_);
    return absl::OkStatus();
  }

  void Start() {
    acceptor_ = std::thread([this] { Accept(); });
  }

  int port() const { return port_; }

  bool Drain(Time deadline) {
    StopAccepting();
    connections_.BeginStop();
    return connections_.AwaitNoneBusy(deadline);
  }

  void Stop() {
    StopAccepting();
    connections_.BeginStop();
    connections_.CutAll();
    pool_.Stop();
  }

 private:
  void StopAccepting() {
    if (listen_fd_ < 0) return;
    shutdown(listen_fd_, SHUT_RDWR);  // wakes the acceptor
    if (acceptor_.joinable()) acceptor_.join();
    close(listen_fd_);
    listen_fd_ = -1;
  }

  void Accept() {
    while (true) {
      const bool crowded = pool_.crowded();
      pollfd one{.fd = listen_fd_, .events = POLLIN, .revents = 0};
      const int ready = poll(&one, 1, crowded ? kCrowdedPollMs : -1);
      if (crowded) connections_.EndIdlest(SteadyNow() - kMayBeEnded);
      if (ready <= 0) continue;
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) {
        Admit(fd);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // The connection stays in the backlog: make room rather than spin.
        connections_.EndIdlest(SteadyNow());
        poll(nullptr, 0, kNoDescriptorsPauseMs);
      } else if (errno == EINVAL || errno == EBADF) {
        return;  // shut down
      }
    }
  }

  void Admit(int fd) {
    const auto place = pool_.Submit([this, fd] { Serve(fd); });
    if (place == WorkerPool::Place::kWaits) connections_.EndIdlest(SteadyNow() - kMayBeEnded);
    if (place != WorkerPool::Place::kRefused) return;
    const std::string answer = TooManyConnections(config_.node);
    send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
  }

  void Serve(int fd) {
    if (connections_.Add(fd)) {
      SocketStream stream(fd, limits_);
      while (ServeOne(fd, stream)) {
      }
      connections_.Remove(fd);
    }
    close(fd);
  }

  // True: the connection lives on.
  bool ServeOne(int fd, SocketStream& stream) {
    connections_.SetIdle(fd, SteadyNow());
    if (!stream.AwaitRequest(config_.idle)) return false;
    connections_.SetBusy(fd);
    const bool last = connections_.stopping() || pool_.crowded();
    bool client_closes = false;
    Exchange exchange(stream);
    const bool served = process_request(stream, last, client_closes, [&](httplib::Request& request) {
      stream.HeadDone();
      exchanges_.Begin(exchange, request);
    });
    exchanges_.End();
    if (!stream.Flush() || !served || exchange.streamed) return false;
    if (!exchange.request_consumed) Linger(fd);
    return exchange.request_consumed && !client_closes && !last;
  }

  const HttpServerConfig config_;
  const SocketStream::Limits limits_;
  Exchanges exchanges_;
  Connections connections_;
  int listen_fd_ = -1;
  int port_ = 0;
  WorkerPool pool_;
  std::thread acceptor_;
};

HttpServer::HttpServer(HttpServerConfig config, const FrontDoor& front)
    : impl_(std::make_unique<Impl>(std::move(config), front)) {}
HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Listen() { return impl_->Listen(); }
void HttpServer::Start() { impl_->Start(); }
int HttpServer::port() const { return impl_->port(); }
bool HttpServer::Drain(Time deadline) { return impl_->Drain(deadline); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace raftly
