// What raftly-server says of bad flags, ports and directories (SPEC section 1).
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

struct BadFlags {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<std::string> named;  // what the line on stderr must name
};

const std::vector<std::string> kGood = {"-id", "node1", "-grpc-addr", "127.0.0.1:7999", "-http-addr", "127.0.0.1:8999"};

std::vector<std::string> GoodAnd(std::vector<std::string> more) {
  more.insert(more.begin(), kGood.begin(), kGood.end());
  return more;
}

std::vector<BadFlags> AllBadFlags() {
  return {
      {"NoId", {"-grpc-addr", ":7999", "-http-addr", ":8999"}, {"-id"}},
      {"NoGrpcAddr", {"-id", "node1", "-http-addr", ":8999"}, {"-grpc-addr"}},
      {"NoHttpAddr", {"-id", "node1", "-grpc-addr", ":7999"}, {"-http-addr"}},
      {"UnknownFlag", GoodAnd({"-frobnicate", "5"}), {"frobnicate"}},
      {"NoValue", GoodAnd({"-peers"}), {"-peers"}},
      {"StrayWord", GoodAnd({"stray"}), {"stray"}},
      {"GrpcAddrWithoutPort",
       {"-id", "node1", "-grpc-addr", "localhost", "-http-addr", ":8999"},
       {"-grpc-addr", "localhost"}},
      {"HttpAddrPortTooHigh", {"-id", "node1", "-grpc-addr", ":7999", "-http-addr", ":99999"}, {"-http-addr", "99999"}},
      {"HttpAddrPortNoNumber", {"-id", "node1", "-grpc-addr", ":7999", "-http-addr", ":http"}, {"-http-addr", ":http"}},
      {"PeerWithoutAddress", GoodAnd({"-peers", "node2"}), {"-peers", "node2"}},
      {"PeerWithoutId", GoodAnd({"-peers", "=:7002"}), {"-peers", "=:7002"}},
      {"PeerWithoutPort", GoodAnd({"-peers", "node2=host"}), {"-peers", "host"}},
      {"PeerTwice", GoodAnd({"-peers", "node2=:7002,node2=:7003"}), {"-peers", "node2"}},
      {"PeerIsSelf", GoodAnd({"-peers", "node1=:7002"}), {"-peers", "node1"}},
      {"HttpPeerTwice",
       GoodAnd({"-peers", "node2=:7002", "-http-peers", "node2=:8002,node2=:8003"}),
       {"-http-peers", "node2"}},
      {"HttpPeerUnknown", GoodAnd({"-peers", "node2=:7002", "-http-peers", "node9=:8009"}), {"-http-peers", "node9"}},
      {"HttpPeerMalformed", GoodAnd({"-http-peers", "node1"}), {"-http-peers", "node1"}},
      {"HeartbeatNotBelowElection", GoodAnd({"-election-timeout", "100", "-heartbeat", "100"}), {"-heartbeat", "100"}},
      {"ElectionTimeoutNoNumber", GoodAnd({"-election-timeout", "soon"}), {"-election-timeout", "soon"}},
      {"ElectionTimeoutZero", GoodAnd({"-election-timeout", "0"}), {"-election-timeout", "0"}},
      {"HeartbeatNegative", GoodAnd({"-heartbeat=-5"}), {"-heartbeat", "-5"}},
      {"HeartbeatWithUnit", GoodAnd({"-heartbeat", "50ms"}), {"-heartbeat", "50ms"}},
      {"BooleanMaybe", GoodAnd({"-pre-vote=maybe"}), {"-pre-vote", "maybe"}},
      {"BooleanWithSpace", GoodAnd({"-pre-vote", "false"}), {"false"}},
      {"RejoinMaybe", GoodAnd({"--rejoin=perhaps"}), {"-rejoin", "perhaps"}},
  };
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

class FlagsTest : public ::testing::TestWithParam<BadFlags> {};

TEST_P(FlagsTest, OneLineNamesFlagAndValueThenUsageExitOne) {
  std::vector<std::string> arguments = GetParam().arguments;
  arguments.insert(arguments.begin(), ServerBinary());
  const RunResult result = RunToEnd(arguments);
  EXPECT_EQ(result.exit, 1) << result.err;
  EXPECT_EQ(result.out, "");
  for (const std::string& word : GetParam().named) EXPECT_THAT(FirstLine(result.err), HasSubstr(word));
  EXPECT_THAT(result.err.substr(result.err.find('\n') + 1), HasSubstr("-election-timeout")) << "the usage follows";
}

INSTANTIATE_TEST_SUITE_P(Bad, FlagsTest, ::testing::ValuesIn(AllBadFlags()),
                         [](const auto& bad) { return bad.param.name; });

TEST(Flags, HelpAndVersion) {
  const RunResult help = RunToEnd({ServerBinary(), "-h"});
  EXPECT_EQ(help.exit, 0);
  for (const char* flag : {"-id", "-grpc-addr", "-http-addr", "-data-dir", "-peers", "-http-peers", "-election-timeout",
                           "-heartbeat", "-pre-vote", "-rejoin", "-health-check"}) {
    EXPECT_THAT(help.out + help.err, HasSubstr(flag));
  }
  const RunResult version = RunToEnd({ServerBinary(), "--version"});
  EXPECT_EQ(version.exit, 0);
  EXPECT_NE(version.out, "");
}

TEST(Flags, HealthCheckAsksARunningServer) {
  TestCluster cluster(1);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const std::string url = "http://127.0.0.1:" + std::to_string(cluster.http_port(1)) + "/healthz";
  EXPECT_EQ(RunToEnd({ServerBinary(), "-health-check", url}).exit, 0);
  EXPECT_EQ(cluster.Terminate(1), 0);
  EXPECT_EQ(RunToEnd({ServerBinary(), "-health-check", url}).exit, 1);
}

// A TCP port of 127.0.0.1 that somebody else listens on.
class TakenPort {
 public:
  TakenPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd_, 1) != 0) port_ = 0;
  }
  ~TakenPort() { close(fd_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  int port() const { return port_; }

 private:
  int port_ = FreePorts(1)[0];
  int fd_;
};

// Starts with one address replaced; the last of two equal flags would count, so the list is edited.
RunResult StartWith(const TestCluster& cluster, const std::string& flag, const std::string& value) {
  std::vector<std::string> arguments = cluster.Arguments(1);
  const auto at = std::find(arguments.begin(), arguments.end(), flag);
  *(at + 1) = value;
  return RunToEnd(arguments);
}

std::string LastLine(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

TEST(Startup, APortInUseIsOneClearLine) {
  const TakenPort taken;
  ASSERT_NE(taken.port(), 0);
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  const TestCluster cluster(1);
  for (const char* flag : {"-http-addr", "-grpc-addr"}) {
    const RunResult result = StartWith(cluster, flag, address);
    EXPECT_EQ(result.exit, 1) << flag;
    EXPECT_THAT(LastLine(result.err), HasSubstr(address)) << flag << "\n" << result.err;
  }
}

TEST(Startup, TwoServersDoNotShareAPort) {
  TestCluster cluster(1);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  const TemporaryDirectory directory;
  TestCluster other(1);
  other.PlaceData(1, directory.path() + "/other");
  for (const auto& [flag, port] :
       {std::pair{"-http-addr", cluster.http_port(1)}, std::pair{"-grpc-addr", cluster.grpc_port(1)}}) {
    const RunResult result = StartWith(other, flag, "127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(result.exit, 1) << flag << ": " << result.err;
  }
}

TEST(Startup, AnUnwritableDirectoryIsOneClearLine) {
  const TestCluster cluster(1);
  const RunResult result = StartWith(cluster, "-data-dir", "/dev/null/data");
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(LastLine(result.err), HasSubstr("/dev/null/data")) << result.err;
}

TEST(Startup, ASecondProcessOnTheSameDirectoryIsRefused) {
  TestCluster cluster(1);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  TestCluster second(1);
  second.PlaceData(1, cluster.DataDirectory(1));
  const RunResult result = RunToEnd(second.Arguments(1));
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(LastLine(result.err), HasSubstr(cluster.DataDirectory(1))) << result.err;
  EXPECT_EQ(cluster.Put(1, "still", "here").status, 200) << "the first one is not disturbed";
}

}  // namespace
}  // namespace raftly::test
