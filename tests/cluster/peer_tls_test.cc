// TLS between the nodes of a cluster of real processes (SPEC section 11.1).
#include <gmock/gmock.h>

#include <csignal>

#include "tests/cluster/certificate_files.h"
#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

using ::testing::HasSubstr;

class PeerTls : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int node = 1; node <= 3; ++node) Renew(node);
  }
  void Renew(int node) {
    files_.Write(cluster_.Name(node), files_.ours.Sign({.names = CertificateFiles::NamesOf(cluster_.Name(node))}));
  }
  void Start(int node) { cluster_.Start(node, files_.PeerFlags(cluster_.Name(node))); }
  void StartTwo() {
    Start(1);
    Start(2);
    ASSERT_TRUE(cluster_.WaitForLeader()) << cluster_.ErrorOutput(1);
    ASSERT_EQ(cluster_.Put(1, "k", "v").status, 200);
  }
  // That node 3 has no part in what the other two agree on.
  void ExpectThirdLeftOut() {
    ASSERT_TRUE(Eventually([&] { return cluster_.Status(3).status == 200; }));
    ASSERT_TRUE(Eventually([&] {
      return cluster_.ErrorOutput(3).find("peer unreachable") != std::string::npos ||
             cluster_.ErrorOutput(3).find("refuse") != std::string::npos;
    })) << cluster_.ErrorOutput(3);
    EXPECT_EQ(cluster_.Put(1, "k", "w").status, 200);
    EXPECT_EQ(cluster_.GetStale(3, "k").status, 404);
    EXPECT_EQ(cluster_.Status(3).Field("last_applied"), "0");
  }
  bool Says(int node, const std::string& text) const {
    return Eventually([&] { return cluster_.ErrorOutput(node).find(text) != std::string::npos; });
  }

  CertificateFiles files_;
  TestCluster cluster_{3};
};

TEST_F(PeerTls, AClusterElectsAndReplicates) {
  StartTwo();
  Start(3);
  ASSERT_TRUE(cluster_.WaitForAgreement()) << cluster_.ErrorOutput(3);
  EXPECT_EQ(cluster_.GetStale(3, "k").Field("value"), "v");
  // A follower hands a write on, and notices that the leader's process is gone.
  const int leader = *cluster_.Leader();
  EXPECT_EQ(cluster_.Put(leader % 3 + 1, "k", "w").status, 200);
  cluster_.Kill(leader);
  // One that was on its way to the dead one is of unknown outcome.
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(leader % 3 + 1, "k", "x").status == 200; }));
}

TEST_F(PeerTls, ANodeWithoutACertificateIsLeftOut) {
  StartTwo();
  cluster_.Start(3);
  ExpectThirdLeftOut();
}

TEST_F(PeerTls, ANodeOfAForeignAuthorityIsLeftOut) {
  StartTwo();
  files_.Write("node3", files_.foreign.Sign({.names = CertificateFiles::NamesOf("node3")}));
  Start(3);
  ExpectThirdLeftOut();
}

TEST_F(PeerTls, ANodeWhoseCertificateHasExpiredIsLeftOut) {
  StartTwo();
  files_.Write("node3", files_.ours.Sign(
                            {.names = CertificateFiles::NamesOf("node3"), .valid_from = -7200, .valid_until = -3600}));
  Start(3);
  ExpectThirdLeftOut();
}

TEST_F(PeerTls, ANodeWithTheNameOfAnotherIsRefusedByName) {
  StartTwo();
  files_.Write("node3", files_.ours.Sign({.names = CertificateFiles::NamesOf("node9")}));
  Start(3);
  ExpectThirdLeftOut();
  const int told = cluster_.ErrorOutput(1).find("its certificate is another's") != std::string::npos ? 1 : 2;
  ASSERT_TRUE(Says(told, "its certificate is another's")) << cluster_.ErrorOutput(1) << cluster_.ErrorOutput(2);
  EXPECT_THAT(cluster_.ErrorOutput(told), HasSubstr("peer=node3"));
  EXPECT_THAT(cluster_.ErrorOutput(told), HasSubstr("raftly:node9"));
  // It hears why, and says so.
  EXPECT_TRUE(Says(3, "raftly:node9")) << cluster_.ErrorOutput(3);
}

TEST_F(PeerTls, NewFilesCountWithoutARestart) {
  StartTwo();
  // Nobody trusts node 3, until those who run trust another authority as well.
  files_.Write("node3", files_.foreign.Sign({.names = CertificateFiles::NamesOf("node3")}));
  files_.Write("both.crt", files_.ours.certificate() + files_.foreign.certificate());
  cluster_.Start(3, files_.PeerFlags("node3", "both"));
  ExpectThirdLeftOut();
  files_.Write("ca.crt", files_.ours.certificate() + files_.foreign.certificate());
  ASSERT_TRUE(Says(1, "files read again"));
  ASSERT_TRUE(Says(2, "files read again"));
  ASSERT_TRUE(cluster_.WaitForAgreement()) << cluster_.ErrorOutput(3);
}

TEST_F(PeerTls, SighupReadsAtOnceAndABadFileChangesNothing) {
  StartTwo();
  const std::string good = ReadFile(files_.Path("node1.key"));
  files_.Write("node1.key", "nonsense");
  cluster_.Signal(1, SIGHUP);
  ASSERT_TRUE(Says(1, "files cannot be used"));
  EXPECT_THAT(cluster_.ErrorOutput(1), HasSubstr("flag -tls-key"));
  Start(3);
  ASSERT_TRUE(cluster_.WaitForAgreement()) << cluster_.ErrorOutput(3);
  Renew(1);
  cluster_.Signal(1, SIGHUP);
  EXPECT_TRUE(Says(1, "files read again"));
}

TEST_F(PeerTls, WhatCannotBeReadIsOneLineAtStart) {
  const auto error = [&](const std::vector<std::string>& flags) {
    const RunResult run = RunToEnd(cluster_.Arguments(1, flags));
    EXPECT_EQ(run.exit, 1);
    return run.err;
  };
  EXPECT_THAT(error({"-tls-cert", files_.Path("node1.crt")}), HasSubstr("needs -tls-"));
  EXPECT_THAT(error(files_.PeerFlags("nobody")), HasSubstr("flag -tls-cert: \"" + files_.Path("nobody.crt")));
  EXPECT_THAT(error(files_.PeerFlags("node1", "nobody")), HasSubstr("flag -tls-ca: \"" + files_.Path("nobody.crt")));
  files_.Write("node1.key", ReadFile(files_.Path("node2.key")));
  EXPECT_THAT(error(files_.PeerFlags("node1")), HasSubstr("is not the key of the certificate"));
  files_.Write("node1.key", "");
  EXPECT_THAT(error(files_.PeerFlags("node1")), HasSubstr("flag -tls-key"));
}

}  // namespace
}  // namespace raftly::test
