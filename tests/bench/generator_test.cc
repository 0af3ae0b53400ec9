// Whatever the server does, no operation of a load gets lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "bench/load/generator.h"

namespace raftly::load {
namespace {

using std::chrono::milliseconds;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string kUnavailable = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}";

// Serves one connection at a time; `answer` gets the number of the request, and an empty answer closes the connection.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<std::string(int)> answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Address address() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  void Serve() {
    for (int fd = accept(listener_, nullptr, nullptr); fd >= 0; fd = accept(listener_, nullptr, nullptr)) {
      char request[4096];  // small requests of one segment each
      while (recv(fd, request, sizeof request, 0) > 0) {
        const std::string answer = answer_(requests_++);
        if (answer.empty() || send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
      }
      close(fd);
    }
  }

  const std::function<std::string(int)> answer_;
  const int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  int port_ = 0;
  int requests_ = 0;
  std::thread thread_;
};

// 100 operations are due in 100 ms.
Options HundredPuts(std::vector<Address> endpoints) {
  Options options;
  options.endpoints = std::move(endpoints);
  options.connections = 1;
  options.warmup = milliseconds(0);
  options.duration = milliseconds(100);
  options.rate = 1000;
  return options;
}

Result Measured(const Options& options) {
  auto result = load::Run(options, [](const Progress&) {});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : Result();
}

uint64_t Total(const Result& result) {
  uint64_t total = result.puts.count() + result.gets.count() + result.broken + result.unsent;
  for (const auto& [status, count] : result.refused) total += count;
  return total;
}

TEST(Generator, AStallIsInTheLatencyOfAllOperationsThatWereDueInIt) {
  ScriptedServer server([](int request) {
    if (request == 0) poll(nullptr, 0, 200);
    return kOk;
  });
  const Result result = Measured(HundredPuts({server.address()}));
  EXPECT_EQ(result.puts.count(), 100u);
  EXPECT_GE(result.puts.Quantile(0),
            milliseconds(100));  // the last was due 99 ms after the begin, the stall ended at 200
}

TEST(Generator, RefusedAndBrokenOperationsAreCounted) {
  ScriptedServer server([](int request) { return request % 10 == 9 ? "" : request % 2 == 0 ? kOk : kUnavailable; });
  const Result result = Measured(HundredPuts({server.address()}));
  EXPECT_EQ(Total(result), 100u);
  EXPECT_GT(result.puts.count(), 0u);
  EXPECT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused.count(503), 1u);
  EXPECT_EQ(result.broken, 10u);
  EXPECT_GE(result.reconnects, 9u);
}

TEST(Generator, AChunkedAnswerIsOneAnswer) {
  ScriptedServer server(
      [](int) { return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"); });
  const Result result = Measured(HundredPuts({server.address()}));
  EXPECT_EQ(result.puts.count(), 100u);
  EXPECT_EQ(result.reconnects, 0u);
}

TEST(Generator, ADeadEndpointIsNoSecret) {
  ScriptedServer server([](int) { return kOk; });
  Options options = HundredPuts({server.address(), {.host = "127.0.0.1", .port = 1}});
  options.connections = 2;
  const Result result = Measured(options);
  EXPECT_EQ(result.puts.count(), 100u);
  EXPECT_GE(result.connects_failed, 1u);
}

}  // namespace
}  // namespace raftly::load
