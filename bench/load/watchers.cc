#include "bench/load/watchers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

#include "absl/strings/str_cat.h"
#include "bench/load/connection.h"
#include "server/descriptors.h"

namespace raftly::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kDigits = 19;  // of nanoseconds since the machine started, for centuries

}  // namespace

std::string WatchedPrefix(uint64_t i) { return absl::StrCat("w", i, "/"); }

std::string SentAt() {
  std::string digits = std::to_string(Clock::now().time_since_epoch().count());
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits;
}

Watchers::~Watchers() {
  Stop();
  for (const Stream& stream : streams_) close(stream.fd);
  if (epoll_ >= 0) close(epoll_);
}

absl::Status Watchers::Connect() {
  RaiseDescriptorLimit();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  const auto& endpoints = options_.watch_endpoints.empty() ? options_.endpoints : options_.watch_endpoints;
  std::vector<std::vector<Place>> places;
  for (const Address& address : endpoints) places.push_back(Resolve(address));
  streams_.resize(options_.watchers);
  for (size_t i = 0; i < streams_.size(); ++i) {
    const size_t endpoint = i % endpoints.size();
    const auto failed = [&](const char* what) {
      return absl::UnavailableError(
          absl::StrCat("watcher ", i + 1, " cannot ", what, " ", ToString(endpoints[endpoint])));
    };
    if (places[endpoint].empty()) return failed("find");
    const Place& place = places[endpoint].front();
    streams_[i].fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(streams_[i].fd, reinterpret_cast<const sockaddr*>(&place.address), place.size) != 0) {
      return failed("connect to");
    }
    std::string request = absl::StrCat("GET /api/watch?prefix=", WatchedPrefix(i % options_.prefixes),
                                       " HTTP/1.1\r\nHost: ", ToString(endpoints[endpoint]), "\r\n");
    if (!options_.token.empty()) absl::StrAppend(&request, "Authorization: Bearer ", options_.token, "\r\n");
    request += "\r\n";
    char head[13];
    if (send(streams_[i].fd, request.data(), request.size(), MSG_NOSIGNAL) < 0 ||
        recv(streams_[i].fd, head, sizeof head, MSG_WAITALL) != sizeof head ||
        std::string_view(head, sizeof head).find(" 200 ") == std::string_view::npos) {
      return failed("watch at");
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &streams_[i]}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, streams_[i].fd, &event);
  }
  return absl::OkStatus();
}

void Watchers::Start() {
  thread_ = std::thread([this] { Read(); });
}

Watchers::Heard Watchers::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return std::move(heard_);
}

void Watchers::Read() {
  std::vector<char> buffer(size_t{256} << 10);
  while (!stop_) {
    epoll_event events[256];
    const int ready = epoll_wait(epoll_, events, 256, 50);
    for (int i = 0; i < ready; ++i) {
      Stream& stream = *static_cast<Stream*>(events[i].data.ptr);
      const ssize_t got = recv(stream.fd, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        Take(stream, {buffer.data(), static_cast<size_t>(got)});
      } else {
        ++heard_.lost;
        epoll_ctl(epoll_, EPOLL_CTL_DEL, stream.fd, nullptr);
      }
    }
  }
}

// Looks for values alone, for it shares the processors with who is measured.
void Watchers::Take(Stream& stream, std::string_view data) {
  constexpr std::string_view kValue = "\"value\":\"";
  const auto now = Clock::now().time_since_epoch();
  if (!stream.rest.empty()) data = stream.rest.append(data);
  size_t done = 0;
  for (size_t found; (found = data.find(kValue, done)) != std::string_view::npos;) {
    const size_t begin = found + kValue.size();
    if (data.size() < begin + kDigits) break;
    int64_t sent = 0;
    std::from_chars(data.data() + begin, data.data() + begin + kDigits, sent);
    heard_.after.Add(now - std::chrono::nanoseconds(sent));
    done = begin + kDigits;
  }
  // A value's beginning may be cut off at the end.
  const size_t keep = std::min(data.size() - done, kValue.size() + kDigits - 1);
  std::string rest(data.substr(data.size() - keep));
  stream.rest = std::move(rest);
}

}  // namespace raftly::load
