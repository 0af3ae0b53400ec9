// The command line of raftly-server.
#include "server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

namespace raftly {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

absl::StatusOr<Options> Parse(const std::string& line) { return ParseOptions(Words(line)); }

constexpr char kGood[] = "-id node1 -grpc-addr :7001 -http-addr :8001 ";

TEST(Options, Defaults) {
  const auto options = Parse(kGood);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->id, "node1");
  EXPECT_EQ(options->data_dir, "data/node1");
  EXPECT_EQ(options->grpc, (Address{"", 7001}));
  EXPECT_EQ(options->timings, (Timings{milliseconds(150), milliseconds(50)}));
  EXPECT_TRUE(options->pre_vote);
  EXPECT_FALSE(options->rejoin);
  EXPECT_EQ(options->http_peers, (std::map<NodeId, Address>{{"node1", {"localhost", 8001}}}));
  EXPECT_EQ(options->warnings.size(), 1u);  // it listens on all interfaces
}

TEST(Options, OneDashOrTwoWithOrWithoutEquals) {
  const auto options = Parse(
      "--id=node1 -grpc-addr=0.0.0.0:7001 --http-addr [::1]:8001 -data-dir /tmp/x -peers=node2=:7002,node3=host:7003 "
      "-http-peers node1=:8001,node2=:8002,node3=host:8003 -election-timeout 300 --heartbeat=100 --pre-vote=false "
      "-rejoin");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->peers, (std::map<NodeId, Address>{{"node2", {"localhost", 7002}}, {"node3", {"host", 7003}}}));
  EXPECT_EQ(options->http, (Address{"::1", 8001}));
  EXPECT_EQ(options->timings, (Timings{milliseconds(300), milliseconds(100)}));
  EXPECT_FALSE(options->pre_vote);
  EXPECT_TRUE(options->rejoin);
}

TEST(Options, WhoMayAskAndWhetherFaultsMayBeInjected) {
  const auto by_default = Parse(std::string(kGood) + "-peers node2=:7002 -http-peers node2=two.internal:8001");
  ASSERT_TRUE(by_default.ok()) << by_default.status();
  EXPECT_TRUE(by_default->chaos);
  EXPECT_TRUE(by_default->allowed_hosts.empty());
  EXPECT_THAT(OwnNames(*by_default), ::testing::IsSupersetOf({"localhost", "two.internal"}));
  const auto given = Parse(std::string(kGood) + "-chaos=false -allowed-hosts raftly.example.com:443,.svc,10.0.0.1");
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_FALSE(given->chaos);
  EXPECT_THAT(given->allowed_hosts, ::testing::ElementsAre("raftly.example.com:443", ".svc", "10.0.0.1"));
  const auto bad = Parse(std::string(kGood) + "-allowed-hosts good,https://bad");
  EXPECT_THAT(std::string(bad.status().message()), HasSubstr("flag -allowed-hosts: \"https://bad\""));
}

TEST(Options, APeerWithoutHttpAddressCostsAWarning) {
  const auto options = Parse(std::string(kGood) + "-peers node2=:7002 -http-peers node1=:8001");
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->warnings.size(), 2u);  // the other one: it listens on all interfaces
  EXPECT_THAT(options->warnings[0], HasSubstr("node2"));
}

TEST(Options, HelpAndVersionAndHealthCheckNeedNothingElse) {
  EXPECT_EQ(Parse("-h")->action, Options::Action::kHelp);
  EXPECT_EQ(Parse("--version")->action, Options::Action::kVersion);
  const auto check = Parse("-health-check http://localhost:8001/healthz");
  EXPECT_EQ(check->action, Options::Action::kHealthCheck);
  EXPECT_EQ(check->health_check_url, "http://localhost:8001/healthz");
}

struct BadLine {
  std::string line;
  std::vector<std::string> names;  // what the message must name
};

