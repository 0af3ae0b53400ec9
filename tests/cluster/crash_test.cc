// kill -9 of the leader, over and over, while clients write: whatever was acknowledged is on every node afterwards.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {
namespace {

// Writes keys of its own, each once, through one node after the other, and remembers which were acknowledged.
class Writer {
 public:
  Writer(const TestCluster& cluster, int number)
      : cluster_(cluster), name_("writer" + std::to_string(number) + "-"), thread_([this] { Run(); }) {}
  ~Writer() { Stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int acknowledged() const { return acknowledged_; }

  // After Stop: every key that was tried, and whether 200 came.
  const std::vector<std::pair<std::string, bool>>& keys() const { return keys_; }

 private:
  void Run() {
    for (int i = 0; !stop_; ++i) {
      const std::string key = name_ + std::to_string(i);
      const bool ok = cluster_.Put(1 + i % cluster_.nodes(), key, "value of " + key).status == 200;
      keys_.emplace_back(key, ok);
      if (ok) ++acknowledged_;
    }
  }

  const TestCluster& cluster_;
  const std::string name_;
  std::vector<std::pair<std::string, bool>> keys_;
  std::atomic<int> acknowledged_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

int Acknowledged(const std::vector<std::unique_ptr<Writer>>& writers) {
  int sum = 0;
  for (const auto& writer : writers) sum += writer->acknowledged();
  return sum;
}

bool WaitForWrites(const std::vector<std::unique_ptr<Writer>>& writers, int more) {
  const int goal = Acknowledged(writers) + more;
  return Eventually([&] { return Acknowledged(writers) >= goal; });
}

TEST(Crash, NothingAcknowledgedIsLostWhenLeadersDieUnderLoad) {
  constexpr int kRounds = 6;
  constexpr int kWriters = 4;
  TestCluster cluster(3, {});
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < kWriters; ++i) writers.push_back(std::make_unique<Writer>(cluster, i));

  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(WaitForWrites(writers, 100)) << "round " << round;
    std::optional<int> leader;
    ASSERT_TRUE(Eventually([&] { return (leader = cluster.Leader()).has_value(); })) << "round " << round;
    cluster.Kill(*leader);
    ASSERT_TRUE(WaitForWrites(writers, 20)) << "writes succeed again without the dead leader, round " << round;
    cluster.Start(*leader);
    ASSERT_TRUE(Eventually([&] { return !cluster.Status(*leader).Field("leader_id").empty(); }))
        << cluster.ErrorOutput(*leader);
  }
  for (const auto& writer : writers) writer->Stop();
  ASSERT_TRUE(cluster.WaitForLeader());
  ASSERT_TRUE(cluster.WaitForAgreement());

  for (const auto& writer : writers) {
    for (const auto& [key, acknowledged] : writer->keys()) {
      const Answer first = cluster.GetStale(1, key);
      ASSERT_TRUE(first.status == 200 || (first.status == 404 && !acknowledged)) << key << " was acknowledged";
      if (first.status == 200) {
        EXPECT_EQ(first.Field("value"), "value of " + key);
      }
      for (int node = 2; node <= 3; ++node) {
        ASSERT_EQ(cluster.GetStale(node, key).body, first.body) << key << " on node " << node;
      }
    }
  }
}

TEST(Crash, AllThreeAtOnceComeBackWithEverything) {
  TestCluster cluster(3);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(cluster.Put(1 + i % 3, "key" + std::to_string(i), "v").status, 200);
  for (int node = 1; node <= 3; ++node) cluster.Signal(node, SIGKILL);
  for (int node = 1; node <= 3; ++node) cluster.process(node).WaitForExit(kPatience);
  cluster.StartAll();
  ASSERT_TRUE(cluster.WaitForLeader()) << cluster.ErrorOutput(1);
  ASSERT_EQ(cluster.Put(1, "after", "v").status, 200);
  ASSERT_TRUE(cluster.WaitForAgreement());
  for (int node = 1; node <= 3; ++node) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(cluster.GetStale(node, "key" + std::to_string(i)).status, 200);
  }
}

}  // namespace
}  // namespace raftly::test
