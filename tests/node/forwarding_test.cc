// Clients of nodes that do not lead: the node asks the leader for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "tests/node/node_cluster.h"

namespace raftly::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Three nodes, each of which serves whoever asks it.
class Forwarding : public ::testing::Test {
 protected:
  Forwarding() : cluster_(3) {
    for (const NodeId& id : cluster_.ids()) {
      cluster_.Stop(id);
      cluster_.config(id).forward = true;
    }
    for (const NodeId& id : cluster_.ids()) EXPECT_TRUE(cluster_.Start(id).ok());
    Look();
  }
  // Who leads, and who follows.
  void Look() {
    leader_ = cluster_.WaitForLeader();
    for (const NodeId& id : cluster_.ids()) {
      if (id == leader_) continue;
      follower_ = id;
      EXPECT_TRUE(Eventually([&] { return cluster_.at(id).node.status().leader == leader_; }));
    }
  }

  NodeCluster cluster_;
  NodeId leader_, follower_;
};

TEST_F(Forwarding, AWriteComesBackWithWhatTheLeaderMadeOfIt) {
  const auto applied = cluster_.Propose(follower_, "x");
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->by, leader_);
  EXPECT_EQ(applied->result, absl::StrCat(applied->at.index.value)) << "the state machine's own answer";
  EXPECT_THAT(cluster_.at(leader_).state.commands(), Contains("x")) << "applied before it was acknowledged";
}

TEST_F(Forwarding, AReadSeesWhatWasAcknowledgedAnywhere) {
  for (int i = 0; i < 20; ++i) {
    const std::string command = absl::StrCat("c", i);
    ASSERT_TRUE(cluster_.Propose(leader_, command).ok());
    ASSERT_TRUE(cluster_.Read(follower_).ok());
    EXPECT_THAT(cluster_.at(follower_).state.commands(), Contains(command));
  }
}

TEST_F(Forwarding, ManyAtOnceGetEachItsOwnAnswer) {
  constexpr int kMany = 2000;
  RaftNode& node = cluster_.at(follower_).node;
  const Time deadline = cluster_.at(follower_).loop.Now() + kPatience;
  std::vector<std::promise<absl::StatusOr<Applied>>> promises(kMany);
  for (int i = 0; i < kMany; ++i) {
    // Some so large that they do not share a message.
    node.Propose(absl::StrCat(i, std::string(i % 500 == 0 ? 900'000 : 10, 'x')), deadline,
                 [&promise = promises[i]](absl::StatusOr<Applied> applied) { promise.set_value(std::move(applied)); });
  }
  std::set<Index> places;
  for (auto& promise : promises) {
    const auto applied = promise.get_future().get();
    ASSERT_TRUE(applied.ok()) << applied.status();
    EXPECT_EQ(applied->result, absl::StrCat(applied->at.index.value));
    places.insert(applied->at.index);
  }
  EXPECT_EQ(places.size(), size_t{kMany});
}

TEST_F(Forwarding, WhatTheLeaderRefusesIsRefusedInItsWords) {
  // Of this size the follower alone takes commands.
  for (const NodeId& id : cluster_.ids()) {
    if (id == follower_) continue;
    cluster_.Stop(id);
    cluster_.config(id).limits.command_bytes = 10;
  }
  cluster_.Stop(follower_);
  for (const NodeId& id : cluster_.ids()) ASSERT_TRUE(cluster_.Start(id).ok());
  // Whoever leads: where it is the one that takes them, another has to.
  const NodeId generous = follower_;
  for (Look(); leader_ == generous; Look()) {
    cluster_.Crash(generous);
    cluster_.WaitForLeader(generous);
    ASSERT_TRUE(cluster_.Start(generous).ok());
  }
  ASSERT_TRUE(Eventually([&] { return cluster_.at(generous).node.status().leader == leader_; }));
  const absl::Status refused = cluster_.Propose(generous, std::string(100, 'x')).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr(leader_));
}

TEST_F(Forwarding, WhoIsCutOffFromTheLeaderAcknowledgesNothing) {
  cluster_.Isolate(follower_);
  EXPECT_FALSE(cluster_.Propose(follower_, "lost", milliseconds(300)).ok());
  EXPECT_FALSE(cluster_.Read(follower_, milliseconds(300)).ok());
  cluster_.Heal();
  ASSERT_TRUE(Eventually([&] { return cluster_.Read(follower_, milliseconds(500)).ok(); }));
}

// ---- Commands that not every node understands ----------------------------------------------------------------------

class Features : public ::testing::Test {
 protected:
  static constexpr uint32_t kNew = 1;

  // The last of three nodes is older than the others, or is not.
  void Start(bool all_new) {
    for (const NodeId& id : cluster_.ids()) {
      if (cluster_.running(id)) cluster_.Stop(id);
      cluster_.config(id).forward = true;
      cluster_.config(id).core.features = all_new || id != "node3" ? kNew : 0;
    }
    for (const NodeId& id : cluster_.ids()) ASSERT_TRUE(cluster_.Start(id).ok());
    cluster_.WaitForLeader();
  }
  absl::StatusOr<Applied> Propose(const NodeId& id) {
    std::promise<absl::StatusOr<Applied>> promise;
    Server& server = cluster_.at(id);
    server.node.Propose(
        "new", server.loop.Now() + kPatience,
        [&](absl::StatusOr<Applied> applied) { promise.set_value(std::move(applied)); }, Handover::kAtOnce,
        Effect::kStores, kNew);
    return promise.get_future().get();
  }

  NodeCluster cluster_{3};
};

TEST_F(Features, AreUsedOnceEveryNodeHasThem) {
  Start(true);
  for (const NodeId& id : cluster_.ids()) {
    EXPECT_TRUE(Eventually([&] { return Propose(id).ok(); })) << id;
  }
}

TEST_F(Features, AreRefusedWhereANodeLacksThemAndItIsNamed) {
  Start(false);
  absl::Status refused;
  ASSERT_TRUE(Eventually([&] { return absl::IsUnimplemented(refused = Propose(cluster_.WaitForLeader()).status()); }));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("node3 does not understand"));
  for (const NodeId& id : cluster_.ids()) EXPECT_THAT(cluster_.at(id).state.commands(), Not(Contains("new")));
}

TEST_F(Features, HoldForGoodOnceTheLogSaysSo) {
  Start(true);
  ASSERT_TRUE(Eventually([&] { return Propose("node1").ok(); }));
  cluster_.Crash(cluster_.WaitForLeader());
  const NodeId next = cluster_.WaitForLeader();
  EXPECT_TRUE(Eventually([&] { return Propose(next).ok(); })) << "although a node is down that this leader never heard";
}

}  // namespace
}  // namespace raftly::testing
