#include "raft/env/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace raftly {
namespace {

TEST(ForEachInParallel, RunsEachPartOnce) {
  for (const size_t n : {0, 1, 2, 1000}) {
    std::vector<std::atomic<int>> times(n);
    ForEachInParallel(n, [&](size_t i) { ++times[i]; });
    for (const auto& one : times) EXPECT_EQ(one, 1);
  }
}

}  // namespace
}  // namespace raftly
