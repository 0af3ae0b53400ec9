// Clients that count, against a cluster whose nodes die and change: what they were told can be judged exactly.
//
//   Adders adders = StartAdders(cluster, 16);
//   ... kill nodes ...
//   EXPECT_EQ(StopAndJudge(adders, *ClientOf(cluster, 1)), "");
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/client/raftly_client.h"
#include "tests/cluster/test_cluster.h"

namespace raftly::test {

inline constexpr char kEverybody[] = "everybody";

// Of all nodes of the cluster, also of those that do not run, beginning with this one.
std::unique_ptr<client::Client> ClientOf(const TestCluster& cluster, int first_node, milliseconds deadline = kPatience);

// Adds 1 to a counter of its own and to one of everybody's, until it is stopped. What has an unknown outcome is asked
// for again under its key, until it is known.
class Adder {
 public:
  // One add to everybody's counter.
  struct Done {
    std::chrono::steady_clock::time_point invoked;
    std::chrono::steady_clock::time_point returned;
    int sum = 0;
  };

  Adder(const TestCluster& cluster, int number, milliseconds deadline);
  ~Adder() { Stop(); }
  Adder(const Adder&) = delete;
  Adder& operator=(const Adder&) = delete;

  void Stop();

  const std::string& own() const { return own_; }
  int added() const { return added_; }
  int unknown() const { return unknown_; }
  int failed() const { return failed_; }                   // requests, although the client tried again
  const std::vector<Done>& done() const { return done_; }  // once stopped

 private:
  void Run();
  int Add(const std::string& key);

  const std::string own_;
  const std::unique_ptr<client::Client> client_;
  std::atomic<int> added_{0};
  std::atomic<int> unknown_{0};
  std::atomic<int> failed_{0};
  std::atomic<bool> stop_{false};
  std::vector<Done> done_;
  std::thread thread_;
};

using Adders = std::vector<std::unique_ptr<Adder>>;

Adders StartAdders(const TestCluster& cluster, int count);
// Waits until each has added so much more.
bool AllAddMore(const Adders& adders, int more);
// Why what they were told is not linearizable, or not what the cluster holds; empty: it is.
std::string StopAndJudge(const Adders& adders, client::Client& client);

}  // namespace raftly::test
