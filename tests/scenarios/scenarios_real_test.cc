// The incidents on real threads and files: the simulator tells the truth.
#include <gtest/gtest.h>

#include "scenarios/scenario.h"

namespace raftly {
namespace {

void ExpectShown(const std::string& name) {
  const Report report = Perform(*FindScenario(name), {.real = true});
  EXPECT_TRUE(report.passed) << report.text;
}

TEST(TestChaosSplitBrain, OnThreadsAndFiles) { ExpectShown("split-brain-2011"); }
TEST(TestChaosLeaderIsolation, OnThreadsAndFiles) { ExpectShown("leader-isolation-write-loss"); }
TEST(TestChaosTornWrite, OnThreadsAndFiles) { ExpectShown("wal-torn-write"); }
TEST(TestChaosStaleElection, OnThreadsAndFiles) { ExpectShown("stale-log-elected-leader"); }
TEST(TestChaosAmnesiacVoter, OnThreadsAndFiles) { ExpectShown("amnesiac-voter-2016"); }
TEST(TestChaosSingleServerChange, OnThreadsAndFiles) { ExpectShown("single-server-change-2015"); }

}  // namespace
}  // namespace raftly
