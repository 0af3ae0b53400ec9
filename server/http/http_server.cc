#include "server/http/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/descriptors.h"
#include "server/http/connections.h"
#include "server/http/listener.h"
#include "server/http/poller.h"
#include "server/http/response_writer.h"
#include "server/http/worker_pool.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A connection that has just become idle is likely to be used again; one idle for longer may be ended for another.
constexpr milliseconds kMayBeEnded{1000};
// Reading a body or making an answer that is larger is left to a thread of the pool: it would hold up the poller's
// other connections.
constexpr size_t kLarge = size_t{64} << 10;
constexpr size_t kReadBytes = size_t{64} << 10;
// What a connection may hold of a request however much all hold together.
constexpr size_t kSmall = size_t{4} << 10;
// Of one connection, before the poller looks at the next one.
constexpr int kReadsPerTurn = 4;
constexpr int kNoDescriptorsPauseMs = 10;
// Connections become idle, and may be ended, without anybody being told.
constexpr milliseconds kLooksForRoom{100};
// After the last answer: for how long, and how much, is still read.
constexpr milliseconds kLinger{1000};
constexpr size_t kMostDropped = size_t{16} << 20;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

size_t PollersFor(size_t configured) {
  return configured > 0 ? configured : std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

class Sink : public HttpSink {
 public:
  explicit Sink(ClientSocket& socket) : socket_(socket) {}
  bool Write(std::string_view data) override { return socket_.Send(data); }
  bool Alive() const override { return socket_.Alive(); }

 private:
  ClientSocket& socket_;
};

}  // namespace

// Pollers' threads read every request until it is whole, and answer those that need no waiting. What may wait gets a
// thread of the pool. A connection is never read while a request of it is being answered.
class HttpServer::Impl {
 public:
  Impl(HttpServerConfig config, const FrontDoor& front)
      : config_(std::move(config)),
        keep_alive_(std::chrono::ceil<std::chrono::seconds>(config_.idle)),
        front_(front),
        pool_(config_.max_threads, config_.max_waiting) {}

  absl::Status Listen() {
    if (config_.max_connections == 0) config_.max_connections = DescriptorsForConnections(config_.spare_connections);
    auto fd = ListenOn(config_.listen);
    if (!fd.ok()) return fd.status();
    listen_fd_ = *fd;
    port_ = LocalPort(listen_fd_);
    for (size_t i = 0; i < PollersFor(config_.pollers); ++i) {
      auto poller = Poller::Start("raftly-http",
                                  {.ready = [this](void* what) { OnReadable(*static_cast<HttpConnection*>(what)); },
                                   .rest = [this] { front_.EndBatch(); },
                                   .tick = [this] { connections_.EndOverdue(SteadyNow()); }});
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
  }

 private:
  // ---- Who comes ---------------------------------------------------------------------------------------------------

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
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
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
    const RequestReader::Limits limits{config_.max_line_bytes, config_.max_head_bytes, config_.max_body_bytes};
    auto connection = std::make_unique<HttpConnection>(fd, config_.stalled_write, limits, poller);
    connection->spare = spare;
    if (HttpConnection* const added = connections_.Add(std::move(connection))) Rest(*added);
  }

  // ---- On a poller's thread: reading -------------------------------------------------------------------------------

  void OnReadable(HttpConnection& connection) {
    thread_local std::array<char, kReadBytes> buffer;
    for (int reads = 0; reads < kReadsPerTurn; ++reads) {
      const auto [bytes, ended] = connection.socket.Receive(buffer.data(), buffer.size());
      if (ended) return OnEnd(connection);
      if (connection.over) {
        connection.dropped += bytes;
        if (connection.dropped > kMostDropped) return Remove(connection);
      } else if (bytes > 0 && !Take(connection, {buffer.data(), bytes})) {
        return;
      }
      if (bytes < buffer.size()) break;
    }
    Watch(connection);
  }