TEST(Options, EveryErrorNamesTheFlagAndTheValue) {
  const std::string good = kGood;
  const std::vector<BadLine> lines = {
      {"-grpc-addr :7001 -http-addr :8001", {"-id", "missing"}},
      {"-id node1 -http-addr :8001", {"-grpc-addr", "missing"}},
      {"-id node1 -grpc-addr :7001", {"-http-addr", "missing"}},
      {"-id= -grpc-addr :7001 -http-addr :8001", {"-id", "empty"}},
      {good + "-id a,b", {"-id", "a,b"}},
      {good + "-id ..", {"-id", "\"..\""}},
      {good + "-id", {"-id", "needs a value"}},
      {good + "-colour red", {"unknown flag", "-colour"}},
      {good + "extra", {"unexpected", "extra"}},
      {good + "-pre-vote false", {"unexpected", "false"}},
      {good + "-pre-vote=maybe", {"-pre-vote", "maybe"}},
      {good + "-grpc-addr 7001", {"-grpc-addr", "7001"}},
      {good + "-grpc-addr :port", {"-grpc-addr", ":port"}},
      {good + "-grpc-addr :0", {"-grpc-addr", ":0", "65535"}},
      {good + "-http-addr :65536", {"-http-addr", ":65536", "65535"}},
      {good + "-http-addr :99999999999999999999", {"-http-addr", "65535"}},
      {good + "-http-addr http://x:1", {"-http-addr", "http://x:1"}},
      {good + "-peers node2", {"-peers", "node2"}},
      {good + "-peers node2=:7002,", {"-peers"}},
      {good + "-peers =:7002", {"-peers", "=:7002", "empty"}},
      {good + "-peers node2=host", {"-peers", "node2=host"}},
      {good + "-peers node2=:7002,node2=:7003", {"-peers", "node2=:7003", "twice"}},
      {good + "-peers node1=:7002", {"-peers", "node1", "own"}},
      {"-id node1 -grpc-addr :7001 -http-addr :8001 -peers node2=localhost:7001",
       {"-peers", "node2=localhost:7001", "own"}},
      {good + "-inspect=", {"-inspect", "empty"}},
      {good + "-recover=", {"-recover", "empty"}},
      {good + "-http-peers node1=:8001,node1=:8002", {"-http-peers", "node1=:8002", "twice"}},
      {good + "-http-peers node9=:8009", {"-http-peers", "node9"}},
      {good + "-election-timeout abc", {"-election-timeout", "abc"}},
      {good + "-election-timeout 0", {"-election-timeout", "0"}},
      {good + "-heartbeat -5", {"-heartbeat", "-5"}},
      {good + "-heartbeat 1.5", {"-heartbeat", "1.5"}},
      {good + "-log-cache-mib 0", {"-log-cache-mib", "\"0\"", "from 1 to"}},
      {good + "-snapshot-log-mib -1", {"-snapshot-log-mib", "\"-1\"", "from 0 to"}},
      {good + "-keep-log-mib 1.5", {"-keep-log-mib", "1.5"}},
      {good + "-snapshot-rate-mib 99999999999", {"-snapshot-rate-mib", "99999999999"}},
      {good + "-idempotency-keys 0", {"-idempotency-keys", "\"0\"", "from 1 to"}},
      {good + "-idempotency-minutes 1h", {"-idempotency-minutes", "1h"}},
      {good + "-heartbeat 150", {"-heartbeat", "150", "-election-timeout"}},
      {good + "-heartbeat 100 -election-timeout 60", {"-heartbeat", "100", "60"}},
      {good + "-data-dir=", {"-data-dir", "empty"}},
      {good + "-rejoin", {"-rejoin", "-peers"}},
      {"-health-check=", {"-health-check", "empty"}},
  };
  for (const BadLine& bad : lines) {
    const auto options = Parse(bad.line);
    ASSERT_FALSE(options.ok()) << bad.line;
    const std::string message(options.status().message());
    for (const std::string& name : bad.names) EXPECT_THAT(message, HasSubstr(name)) << bad.line;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Options, ListeningForStrangersWithoutTokensOrTlsIsOneWarning) {
  const auto warnings = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"-id", "node1", "-grpc-addr", "127.0.0.1:7001"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto options = ParseOptions(arguments);
    EXPECT_TRUE(options.ok()) << options.status();
    return options->warnings;
  };
  EXPECT_TRUE(warnings({"-http-addr", "localhost:8001"}).empty());
  const auto open = warnings({"-http-addr", ":8001"});
  ASSERT_EQ(open.size(), 1u);
  EXPECT_THAT(open[0], ::testing::AllOf(HasSubstr("-tokens"), HasSubstr("-http-tls-cert"),
                                        ::testing::Not(HasSubstr("-tls-cert)."))));
  const auto half = warnings({"-http-addr", ":8001", "-tokens", "t"});
  ASSERT_EQ(half.size(), 1u);
  EXPECT_THAT(half[0], ::testing::AllOf(::testing::Not(HasSubstr("tokens (")), HasSubstr("-http-tls-cert")));
  EXPECT_TRUE(warnings({"-http-addr", ":8001", "-tokens", "t", "-http-tls-cert", "c", "-http-tls-key", "k"}).empty());
}

}  // namespace
}  // namespace raftly
