// The lead handed over (thesis §3.10) among real nodes: nobody's client notices more than a moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "tests/node/node_cluster.h"

namespace raftly::testing {
namespace {

using ::testing::IsSupersetOf;

class HandingOver : public ::testing::Test {
 protected:
  HandingOver() : cluster_(3) {
    for (const NodeId& id : cluster_.ids()) {
      cluster_.Stop(id);
      cluster_.config(id).forward = true;
    }
    for (const NodeId& id : cluster_.ids()) EXPECT_TRUE(cluster_.Start(id).ok());
    leader_ = cluster_.WaitForLeader();
    for (const NodeId& id : cluster_.ids()) {
      if (id != leader_) follower_ = id;
      EXPECT_TRUE(Eventually([&] { return cluster_.at(id).node.status().leader == leader_; }));
    }
    // Who never answered in this term is no successor.
    EXPECT_TRUE(cluster_.Propose(leader_, "first").ok());
  }

  absl::StatusOr<NodeId> HandOver(const NodeId& from, const NodeId& to = {}) {
    std::promise<absl::StatusOr<NodeId>> told;
    Server& server = cluster_.at(from);
    server.node.HandOver(to, server.loop.Now() + kPatience,
                         [&](absl::StatusOr<NodeId> leader) { told.set_value(std::move(leader)); });
    return told.get_future().get();
  }
  // The successor may have to be heard from first.
  absl::StatusOr<NodeId> HandOverSoon(const NodeId& from, const NodeId& to = {}) {
    absl::StatusOr<NodeId> leader = absl::UnknownError("never asked");
    EXPECT_TRUE(
        Eventually([&] { return (leader = HandOver(from, to)).ok() || !absl::IsUnavailable(leader.status()); }));
    return leader;
  }

  NodeCluster cluster_;
  NodeId leader_, follower_;
};

TEST_F(HandingOver, TheOneThatWasAskedForLeads) {
  EXPECT_EQ(*HandOverSoon(leader_, follower_), follower_);
  EXPECT_TRUE(Eventually([&] { return cluster_.at(follower_).node.status().role == Role::kLeader; }));
  EXPECT_EQ(*HandOver(follower_, follower_), follower_) << "where it leads already there is nothing to do";
}

TEST_F(HandingOver, WhatCannotBeHasAnErrorOfItsOwn) {
  const auto elsewhere = HandOver(follower_);
  EXPECT_TRUE(absl::IsFailedPrecondition(elsewhere.status()));
  EXPECT_EQ(LeaderHint(elsewhere.status()), leader_);
  EXPECT_TRUE(absl::IsNotFound(HandOver(leader_, "nobody").status()));
}

TEST_F(HandingOver, WithoutAnybodyToTakeItTheLeaderGoesOn) {
  for (const NodeId& id : cluster_.ids()) {
    if (id != leader_) cluster_.Stop(id);
  }
  EXPECT_TRUE(absl::IsUnavailable(HandOver(leader_).status()) ||
              absl::IsFailedPrecondition(HandOver(leader_).status()));
}

// Writes through all three while the lead goes round: each is acknowledged, and once.
TEST_F(HandingOver, NoClientIsRefusedMeanwhile) {
  constexpr int kWrites = 200;
  std::vector<std::thread> clients;
  std::atomic<int> lost{0};
  for (size_t client = 0; client < cluster_.ids().size(); ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kWrites; ++i) {
        const std::string command = absl::StrCat(client, ".", i);
        absl::StatusOr<Applied> applied = cluster_.Propose(cluster_.ids()[client], command);
        // Certainly not applied: no leader was known for a moment.
        while (absl::IsFailedPrecondition(applied.status()) || absl::IsAborted(applied.status())) {
          std::this_thread::yield();
          applied = cluster_.Propose(cluster_.ids()[client], command);
        }
        if (!applied.ok()) ++lost;
      }
    });
  }
  NodeId leads = leader_;
  for (int i = 0; i < 20; ++i) {
    const auto next = HandOverSoon(leads);
    if (!next.ok()) {
      leads = cluster_.WaitForLeader();
      continue;
    }
    leads = *next;
    EXPECT_TRUE(Eventually([&] { return cluster_.at(leads).node.status().role == Role::kLeader; }));
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(lost, 0);
  ASSERT_TRUE(cluster_.Read(leads).ok());
  const std::vector<std::string> commands = cluster_.at(leads).state.commands();
  EXPECT_EQ(commands.size(), 1 + 3u * kWrites) << "each once";
}

}  // namespace
}  // namespace raftly::testing
