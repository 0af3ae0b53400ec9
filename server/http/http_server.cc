#include "server/http/http_server.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/http/connections.h"
#include "server/http/exchange.h"
#include "server/http/listener.h"
#include "server/http/plain_http.h"
#include "server/http/poller.h"
#include "server/http/socket_stream.h"
#include "server/http/worker_pool.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// A connection that has just become idle is likely to be used again; one idle for longer may be ended for another.
constexpr milliseconds kMayBeEnded{1000};
// An answer larger than this is made and sent by a thread of the pool: it would hold up the poller's other connections.
constexpr size_t kLargeAnswer = size_t{64} << 10;
constexpr int kNoDescriptorsPauseMs = 10;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

size_t PollersFor(size_t configured) {
  return configured > 0 ? configured : std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
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

// The usual request is read, handed to the node and answered by a poller's thread, without waiting (plain_http.h,
// PromptHandler). Every other one gets a thread of the pool, where httplib reads and writes it. Accepting, threads,
// time and connections are ours, because httplib's own loop keeps a thread for each connection, polls the idle ones a
// hundred times a second and cannot stop before they all time out.
class HttpServer::Impl : public httplib::Server {
 public:
  Impl(HttpServerConfig config, const FrontDoor& front)
      : config_(std::move(config)),
        keep_alive_(std::chrono::ceil<std::chrono::seconds>(config_.idle)),
        front_(front),
        exchanges_(*this, front, config_.node, config_.max_body_bytes),
        pool_(config_.max_threads, config_.max_waiting) {
    set_keep_alive_max_count(1'000'000);  // only announced; idle time alone ends a connection
    set_keep_alive_timeout(keep_alive_.count());
  }

  absl::Status Listen() {
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
    shutdown(listen_fd_, SHUT_RDWR);  // wakes the acceptor
    if (acceptor_.joinable()) acceptor_.join();
    close(listen_fd_);
    listen_fd_ = -1;
  }

  void Accept() {
    while (true) {
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
    Poller& poller = *pollers_[next_poller_++ % pollers_.size()];
    const SocketStream::Limits limits{config_.request, config_.stalled_write, config_.max_head_bytes};
    auto connection = std::make_unique<HttpConnection>(fd, limits, poller);
    if (connections_.size() >= config_.max_connections && !connections_.EndIdlest(SteadyNow() - kMayBeEnded)) {
      connection->stream.SendPromptly(TooMany("connections"));
    } else if (HttpConnection* const added = connections_.Add(std::move(connection))) {
      Rest(*added);
    }
  }

  std::string TooMany(const std::string& what) const {
    return WriteResponse(ErrorResponse(503, "too many " + what), {.node = config_.node});
  }

  // ---- On a poller's thread ----------------------------------------------------------------------------------------

  void OnReadable(HttpConnection& connection) {
    SocketStream& stream = connection.stream;
    const bool ended = !stream.Receive();
    if (connection.refused) stream.Consume(stream.received().size());
    if (ended && stream.received().empty()) return connections_.Remove(connection);
    if (ended) return ServeOnThread(connection);  // half a request: httplib knows what to say
    if (connection.refused) return Watch(connection);
    ServePromptly(connection);
  }

  void ServePromptly(HttpConnection& connection) {
    SocketStream& stream = connection.stream;
    if (stream.received().empty()) return Rest(connection);
    const Time now = SteadyNow();
    const Time first_byte = std::exchange(connection.first_byte, Time());
    PlainRequest plain = ParsePlainRequest(stream.received());
    // Many clients send head and body apart, so more is waited for here, but only once: each piece costs a look at all
    // that has come.
    if (plain.verdict == PlainRequest::Verdict::kIncomplete && !stream.full() && first_byte == Time()) {
      connection.first_byte = now;
      connections_.SetBusy(connection, now + config_.request);
      return Watch(connection);
    }
    connections_.SetBusy(connection);
    connection.request.received = first_byte == Time() ? now : first_byte;
    if (plain.verdict != PlainRequest::Verdict::kComplete) return ServeOnThread(connection);
    connection.request = std::move(plain.request);
    connection.request.received = now;
    const bool asked = front_.HandlePromptly(
        connection.request, [this, &connection, bytes = plain.bytes](std::optional<HttpAnswer> answer) {
          connection.poller.Post([this, &connection, bytes, answer = std::move(answer)]() mutable {
            OnAnswer(connection, bytes, std::move(answer));
          });
        });
    if (!asked) ServeOnThread(connection);
  }

  void OnAnswer(HttpConnection& connection, size_t bytes, std::optional<HttpAnswer> answer) {
    if (!answer) return ServeOnThread(connection);
    connection.stream.Consume(bytes);
    const bool last = connections_.stopping();
    if (answer->bytes > kLargeAnswer) {
      const auto large = std::make_shared<HttpAnswer>(*std::move(answer));
      return OnThread(connection, [this, &connection, last, large] {
        connection.stream.SendPromptly(Write(connection, large->make(), last));
        SendRest(connection, last);
      });
    }
    if (!connection.stream.SendPromptly(Write(connection, answer->make(), last))) {
      return OnThread(connection, [this, &connection, last] { SendRest(connection, last); });
    }
    if (last) return connections_.Remove(connection);
    ServePromptly(connection);
  }

  std::string Write(HttpConnection& connection, const HttpResponse& answer, bool last) const {
    front_.Answered(connection.request, answer.status, SteadyNow() - connection.request.received);
    connection.request.received = Time();
    return WriteResponse(answer, {config_.node, last ? std::chrono::seconds(0) : keep_alive_});
  }

  void ServeOnThread(HttpConnection& connection) {
    const auto place = pool_.Submit([this, &connection] { Serve(connection); });
    if (place != WorkerPool::Place::kRefused) return;
    // Closing while bytes of the client are unread would reset the connection, and the reset can overtake our answer.
    front_.Refused(503);
    connection.stream.SendPromptly(TooMany("requests"));
    shutdown(connection.fd, SHUT_WR);
    connection.stream.Consume(connection.stream.received().size());
    connection.refused = true;
    Rest(connection);
  }

  // For an answer under way: where no thread is free, the client learns by the connection's end.
  void OnThread(HttpConnection& connection, std::function<void()> task) {
    if (pool_.Submit(std::move(task)) == WorkerPool::Place::kRefused) connections_.Remove(connection);
  }

  // Until the client sends the next request. From any thread; from here on the connection is the poller's.
  void Rest(HttpConnection& connection) {
    const Time now = SteadyNow();
    connections_.SetIdle(connection, now, now + config_.idle);
    Watch(connection);
  }

  void Watch(HttpConnection& connection) {
    if (!connection.poller.Watch(connection.fd, &connection)) connections_.Remove(connection);
  }

  // ---- On a thread of the pool -------------------------------------------------------------------------------------

  // All that has arrived.
  void Serve(HttpConnection& connection) {
    while (!connection.stream.received().empty()) {
      if (!ServeOne(connection)) return connections_.Remove(connection);
    }
    Rest(connection);
  }

  // What the client did not take at once of its answer.
  void SendRest(HttpConnection& connection, bool last) {
    if (!connection.stream.Flush() || last) return connections_.Remove(connection);
    Serve(connection);
  }

  // True: the connection lives on.
  bool ServeOne(HttpConnection& connection) {
    SocketStream& stream = connection.stream;
    const Time received = std::exchange(connection.request.received, Time());
    stream.BeginRequest(received == Time() ? SteadyNow() : received);
    const bool last = connections_.stopping();
    bool client_closes = false;
    Exchange exchange(stream, received);
    const bool served = process_request(stream, last, client_closes, [&](httplib::Request& request) {
      stream.HeadDone();
      exchanges_.Begin(exchange, request);
    });
    exchanges_.End();
    if (!stream.Flush() || !served || exchange.streamed) return false;
    if (!exchange.request_consumed) Linger(connection.fd);
    return exchange.request_consumed && !client_closes && !last;
  }

  const HttpServerConfig config_;
  const std::chrono::seconds keep_alive_;
  const FrontDoor& front_;
  Exchanges exchanges_;
  Connections connections_;
  int listen_fd_ = -1;
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
bool HttpServer::Drain(Time deadline) { return impl_->Drain(deadline); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace raftly