  // True: more has to come before anything can be done.
  bool Take(HttpConnection& connection, std::string_view data) {
    const RequestReader::State state = connection.reader.Read(data);
    switch (state) {
      case RequestReader::State::kNothing:
        return true;
      case RequestReader::State::kPartial:
        return AwaitRest(connection);
      case RequestReader::State::kComplete:
        connection.unread = data;
        Dispatch(connection);
        return false;
      case RequestReader::State::kRefused:
        break;
    }
    Refuse(connection, connection.reader.refusal());
    return false;
  }

  bool AwaitRest(HttpConnection& connection) {
    if (!std::exchange(connection.begun, true)) {
      const Time now = SteadyNow();
      connections_.SetIdle(connection, now, now + config_.request);
    }
    const size_t held = connection.reader.held_bytes();
    if (Charge(connection, held) > config_.max_buffered_bytes && held > kSmall) {
      Refuse(connection, {503, "too much of other requests waits for its rest"});
      return false;
    }
    if (!connection.reader.TakeExpectation()) return true;
    if (connection.socket.SendPromptly("HTTP/1.1 100 Continue\r\n\r\n")) return true;
    Remove(connection);
    return false;
  }

  // Nothing more comes, because the client or this server has ended it.
  void OnEnd(HttpConnection& connection) {
    if (connection.over || !connection.begun) return Remove(connection);
    if (connections_.stopping()) return Refuse(connection, {503, "the node is stopping"});
    if (connections_.Ended(connection)) return Refuse(connection, {408, "the request did not come as a whole in time"});
    Refuse(connection, {400, "the request ended early"});
  }

  void Dispatch(HttpConnection& connection) {
    HttpRequest& request = connection.reader.request();
    request.received = SteadyNow();
    connection.begun = false;
    connections_.SetBusy(connection);
    Charge(connection, connection.reader.held_bytes());
    if (connection.spare && !front_.NeverWaits(request)) return Refuse(connection, {503, kTooManyConnections});
    if (request.body.size() <= kLarge) {
      if (!AskPromptly(connection)) OnThread(connection, [this, &connection] { Serve(connection); });
      return;
    }
    OnThread(connection, [this, &connection] {
      if (AskPromptly(connection)) return front_.EndBatch();
      Serve(connection);
    });
  }

  // From any thread. Once this is true, the connection is the reply's.
  bool AskPromptly(HttpConnection& connection) {
    return front_.HandlePromptly(connection.reader.request(), [this, &connection](std::optional<HttpAnswer> answer) {
      connection.poller.Post(
          [this, &connection, answer = std::move(answer)]() mutable { OnAnswer(connection, std::move(answer)); });
    });
  }

  // ---- On a poller's thread: answering -----------------------------------------------------------------------------

  void OnAnswer(HttpConnection& connection, std::optional<HttpAnswer> answer) {
    if (!answer) return OnThread(connection, [this, &connection] { Serve(connection); });
    if (answer->bytes > kLarge) {
      const auto large = std::make_shared<HttpAnswer>(*std::move(answer));
      return OnThread(connection, [this, &connection, large] {
        const HttpResponse response = large->make();
        Tell(connection, response.status);
        Send(connection, response);
      });
    }
    const HttpResponse response = answer->make();
    Tell(connection, response.status);
    const bool last = IsLast(connection);
    if (connection.socket.SendPromptly(Bytes(connection, response, last))) return GoOn(connection, last);
    const auto placed = pool_.Submit([this, &connection, last] {
      if (!connection.socket.Flush()) return Remove(connection);
      GoOn(connection, last);
    });
    if (placed == WorkerPool::Place::kRefused) Remove(connection);  // half an answer cannot be followed by another
  }

  void Tell(const HttpConnection& connection, int status) const {
    const HttpRequest& request = connection.reader.request();
    front_.Answered(request, status, SteadyNow() - request.received);
  }

