// HTTPS on real processes (SPEC section 11.2): clients, nodes among themselves, certificates that change.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "server/descriptors.h"
#include "tests/cluster/certificate_files.h"
#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HttpsCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int node = 1; node <= 3; ++node) {
      const std::string name = cluster_.Name(node);
      files_.Write(name, files_.ours.Sign({.names = CertificateFiles::NamesOf(name)}));
    }
    cluster_.SpeakAs({.authorities = files_.Path("ca.crt")});
  }
  void StartAll() {
    for (int node = 1; node <= 3; ++node) {
      const std::string name = cluster_.Name(node);
      cluster_.Start(node, files_.PeerFlags(name) + files_.HttpFlags(name));
    }
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
  }
  RunResult Client(const std::vector<std::string>& arguments) {
    return RunToEnd(std::vector<std::string>{ClientBinary()} + arguments);
  }

  CertificateFiles files_;
  TestCluster cluster_{3};
};

TEST_F(HttpsCluster, EveryNodeServesAndAsksTheOthers) {
  StartAll();
  for (int node = 1; node <= 3; ++node) {
    EXPECT_EQ(cluster_.Put(node, "k", "v").status, 200);
    EXPECT_EQ(cluster_.Get(node, "k").Field("value"), "v");
    const Answer all = cluster_.Ask(node, "GET", "/api/cluster");
    EXPECT_EQ(all.status, 200);
    EXPECT_THAT(all.body, Not(HasSubstr("\"Down\"")));
    EXPECT_THAT(cluster_.Ask(node, "POST", "/api/cluster/config", R"({"heartbeat_ms":81})").body,
                Not(HasSubstr("error")));
  }
  EXPECT_EQ(Ask(cluster_.http_port(1), "GET", "/status").status, 400);  // plain
}

TEST_F(HttpsCluster, OurProgramsSpeakIt) {
  StartAll();
  const std::string url = "https://localhost:" + std::to_string(cluster_.http_port(1));
  const std::string ca = files_.Path("ca.crt");
  EXPECT_EQ(Client({"-ca", ca, url, "put", "k", "v"}).out, "OK: k = v\n");
  EXPECT_EQ(Client({"-ca", ca, url, "get", "k"}).out, "k = v\n");
  EXPECT_THAT(Client({"-ca", ca, url, "backup", files_.Path("b.snap")}).out, HasSubstr("OK: "));
  EXPECT_THAT(Client({url, "get", "k"}).err, HasSubstr("not trusted here"));
  EXPECT_THAT(Client({"-ca", files_.Path("foreign.crt"), url, "get", "k"}).err, HasSubstr("not trusted here"));
  EXPECT_THAT(Client({"-ca", files_.Path("none"), url, "get", "k"}).err, HasSubstr("-ca"));
  EXPECT_THAT(Client({"-ca", ca, "localhost:1", "get", "k"}).err, HasSubstr("https://"));
  EXPECT_EQ(RunToEnd({ServerBinary(), "-health-check", url + "/healthz", "-tls-ca", ca}).exit, 0);
  EXPECT_EQ(RunToEnd({ServerBinary(), "-health-check", url + "/healthz"}).exit, 1);
}

TEST_F(HttpsCluster, ThePythonClientSpeaksIt) {
  StartAll();
  const std::string url = "https://localhost:" + std::to_string(cluster_.http_port(2));
  const auto python = [&](const std::string& authorities) {
    return RunToEnd({RAFTLY_PYTHON, "-B", "-c",
                     "import sys; sys.path.insert(0, sys.argv[1]); import raftly\n"
                     "client = raftly.Client([sys.argv[2]], ca=sys.argv[3])\n"
                     "client.put('k', 'v'); print(client.get('k').value)",
                     RAFTLY_TEST_SOURCE_DIR "/../../server/client/python", url, files_.Path(authorities)});
  };
  const RunResult trusted = python("ca.crt");
  EXPECT_EQ(trusted.out, "v\n") << trusted.err;
  EXPECT_THAT(python("foreign.crt").err, HasSubstr("raftly.Unavailable: no answer from localhost:"));
}

TEST_F(HttpsCluster, ANewCertificateCountsWithoutARestart) {
  StartAll();
  files_.Write("other.crt", files_.foreign.certificate() + files_.ours.certificate());
  const Access trusting_the_new{.authorities = files_.Path("foreign.crt")};
  const auto status = [&] {
    return Ask(cluster_.http_port(1), "GET", "/healthz", "", milliseconds(2000), {}, trusting_the_new).status;
  };
  EXPECT_EQ(status(), 0);
  // Everybody believes both from now on, so that nodes go on to ask each other.
  files_.Write("ca.crt", files_.foreign.certificate() + files_.ours.certificate());
  files_.Write("node1", files_.foreign.Sign({.names = CertificateFiles::NamesOf("node1")}));
  EXPECT_TRUE(Eventually([&] { return status() == 200; })) << cluster_.ErrorOutput(1);
  EXPECT_TRUE(Eventually([&] { return cluster_.Ask(2, "GET", "/api/cluster").body.find("Down") == std::string::npos; }))
      << cluster_.Ask(2, "GET", "/api/cluster").body;
  files_.Write("node2.crt", "nonsense");
  cluster_.Signal(2, SIGHUP);
  EXPECT_TRUE(Eventually([&] { return cluster_.ErrorOutput(2).find("flag -http-tls-cert") != std::string::npos; }));
  EXPECT_EQ(cluster_.Ask(2, "GET", "/healthz").status, 200);
}

TEST_F(HttpsCluster, ThousandsOfHalfHandshakesDisturbNobody) {
  StartAll();
  std::vector<int> half;
  RaiseDescriptorLimit();
  const size_t wanted = std::min<size_t>(10'000, DescriptorsForConnections(/*spare=*/512));
  for (size_t i = 0; i < wanted; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(fd, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(cluster_.http_port(1)));
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    send(fd, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL);
    half.push_back(fd);
    if (i % 1000 != 0) continue;
    EXPECT_EQ(cluster_.Put(1, "k", std::to_string(i)).status, 200);
  }
  EXPECT_EQ(cluster_.Get(1, "k").status, 200);
  for (const int fd : half) close(fd);
}

TEST_F(HttpsCluster, WhatCannotBeReadIsOneLineAtStart) {
  const auto error = [&](const std::vector<std::string>& flags) {
    const RunResult run = RunToEnd(cluster_.Arguments(1, flags));
    EXPECT_EQ(run.exit, 1);
    return run.err;
  };
  EXPECT_THAT(error({"-http-tls-cert", files_.Path("node1.crt")}), HasSubstr("needs -http-tls-key"));
  EXPECT_THAT(error({"-http-client-ca", files_.Path("ca.crt")}), HasSubstr("needs -http-tls-cert"));
  EXPECT_THAT(error(files_.HttpFlags("nobody")), HasSubstr("flag -http-tls-cert: \"" + files_.Path("nobody.crt")));
}

}  // namespace
}  // namespace raftly::test
