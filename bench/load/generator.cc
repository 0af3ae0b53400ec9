#include "bench/load/generator.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/connection.h"
#include "bench/load/requests.h"
#include "bench/load/response_parser.h"

namespace raftly::load {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kReconnectPause{20};
constexpr milliseconds kFirstConnect{2'000};
constexpr milliseconds kLastAnswers{6'000};  // longer than a server's own deadline

class Generator {
 public:
  Generator(const Options& options, const std::function<void(const Progress&)>& progress)
      : options_(options), progress_(progress), requests_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Generator() {
    for (Connection& one : connections_) one.Close();
    close(epoll_);
  }

  absl::StatusOr<Result> Run() {
    if (absl::Status status = ConnectAll(); !status.ok()) return status;
    begin_ = Clock::now();
    counts_from_ = begin_ + options_.warmup;
    end_ = counts_from_ + options_.duration;
    next_report_ = begin_ + std::chrono::seconds(1);
    while (true) {
      const auto now = Clock::now();
      if (now >= end_ + kLastAnswers || (now >= end_ && busy_ == 0 && !Owed())) break;
      if (now < end_ || Owed()) Send(now);
      Wait(now);
      Report(now);
    }
    Settle();
    return std::move(result_);
  }

 private:
  // Every connection has got through, or failed, or taken too long to wait for.
  absl::Status ConnectAll() {
    connections_.resize(options_.connections);
    if (!options_.authorities.empty()) {
      const TlsFiles trusted{.authorities = {"ca", options_.authorities}};
      const auto material = ReadTlsFiles(trusted);
      if (!material.ok()) return material.status();
      auto made = NewSslContext(*material, trusted, /*server=*/false);
      if (!made.ok()) return made.status();
      tls_ = *std::move(made);
    }
    std::vector<std::vector<Place>> places;
    for (const Address& address : options_.endpoints) places.push_back(Resolve(address));
    for (size_t i = 0; i < connections_.size(); ++i) {
      const size_t endpoint = i % options_.endpoints.size();
      connections_[i].host = ToString(options_.endpoints[endpoint]);
      connections_[i].places = places[endpoint];
      connections_[i].tls = tls_;
      Open(connections_[i]);
    }
    const auto patience = Clock::now() + kFirstConnect;
    while (connecting_ > 0 && Clock::now() < patience) Poll(patience - Clock::now());
    if (open_ > 0) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("cannot connect to ", ToString(options_.endpoints.front())));
  }

  // What never came back, or never left, has no latency, but it is not forgotten either.
  void Settle() {
    for (const Connection& one : connections_) {
      if (one.busy && Counts(one.due)) ++result_.broken;
      if (one.connecting) ++result_.connects_failed;
    }
    for (; Owed(); ++operations_) {
      if (Counts(NextDue())) ++result_.unsent;
    }
    result_.elapsed = options_.duration;
  }

  Clock::time_point NextDue() const { return begin_ + DueTime(operations_, options_.rate); }
  bool Counts(Clock::time_point due) const { return due >= counts_from_ && due < end_; }
  // An operation of the open loop that falls into the run and has not begun. A stall at the end of a run delays it past
  // the end; leaving it out then would hide exactly the stall (coordinated omission).
  bool Owed() const { return options_.rate > 0 && NextDue() < end_; }

  void Open(Connection& one) {
    one.retry_at = Clock::now() + kReconnectPause;
    if (!one.StartConnecting()) {
      ++result_.connects_failed;
      return;
    }
    ++connecting_;
    epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = &one}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
  }

  void Opened(Connection& one) {
    --connecting_;
    if (!one.FinishConnecting()) return Open(one);
    ++open_;
    if (one.was_open) ++result_.reconnects;
    one.was_open = true;
    Watch(one, EPOLLIN);
  }

  void Watch(Connection& one, uint32_t events) const {
    epoll_event event{.events = events, .data = {.ptr = &one}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, one.fd, &event);
  }

  void Send(Clock::time_point now) {
    for (Connection& one : connections_) {
      if (one.fd < 0 && now >= one.retry_at) Open(one);
      if (!one.open() || one.busy) continue;
      if (options_.rate > 0) {
        one.due = NextDue();
        if (one.due > now || one.due >= end_) return;
      } else {
        one.due = Clock::now();
      }
      Begin(one);
    }
  }

  void Begin(Connection& one) {
    ++operations_;
    Requests::Next next = requests_.Make(one.host, static_cast<size_t>(&one - connections_.data()), one.parser.etag());
    one.get = next.get;
    one.out = std::move(next.bytes);
    one.busy = true;
    ++busy_;
    Flush(one);
  }

  void Flush(Connection& one) {
    const Connection::Sent sent = one.Send();
    if (sent == Connection::Sent::kBroken) return Break(one);
    if (sent == Connection::Sent::kSome) Watch(one, EPOLLIN | EPOLLOUT);
  }

  void Wait(Clock::time_point now) {
    const bool sends = now < end_ || Owed();
    auto until = std::min(next_report_, now < end_ ? end_ : end_ + kLastAnswers);
    // While all connections are busy, an answer is the next thing that can happen: to wait for less would spin.
    if (Owed() && open_ > busy_) until = std::min(until, NextDue());
    if (sends && open_ + connecting_ < connections_.size()) until = std::min(until, now + kReconnectPause);
    Poll(until - now);
  }

  void Poll(nanoseconds patience) {
    const auto left = std::max(nanoseconds(0), patience);
    const timespec wait{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    epoll_event events[256];
    const int ready = epoll_pwait2(epoll_, events, 256, &wait, nullptr);
    for (int i = 0; i < ready; ++i) {
      Connection& one = *static_cast<Connection*>(events[i].data.ptr);
      if (one.connecting) {
        Opened(one);
        continue;
      }
      if (one.open() && (events[i].events & EPOLLOUT) != 0) {
        Watch(one, EPOLLIN);
        Flush(one);
      }
      if (one.open() && (events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) Receive(one);
    }
  }

  void Receive(Connection& one) {
    char buffer[65536];
    const ssize_t got = one.Receive(buffer, sizeof buffer);
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
    if (one.parser.closes()) {
      Break(one);
      if (now < end_ || Owed()) Open(one);  // nothing failed, so there is nothing to wait for
      return;
    }
    // A closed loop goes on at once: its connection need not wait until all events are looked at.
    if (options_.rate <= 0 && now < end_) {
      one.due = now;
      Begin(one);
    }
  }

  void Count(const Connection& one, Clock::time_point now) {
    const int status = one.parser.status();
    const bool ok = status == 200 || (one.get && status == 404);
    ++(ok ? done_ : failed_);
    if (!Counts(one.due)) return;
    if (ok) {
      (one.get ? result_.gets : result_.puts).Add(now - one.due);
    } else {
      ++result_.refused[status];
    }
  }

  void Break(Connection& one) {
    if (one.busy) {
      --busy_;
      ++failed_;
      if (Counts(one.due)) ++result_.broken;
    }
    --open_;
    one.Close();
    one.retry_at = Clock::now() + kReconnectPause;
  }

  void Report(Clock::time_point now) {
    if (now < next_report_) return;
    next_report_ += std::chrono::seconds(1);
    progress_({.elapsed = now - begin_, .done = done_, .failed = failed_ + result_.connects_failed});
  }

  const Options options_;
  const std::function<void(const Progress&)>& progress_;
  Requests requests_;
  const int epoll_;
  SslContext tls_;  // null: plain
  std::vector<Connection> connections_;
  Clock::time_point begin_, counts_from_, end_, next_report_;
  uint64_t operations_ = 0;  // begun
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  size_t busy_ = 0;        // connections with a request under way; all of them are open
  size_t open_ = 0;        // connections that are connected
  size_t connecting_ = 0;  // open_ + connecting_ <= connections_.size()
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