  // Where the connection cannot go on: the rest of the request would be taken for another one.
  void Refuse(HttpConnection& connection, const Refusal& refusal) {
    front_.Refused(refusal.status);
    HttpResponse response = ErrorResponse(refusal.status, refusal.why);
    if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", "identity");
    connection.socket.SendPromptly(Bytes(connection, response, true));
    Finish(connection);
  }

  // A task that ends with an answer. Where no thread is free, the answer is that.
  void OnThread(HttpConnection& connection, std::function<void()> task) {
    if (pool_.Submit(std::move(task)) != WorkerPool::Place::kRefused) return;
    Refuse(connection, {503, "too many requests"});
  }

  // ---- On a thread of the pool -------------------------------------------------------------------------------------

  void Serve(HttpConnection& connection) { Send(connection, front_.Handle(connection.reader.request())); }

  void Send(HttpConnection& connection, const HttpResponse& response) {
    const bool last = IsLast(connection) || response.stream;
    if (response.stream) connection.socket.KeepLittleUnread();
    if (!connection.socket.Send(Bytes(connection, response, last))) return Remove(connection);
    if (response.stream && connection.reader.request().method != "HEAD") {
      Sink sink(connection.socket);
      response.stream(sink);
    }
    GoOn(connection, last);
  }

  // ---- On any thread; afterwards the connection is the poller's, or gone -------------------------------------------

  bool IsLast(const HttpConnection& connection) const { return connections_.stopping() || connection.reader.last(); }

  std::string Bytes(const HttpConnection& connection, const HttpResponse& response, bool last) const {
    return WriteResponse(response, {.node = config_.node,
                                    .keep_alive = last ? std::chrono::seconds(0) : keep_alive_,
                                    .head_only = connection.reader.request().method == "HEAD"});
  }

  // The answer is sent: the next request may follow.
  void GoOn(HttpConnection& connection, bool last) {
    if (last) return Finish(connection);
    connection.reader.Reset();
    Charge(connection, 0);
    if (connection.unread.empty()) return Rest(connection);
    connection.poller.Post([this, &connection] {
      const std::string unread = std::exchange(connection.unread, {});
      if (Take(connection, unread)) Rest(connection);
    });
  }

  // Closing while bytes of the client are unread resets the connection, and the reset can overtake our answer. So: say
  // that nothing more comes, then read what still arrives, within reason.
  void Finish(HttpConnection& connection) {
    connection.over = true;
    connection.unread.clear();
    connection.reader.Reset();
    Charge(connection, 0);
    connection.socket.SendNoMore();
    connections_.SetIdle(connection, Time(), SteadyNow() + kLinger);
    Watch(connection);
  }

  // Until the client sends more.
  void Rest(HttpConnection& connection) {
    if (!connection.begun) {
      const Time now = SteadyNow();
      connections_.SetIdle(connection, now, now + config_.idle);
    }
    Watch(connection);
  }

  void Watch(HttpConnection& connection) {
    if (!connection.poller.Watch(connection.socket.fd(), &connection)) Remove(connection);
  }

  void Remove(HttpConnection& connection) {
    Charge(connection, 0);
    connections_.Remove(connection);
  }

  // What this connection holds of a request. Returns what all hold.
  size_t Charge(HttpConnection& connection, size_t bytes) {
    const size_t more = bytes - std::exchange(connection.charged, bytes);  // may wrap around, and back again
    return buffered_.fetch_add(more) + more;
  }

  static constexpr char kTooManyConnections[] = "too many connections";

  HttpServerConfig config_;
  const std::chrono::seconds keep_alive_;
  const FrontDoor& front_;
  Connections connections_;
  std::atomic<size_t> buffered_{0};
  int listen_fd_ = -1;
  std::atomic<bool> accepting_ = true;
  int port_ = 0;
  std::vector<std::unique_ptr<Poller>> pollers_;
  size_t next_poller_ = 0;  // acceptor
  WorkerPool pool_;
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
