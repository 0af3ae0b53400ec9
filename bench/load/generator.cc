#include "bench/load/generator.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/requests.h"
#include "bench/load/response_parser.h"

namespace raftly::load {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kReconnectPause{20};
constexpr milliseconds kLastAnswers{6'000};  // longer than a server's own deadline

// A socket that is connected, or -1.
int Connect(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return -1;
  int fd = -1;
  for (const addrinfo* one = found; one != nullptr && fd < 0; one = one->ai_next) {
    fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct Connection {
  Address address;
  int fd = -1;
  Clock::time_point retry_at{};  // while there is no socket
  bool busy = false;
  bool get = false;
  Clock::time_point due{};  // the latency of the request under way counts from here
  std::string out;          // not yet sent
  ResponseParser parser;
};

class Generator {
 public:
  Generator(const Options& options, const std::function<void(const Progress&)>& progress)
      : options_(options), progress_(progress), requests_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Generator() {
    for (Connection& one : connections_) {
      if (one.fd >= 0) close(one.fd);
    }
    close(epoll_);
  }

  absl::StatusOr<Result> Run() {
    connections_.resize(options_.connections);
    bool any = false;
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].address = options_.endpoints[i % options_.endpoints.size()];
      any |= Open(connections_[i]);
    }
    if (!any) return absl::UnavailableError(absl::StrCat("cannot connect to ", ToString(options_.endpoints.front())));
    begin_ = Clock::now();
    counts_from_ = begin_ + options_.warmup;
    end_ = counts_from_ + options_.duration;
    next_report_ = begin_ + std::chrono::seconds(1);
    while (true) {
      const auto now = Clock::now();
      if (now >= end_ + kLastAnswers || (now >= end_ && busy_ == 0)) break;
      if (now < end_) Send(now);
      Wait(now);
      Report(now);
    }
    // What never came back is no latency, but it is not forgotten either.
    result_.broken += busy_;
    result_.elapsed = options_.duration;
    return std::move(result_);
  }

 private:
  bool Open(Connection& one) {
    one.fd = Connect(one.address);
    one.retry_at = Clock::now() + kReconnectPause;
    if (one.fd < 0) return false;
    one.parser = {};
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &one}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
    return true;
  }

  void Send(Clock::time_point now) {
    for (Connection& one : connections_) {
      if (one.fd < 0 && now >= one.retry_at) Open(one);
      if (one.fd < 0 || one.busy) continue;
      if (options_.rate > 0) {
        const auto due = begin_ + DueTime(operations_, options_.rate);
        if (due > now) return;
        one.due = due;
      } else {
        one.due = Clock::now();
      }
      ++operations_;
      Begin(one);
    }
  }

  void Begin(Connection& one) {
    Requests::Next next = requests_.Make(ToString(one.address));
    one.get = next.get;
    one.out = std::move(next.bytes);
    one.busy = true;
    ++busy_;
    Flush(one);
  }

  void Flush(Connection& one) {
    while (!one.out.empty()) {
      const ssize_t sent = send(one.fd, one.out.data(), one.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        one.out.erase(0, static_cast<size_t>(sent));
      } else if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = &one}};
        epoll_ctl(epoll_, EPOLL_CTL_MOD, one.fd, &event);
        return;
      } else {
        return Break(one);
      }
    }
  }

  void Wait(Clock::time_point now) {
    auto until = std::min(next_report_, now < end_ ? end_ : end_ + kLastAnswers);
    if (options_.rate > 0 && now < end_) until = std::min(until, begin_ + DueTime(operations_, options_.rate));
    const bool broken = now < end_ && std::any_of(connections_.begin(), connections_.end(),
                                                  [](const Connection& one) { return one.fd < 0; });
    if (broken) until = std::min(until, now + kReconnectPause);
    const auto left = std::max(nanoseconds(0), nanoseconds(until - now));
    const timespec patience{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    epoll_event events[256];
    const int ready = epoll_pwait2(epoll_, events, 256, &patience, nullptr);
    for (int i = 0; i < ready; ++i) {
      Connection& one = *static_cast<Connection*>(events[i].data.ptr);
      if (one.fd < 0) continue;
      if ((events[i].events & EPOLLOUT) != 0) {
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &one}};
        epoll_ctl(epoll_, EPOLL_CTL_MOD, one.fd, &event);
        Flush(one);
      }
      if (one.fd >= 0 && (events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) Receive(one);
    }
  }

  void Receive(Connection& one) {
    char buffer[65536];
    const ssize_t got = recv(one.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return Break(one);
    std::string_view data(buffer, static_cast<size_t>(got));
    const ResponseParser::State state = one.parser.Feed(data);
    if (state == ResponseParser::State::kMore) return;
    if (state == ResponseParser::State::kBroken || !one.busy || !data.empty()) return Break(one);
    const auto now = Clock::now();
    one.busy = false;
    --busy_;
    Count(one, now);
    if (one.parser.closes()) return Break(one);
    // A closed loop goes on at once: its connection need not wait until all events are looked at.
    if (options_.rate <= 0 && now < end_) {
      one.due = now;
      ++operations_;
      Begin(one);
    }
  }

  void Count(const Connection& one, Clock::time_point now) {
    const int status = one.parser.status();
    const bool ok = status == 200 || (one.get && status == 404);
    ++(ok ? done_ : failed_);
    if (one.due < counts_from_ || one.due >= end_) return;
    if (ok) {
      (one.get ? result_.gets : result_.puts).Add(now - one.due);
    } else {
      ++result_.refused[status];
    }
  }

  void Break(Connection& one) {
    if (one.busy) {
      --busy_;
      ++result_.broken;
      ++failed_;
    }
    one.busy = false;
    one.out.clear();
    close(one.fd);
    one.fd = -1;
    one.retry_at = Clock::now() + kReconnectPause;
  }

  void Report(Clock::time_point now) {
    if (now < next_report_) return;
    next_report_ += std::chrono::seconds(1);
    progress_({.elapsed = now - begin_, .done = done_, .failed = failed_});
  }

  const Options options_;
  const std::function<void(const Progress&)>& progress_;
  Requests requests_;
  const int epoll_;
  std::vector<Connection> connections_;
  Clock::time_point begin_, counts_from_, end_, next_report_;
  uint64_t operations_ = 0;  // begun
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  uint64_t busy_ = 0;
  Result result_;
};

}  // namespace

nanoseconds DueTime(uint64_t i, double rate) {
  return nanoseconds(static_cast<int64_t>(static_cast<double>(i) / rate * 1e9));
}

absl::StatusOr<Result> Run(const Options& options, const std::function<void(const Progress&)>& progress) {
  return Generator(options, progress).Run();
}

}  // namespace raftly::load
