// Metrics of members that come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/metrics/metrics.h"

namespace raftly {
namespace {

using ::testing::IsSupersetOf;

std::vector<std::string> LinesOf(const Metrics& metrics) { return absl::StrSplit(metrics.Render(), '\n'); }

void Follow(Metrics& metrics, const Configuration& configuration) {
  metrics.node().OnMembers(Among(configuration, {}));
  metrics.snapshots().OnMembers(Among(configuration, {}));
}

TEST(MemberMetrics, FollowTheConfiguration) {
  Metrics metrics({.version = "1", .self = "a", .data_dir = "/"});
  Follow(metrics, {.voters = {"a", "b", "c"}});
  Follow(metrics, {.voters = {"a", "c", "d"}, .outgoing = {"a", "b", "c"}, .learners = {"e"}});
  EXPECT_THAT(
      LinesOf(metrics),
      IsSupersetOf<std::string>({"raftly_voters 3", "raftly_learners 1", "raftly_members_changing 1",
                                 "raftly_append_in_flight{peer=\"d\"} 0", "raftly_append_in_flight{peer=\"e\"} 0"}));
  Follow(metrics, {.voters = {"a", "c", "d"}});
  EXPECT_THAT(LinesOf(metrics), IsSupersetOf<std::string>({"raftly_learners 0", "raftly_members_changing 0"}));
  // What was counted of a former member stays, and goes on where it comes back.
  const auto failed = [](int times) {
    return "raftly_rpc_failures_total{kind=\"unreachable\",peer=\"b\"} " + std::to_string(times);
  };
  metrics.node().OnCallFailed("b", absl::UnavailableError(""));
  EXPECT_THAT(LinesOf(metrics), ::testing::Contains(failed(0)));
  Follow(metrics, {.voters = {"a", "b", "c"}});
  metrics.node().OnCallFailed("b", absl::UnavailableError(""));
  EXPECT_THAT(LinesOf(metrics), ::testing::Contains(failed(1)));
}

}  // namespace
}  // namespace raftly
