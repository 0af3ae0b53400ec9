#include "server/http/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "server/descriptors.h"
#include "server/http/client_socket.h"
#include "server/http/connections.h"
#include "server/http/http_connection.h"
#include "server/http/listener.h"
#include "server/http/poller.h"
#include "server/http/worker_pool.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A connection that has just become idle is likely to be used again; one idle for longer may be ended for another.
constexpr milliseconds kMayBeEnded{1000};
constexpr int kNoDescriptorsPauseMs = 10;
// Connections become idle, and may be ended, without anybody being told.
constexpr milliseconds kLooksForRoom{100};

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

size_t PollersFor(size_t configured) {
  return configured > 0 ? configured : std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerConfig config, const FrontDoor& front)
      : config_(std::move(config)),
        pool_(config_.max_threads, config_.max_waiting),
        shared_{config_, front, connections_, pool_} {}

  absl::Status Listen() {
    if (config_.max_connections == 0) config_.max_connections = DescriptorsForConnections(config_.spare_connections);
    auto fd = ListenOn(config_.listen);
    if (!fd.ok()) return fd.status();
    listen_fd_ = *fd;
    port_ = LocalPort(listen_fd_);
    for (size_t i = 0; i < PollersFor(config_.pollers); ++i) {
      Poller::Handlers handlers{.rest = [this] { shared_.front.EndBatch(); }};
      if (i == 0) handlers.tick = [this] { connections_.OnTick(SteadyNow()); };
      auto poller = Poller::Start("raftly-http", std::move(handlers));
      if (!poller.ok()) return poller.status();
      pollers_.push_back(*std::move(poller));
    }
    return absl::OkStatus();
  }

  void Start() {
    acceptor_ = std::thread([this] { Accept(); });
  }

  int port() const { return port_; }
  size_t max_connections() const { return config_.max_connections; }

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
    for (auto& poller : pollers_) poller->Stop();
    connections_.Clear();
  }

 private:
  void StopAccepting() {
    if (listen_fd_ < 0) return;
    accepting_ = false;
    shutdown(listen_fd_, SHUT_RDWR);  // wakes the acceptor
    if (acceptor_.joinable()) acceptor_.join();
    close(listen_fd_);
    listen_fd_ = -1;
  }

  enum class Room { kUsual, kSpare, kNone };

  void Accept() {
    while (true) {
      pollfd waiting{.fd = listen_fd_, .events = POLLIN, .revents = 0};
      poll(&waiting, 1, -1);  // only where somebody has come, others have to go
      const Room room = AwaitRoom();
      if (room == Room::kNone) return;
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        Admit(fd, room == Room::kSpare);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // The connection stays in the backlog: make room rather than spin.
        connections_.EndIdlest(SteadyNow());
        poll(nullptr, 0, kNoDescriptorsPauseMs);
      } else if (errno == EINVAL || errno == EBADF) {
        return;  // shut down
      }
    }
  }

  // None: no more are accepted.
  Room AwaitRoom() {
    while (accepting_) {
      const size_t open = connections_.size();
      if (open < config_.max_connections || connections_.EndIdlest(SteadyNow() - kMayBeEnded)) return Room::kUsual;
      if (open < config_.max_connections + config_.spare_connections) return Room::kSpare;
      connections_.AwaitFewer(open, SteadyNow() + kLooksForRoom);
    }
    return Room::kNone;
  }

  void Admit(int fd, bool spare) {
    Poller& poller = *pollers_[next_poller_++ % pollers_.size()];
    auto connection = std::make_shared<HttpConnection>(std::make_unique<ClientSocket>(fd), spare, poller, shared_);
    if (!connections_.Add(fd, connection)) return;
    poller.Post([connection] { connection->Begin(); });
  }

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

HttpServer::HttpServer(HttpServerConfig config, const FrontDoor& front)
    : impl_(std::make_unique<Impl>(std::move(config), front)) {}
HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Listen() { return impl_->Listen(); }
void HttpServer::Start() { impl_->Start(); }
int HttpServer::port() const { return impl_->port(); }
size_t HttpServer::max_connections() const { return impl_->max_connections(); }
bool HttpServer::Drain(Time deadline) { return impl_->Drain(deadline); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace raftly
