// What is said of a server that cannot be connected to.
#include "server/connect_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/server/raw_client.h"

namespace raftly {
namespace {

using ::testing::StartsWith;
using namespace std::chrono_literals;

// Takes connections as far as its backlog goes, and never accepts one.
class SilentServer {
 public:
  explicit SilentServer(int backlog) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, backlog), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(fd_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
};

TEST(ConnectError, SaysWhichKindItIs) {
  EXPECT_EQ(WhyNoConnection({"127.0.0.1", 1}, 60s), "connection refused");
  EXPECT_THAT(WhyNoConnection({"nowhere.invalid", 80}, 60s), StartsWith("unknown host: "));
  const SilentServer full(0);
  const RawClient first(full.port());  // fills the backlog: what comes now is dropped
  EXPECT_EQ(WhyNoConnection({"127.0.0.1", full.port()}, 100ms), "no answer within 0.1 s");
  const SilentServer back_again(8);
  EXPECT_EQ(WhyNoConnection({"127.0.0.1", back_again.port()}, 60s), "cannot connect");
}

}  // namespace
}  // namespace raftly
