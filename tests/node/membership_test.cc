// Clusters that change while they work: real threads and files (§6, thesis chapter 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <string>
#include <vector>

#include "raft/node/errors.h"
#include "tests/node/node_cluster.h"

namespace raftly::testing {
namespace {

using ::testing::IsSupersetOf;

class MembershipTest : public ::testing::Test {
 protected:
  void Write(int from, int to) {
    for (int i = from; i < to; ++i) {
      written_.push_back("command " + std::to_string(i));
      cluster_.ProposeUntilDone(written_.back());
    }
  }
  void TakeIn(const NodeId& node) {
    ASSERT_TRUE(cluster_.StartToJoin(node).ok());
    cluster_.ChangeMembers([&](Members now) {
      now.configuration.learners.insert(node);
      now.known[node] = {.promote = true};
      return now;
    });
  }
  void Remove(const NodeId& node) {
    cluster_.ChangeMembers([&](Members now) {
      now.configuration.voters.erase(node);
      return now;
    });
  }

  NodeCluster cluster_{3, nullptr, /*members_may_change=*/true};
  std::vector<std::string> written_;
};

TEST_F(MembershipTest, ANewNodeCatchesUpAndVotes) {
  Write(0, 20);
  TakeIn("node4");
  cluster_.WaitForMembers({"node1", "node2", "node3", "node4"});
  Write(20, 30);
  EXPECT_TRUE(Eventually([&] { return cluster_.at("node4").state.commands() == written_; }));
}

TEST_F(MembershipTest, EveryNodeIsReplacedAndNothingIsLost) {
  const std::vector<std::pair<NodeId, NodeId>> changes = {{"node4", "node1"}, {"node5", "node2"}, {"node6", "node3"}};
  std::set<NodeId> voters = {"node1", "node2", "node3"};
  int written = 0;
  for (const auto& [in, out] : changes) {
    Write(written, written + 10);
    TakeIn(in);
    voters.insert(in);
    cluster_.WaitForMembers(voters);
    Write(written + 10, written + 20);
    Remove(out);
    voters.erase(out);
    cluster_.WaitForMembers(voters);
    cluster_.Stop(out);
    written += 20;
  }
  EXPECT_THAT(voters, ::testing::ElementsAre("node4", "node5", "node6"));
  Write(written, written + 5);
  EXPECT_THAT(cluster_.WaitForAgreement(written_.size()), IsSupersetOf(written_));
}

// A client cannot know of what the leader writes down by itself.
TEST_F(MembershipTest, AChangeWaitsUntilWhatWasThereIsCommitted) {
  const auto taking_in = [](const std::string& node) {
    return [node](Members now) {
      now.configuration.learners.insert(node);
      now.known[node] = {};
      return now;
    };
  };
  cluster_.ChangeMembers(taking_in("learner"));
  auto& leader = cluster_.at(cluster_.WaitForLeader());
  std::vector<std::promise<absl::Status>> done(3);
  for (size_t i = 0; i < done.size(); ++i) {
    leader.node.ChangeMembers(
        taking_in("learner" + std::to_string(i)), leader.loop.Now() + std::chrono::minutes(1),
        [&done, i](const absl::StatusOr<Applied>& applied) { done[i].set_value(applied.status()); });
  }
  for (auto& one : done) {
    const absl::Status status = one.get_future().get();
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(MembershipTest, ALeaderRemovesItselfAndAnotherTakesOver) {
  Write(0, 5);
  const NodeId leader = cluster_.WaitForLeader();
  Remove(leader);
  std::set<NodeId> rest = {"node1", "node2", "node3"};
  rest.erase(leader);
  cluster_.WaitForMembers(rest);
  Write(5, 10);
  // One whose outcome was unknown may be there twice.
  EXPECT_TRUE(Eventually([&] {
    const auto commands = cluster_.at(*rest.begin()).state.commands();
    return ::testing::Value(commands, IsSupersetOf(written_));
  }));
  EXPECT_TRUE(Eventually([&] { return cluster_.at(leader).node.status().role != Role::kLeader; }));
}

TEST_F(MembershipTest, ARestartKnowsTheMembersFromTheLogAndFromASnapshot) {
  Write(0, 5);
  TakeIn("node4");
  const std::set<NodeId> all = {"node1", "node2", "node3", "node4"};
  cluster_.WaitForMembers(all);
  for (const NodeId& node : all) cluster_.Stop(node);
  for (const NodeId& node : all) ASSERT_TRUE(cluster_.Start(node).ok());
  cluster_.WaitForMembers(all);
  Write(5, 10);
  for (const NodeId& node : all) {
    std::promise<bool> taken;
    cluster_.at(node).node.TakeSnapshot([&](const auto& info) { taken.set_value(info.ok()); });
    ASSERT_TRUE(taken.get_future().get());
  }
  for (const NodeId& node : all) cluster_.Stop(node);
  for (const NodeId& node : all) ASSERT_TRUE(cluster_.Start(node).ok());
  for (const NodeId& node : all) EXPECT_EQ(cluster_.at(node).node.status().members->configuration.voters, all);
  Write(10, 12);
  EXPECT_THAT(cluster_.WaitForAgreement(written_.size()), IsSupersetOf(written_));
}

}  // namespace
}  // namespace raftly::testing
