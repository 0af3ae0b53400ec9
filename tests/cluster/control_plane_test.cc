// What a stranger would do with curl, done by a script (control_plane.sh) on three processes.
#include <gtest/gtest.h>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

TEST(ControlPlane, CurlAloneIsolatesTheLeaderAndWatches) {
  if (RunToEnd({"/usr/bin/env", "curl", "--version"}).exit != 0) GTEST_SKIP() << "curl is not installed";
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  std::vector<std::string> arguments = {"/bin/bash", RAFTLY_TEST_SOURCE_DIR "/control_plane.sh"};
  for (int node = 1; node <= 3; ++node) arguments.push_back("127.0.0.1:" + std::to_string(cluster.http_port(node)));
  const RunResult run = RunToEnd(arguments, 10 * kPatience);
  EXPECT_EQ(run.exit, 0) << run.out << run.err;
}

TEST(ControlPlane, TheScriptWantsThreeAddresses) {
  const RunResult run = RunToEnd({"/bin/bash", RAFTLY_TEST_SOURCE_DIR "/control_plane.sh", "just-one"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.err.substr(0, 6), "usage:") << run.err;
}

}  // namespace
}  // namespace raftly::test
