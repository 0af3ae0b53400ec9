#include "tests/cluster/event_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace raftly::test {

using std::chrono::steady_clock;

EventStream::EventStream(int port, const Options& options) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
  std::string request = "GET " + options.target;
  if (!options.include.empty()) request += "?include=" + options.include;
  request += " HTTP/1.1\r\nHost: localhost\r\n";
  if (!options.last_id.empty()) request += "Last-Event-ID: " + options.last_id + "\r\n";
  if (!options.token.empty()) request += "Authorization: Bearer " + options.token + "\r\n";
  request += "\r\n";
  if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return;
  ReadUntil("\r\n\r\n", head_, kPatience);
}

EventStream::~EventStream() { close(fd_); }

int EventStream::status() const { return head_.size() < 12 ? 0 : std::atoi(head_.substr(9, 3).c_str()); }

bool EventStream::ReadUntil(const std::string& end, std::string& out, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  size_t found;
  while ((found = unread_.find(end)) == std::string::npos) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd ready{fd_, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[16384];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    unread_.append(buffer, static_cast<size_t>(got));
  }
  out = unread_.substr(0, found);
  unread_.erase(0, found + end.size());
  return true;
}

std::optional<EventStream::Frame> EventStream::Next(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  std::string text;
  while (ReadUntil("\n\n", text, std::chrono::ceil<milliseconds>(deadline - steady_clock::now()))) {
    Frame frame;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("id: ", 0) == 0) frame.id = line.substr(4);
      if (line.rfind("data: ", 0) == 0) frame.event = nlohmann::json::parse(line.substr(6), nullptr, false);
    }
    if (!frame.event.is_null()) return frame;  // and not a comment
  }
  return std::nullopt;
}

std::optional<EventStream::Frame> EventStream::Await(const std::string& type,
                                                     const std::function<bool(const Frame&)>& wanted) {
  const auto deadline = steady_clock::now() + kPatience;
  while (true) {
    std::optional<Frame> frame = Next(std::chrono::ceil<milliseconds>(deadline - steady_clock::now()));
    if (!frame || (frame->type() == type && (!wanted || wanted(*frame)))) return frame;
  }
}

}  // namespace raftly::test
