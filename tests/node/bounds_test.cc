// What a node does bit by bit, and what it refuses: a long log at the start, a slow state machine, too large a command,
// questions before it runs.
#include <gtest/gtest.h>

#include <future>

#include "raft/node/errors.h"
#include "raft/node/raft_node.h"
#include "tests/node/node_cluster.h"

namespace raftly::testing {
namespace {

TEST(Bounds, ALongLogIsDeliveredOverManyTurnsAndReadsWaitForAllOfIt) {
  NodeCluster cluster(1);
  cluster.config("node1").core.limits.entries_per_delivery = 8;
  for (int i = 0; i < 200; ++i) cluster.ProposeUntilDone(std::to_string(i));
  cluster.Crash("node1");
  ASSERT_TRUE(cluster.Start("node1").ok());
  cluster.WaitForLeader();
  ASSERT_TRUE(cluster.Read("node1").ok());
  EXPECT_EQ(cluster.at("node1").state.commands().size(), 200u);
}

// Stands still until it is let go.
class Slow : public Recorder {
 public:
  std::string Apply(const Entry& entry) override {
    ++begun;
    go_.wait();
    return Recorder::Apply(entry);
  }
  void Go() { let_go_.set_value(); }
  std::atomic<int> begun{0};

 private:
  std::promise<void> let_go_;
  std::shared_future<void> go_ = let_go_.get_future().share();
};

// A node of its own, so that its state machine can be chosen.
struct Alone {
  explicit Alone(StateMachine& state)
      : node(Config(), Environment{loop, disk, disk, apply, *files, transport, 1}, state, nullptr) {}
  ~Alone() {
    node.Stop();
    // Nothing may run where a node is taken apart.
    for (ThreadLoop* executor : {&loop, &disk, &apply}) executor->Stop();
  }
  NodeConfig Config() {
    NodeConfig config;
    config.core.self = "alone";
    config.core.limits.entries_per_delivery = 4;
    config.data_dir = nobody.directory("alone").string();
    return config;
  }

  NodeCluster nobody{0};  // for its directory
  std::unique_ptr<FileSystem> files = NewPosixFileSystem();
  InMemNetwork network;
  ThreadLoop loop{"loop"}, disk{"disk"}, apply{"apply"};
  InMemTransport transport{network, "alone", loop};
  RaftNode node;
};

TEST(Bounds, ANodeIsReadyOnceItHasAppliedWhatWasCommittedWhenItStarted) {
  Slow slow;
  Alone alone(slow);
  ASSERT_TRUE(alone.node.Start().ok());
  ASSERT_TRUE(Eventually([&] { return alone.node.status().role == Role::kLeader && slow.begun > 0; }));
  EXPECT_FALSE(alone.node.status().ready) << "a leader is known, but its no-op is not applied";
  slow.Go();
  EXPECT_TRUE(Eventually([&] { return alone.node.status().ready; }));
}

TEST(Bounds, ASlowStateMachineHoldsUpNobodyButItsOwnClients) {
  Slow slow;
  Alone alone(slow);
  ASSERT_TRUE(alone.node.Start().ok());
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    alone.node.Propose("x", alone.loop.Now() + kPatience,
                       [&](absl::StatusOr<Applied> applied) { done += applied.ok(); });
  }
  ASSERT_TRUE(Eventually([&] { return alone.node.status().commit_index.value > 0; }));
  EXPECT_EQ(done, 0);
  slow.Go();
  alone.node.Propose("y", alone.loop.Now() + kPatience, [&](absl::StatusOr<Applied> applied) { done += applied.ok(); });
  EXPECT_TRUE(Eventually([&] { return alone.node.status().last_applied == alone.node.status().commit_index; }));
}

TEST(Bounds, ACommandThatWouldFitIntoNoMessageIsRefused) {
  NodeCluster cluster(1);
  cluster.WaitForLeader();
  const size_t limit = cluster.config("node1").limits.command_bytes;
  EXPECT_TRUE(cluster.Propose("node1", std::string(limit, 'x')).ok());
  const absl::Status refused = cluster.Propose("node1", std::string(limit + 1, 'x')).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_TRUE(cluster.Propose("node1", "and on it goes").ok());
}

absl::Status ProposedTo(Alone& alone) {
  std::promise<absl::Status> told;
  alone.node.Propose("x", alone.loop.Now() + kPatience, [&](auto applied) { told.set_value(applied.status()); });
  return told.get_future().get();
}
absl::Status ReadFrom(Alone& alone) {
  std::promise<absl::Status> told;
  alone.node.Read(alone.loop.Now() + kPatience, [&](absl::Status status) { told.set_value(status); });
  return told.get_future().get();
}

TEST(Bounds, BeforeItsStartANodeAnswersThatItDoesNotRun) {
  Recorder state;
  Alone alone(state);
  EXPECT_TRUE(absl::IsUnavailable(ProposedTo(alone)));
  EXPECT_TRUE(absl::IsUnavailable(ReadFrom(alone)));
  alone.node.SetTimings({});
  ASSERT_TRUE(alone.node.Start().ok());
  EXPECT_TRUE(Eventually([&] { return ProposedTo(alone).ok(); }));
}

TEST(Bounds, AfterAStartThatFailedANodeAnswersThatItDoesNotRun) {
  Recorder state;
  Alone alone(state);
  InMemTransport first(alone.network, "alone", alone.loop);
  ASSERT_TRUE(first.Start([](Request, ReplyFn) {}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(alone.node.Start()));
  EXPECT_TRUE(absl::IsUnavailable(ProposedTo(alone)));
  EXPECT_TRUE(absl::IsUnavailable(ReadFrom(alone)));
}

}  // namespace
}  // namespace raftly::testing
