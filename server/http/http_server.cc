#include "server/http/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "server/descriptors.h"
#include "server/http/client_socket.h"
#include "server/http/listener.h"
#include "server/http/tls_context.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A connection that has just become idle is likely to be used again; one idle for longer may be ended for another.
constexpr milliseconds kMayBeEnded{1000};
constexpr int kNoDescriptorsPauseMs = 10;
// Connections become idle, and may be ended, without anybody being told.
constexpr milliseconds kLooksForRoom{100};
// A client that goes on asking has had its last answer by then.
constexpr milliseconds kLastRequests{100};

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

size_t PollersFor(size_t configured) {
  return configured > 0 ? configured : std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

}  // namespace

HttpServer::HttpServer(HttpServerConfig config, const FrontDoor& front)
    : config_(std::move(config)),
      pool_(config_.max_threads, config_.max_waiting),
      shared_{config_, front, connections_, pool_} {}

absl::Status HttpServer::Bind() {
  if (config_.max_connections == 0) config_.max_connections = DescriptorsForConnections(config_.spare_connections);
  auto fd = BindTo(config_.listen);
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

absl::Status HttpServer::Start() {
  if (auto status = Listen(listen_fd_, config_.listen); !status.ok()) return status;
  acceptor_ = std::thread([this] { Accept(); });
  return absl::OkStatus();
}

void HttpServer::Accept() {
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
      connections_.EndIdle(SteadyNow());
      poll(nullptr, 0, kNoDescriptorsPauseMs);
    } else if (errno == EINVAL || errno == EBADF) {
      return;  // shut down
    }
  }
}

HttpServer::Room HttpServer::AwaitRoom() {
  while (accepting_) {
    const size_t open = connections_.size();
    if (open < config_.max_connections) return Room::kUsual;
    if (connections_.EndIdle(SteadyNow() - kMayBeEnded)) return Room::kUsual;
    if (open < config_.max_connections + config_.spare_connections) return Room::kSpare;
    connections_.AwaitFewer(open, SteadyNow() + kLooksForRoom);
  }
  return Room::kNone;
}

void HttpServer::Admit(int fd, bool spare) {
  Poller& poller = *pollers_[next_poller_++ % pollers_.size()];
  auto socket = config_.tls == nullptr ? std::make_unique<ClientSocket>(fd) : config_.tls->Accept(fd);
  auto connection = std::make_shared<HttpConnection>(std::move(socket), spare, poller, shared_);
  if (!connections_.Add(fd, connection)) return;
  poller.Post([connection] { connection->Begin(); });
}

void HttpServer::StopAccepting() {
  if (listen_fd_ < 0) return;
  accepting_ = false;
  shutdown(listen_fd_, SHUT_RDWR);  // wakes the acceptor
  if (acceptor_.joinable()) acceptor_.join();
  close(listen_fd_);
  listen_fd_ = -1;
}

bool HttpServer::Drain(Time deadline) {
  StopAccepting();
  // A connection that is closed with an answer costs its client nothing; one that is closed while its next request is
  // on its way leaves the client in doubt.
  if (!connections_.stopping()) {
    connections_.LetGo();
    connections_.AwaitFewer(1, std::min<Time>(deadline, SteadyNow() + kLastRequests));
  }
  connections_.BeginStop();
  return connections_.AwaitNoneBusy(deadline);
}

void HttpServer::Stop() {
  StopAccepting();
  connections_.BeginStop();
  connections_.CutAll();
  pool_.Stop();
  for (auto& poller : pollers_) poller->Stop();
  connections_.Clear();
}

}  // namespace raftly
