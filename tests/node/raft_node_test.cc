// The node on real threads and real files; meant for ThreadSanitizer as much as for its assertions.
#include "raft/node/raft_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "raft/node/errors.h"
#include "tests/node/faulty_disk.h"
#include "tests/node/node_cluster.h"

namespace raftly::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RaftNode, AClusterOfOneCommitsByItself) {
  NodeCluster cluster(1);
  cluster.WaitForLeader();
  auto applied = cluster.Propose("node1", "a");
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->result, std::to_string(applied->at.index.value)) << "the state machine's own answer";
  EXPECT_TRUE(cluster.Read("node1").ok());
}

// Runs a task before Post returns, so that an answer is as early as it can be.
struct AtOnce : Executor {
  void Post(Task task) override { task(); }
};

TEST(RaftNode, TheStatusKnowsOfAWriteBeforeItsClientDoes) {
  const NodeCluster nobody(0);  // for its directory
  NodeConfig config;
  config.core.self = "alone";
  config.data_dir = nobody.directory("alone").string();
  const auto files = NewPosixFileSystem();
  InMemNetwork network;
  ThreadLoop loop("loop"), disk("disk");
  AtOnce apply;
  InMemTransport transport(network, "alone", loop);
  Recorder state;
  RaftNode node(config, Environment{loop, disk, disk, apply, *files, transport, 1}, state, nullptr);
  ASSERT_TRUE(node.Start().ok());
  ASSERT_TRUE(Eventually([&] { return node.status().role == Role::kLeader; }));
  std::promise<std::pair<Index, NodeStatus>> told;
  node.Propose("a", loop.Now() + kPatience, [&](absl::StatusOr<Applied> applied) {
    told.set_value({applied.ok() ? applied->at.index : Index{}, node.status()});
  });
  const auto [index, seen] = told.get_future().get();
  node.Stop();
  loop.Stop();
  disk.Stop();
  EXPECT_GT(index, Index{});
  EXPECT_EQ(seen.commit_index, index);
  EXPECT_EQ(seen.last_applied, index);
}

TEST(RaftNode, AFollowerRefusesAndNamesTheLeader) {
  NodeCluster cluster(3);
  const NodeId leader = cluster.WaitForLeader();
  for (const NodeId& id : cluster.ids()) {
    if (id == leader || cluster.at(id).node.status().leader != leader) continue;
    const absl::Status refused = cluster.Propose(id, "a").status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    EXPECT_EQ(LeaderHint(refused), leader);
  }
}

TEST(RaftNode, ManyClientsAtOnceAreEachAnsweredAndAllServersAgree) {
  NodeCluster cluster(3);
  const NodeId leader = cluster.WaitForLeader();
  constexpr int kClients = 8;
  constexpr int kEach = 50;
  std::atomic<int> done{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kEach; ++i) {
        if (cluster.Propose(leader, std::to_string(client) + ":" + std::to_string(i)).ok()) ++done;
        if (i % 10 == 0) cluster.Read(leader).IgnoreError();
        cluster.at(leader).node.status();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const auto agreed = cluster.WaitForAgreement(static_cast<size_t>(done));
  EXPECT_GE(std::set<std::string>(agreed.begin(), agreed.end()).size(), static_cast<size_t>(done));
}

TEST(RaftNode, WhatWasAcknowledgedSurvivesTheCrashOfEveryServer) {
  NodeCluster cluster(3);
  for (int i = 0; i < 20; ++i) cluster.ProposeUntilDone(std::to_string(i));
  for (const NodeId& id : cluster.ids()) cluster.Crash(id);
  for (const NodeId& id : cluster.ids()) ASSERT_TRUE(cluster.Start(id).ok());
  const auto agreed = cluster.WaitForAgreement(20);
  for (int i = 0; i < 20; ++i) EXPECT_NE(std::find(agreed.begin(), agreed.end(), std::to_string(i)), agreed.end()) << i;
}

TEST(RaftNode, ACrashedLeaderIsReplacedAndCatchesUpWhenItReturns) {
  NodeCluster cluster(3);
  cluster.ProposeUntilDone("before");
  const NodeId leader = cluster.WaitForLeader();
  cluster.Crash(leader);
  cluster.ProposeUntilDone("without");
  ASSERT_TRUE(cluster.Start(leader).ok());
  const auto agreed = cluster.WaitForAgreement(2);
  EXPECT_NE(std::find(agreed.begin(), agreed.end(), "without"), agreed.end());
}

TEST(RaftNode, AnIsolatedLeaderStepsDownAndRefusesReads) {
  NodeCluster cluster(3);
  cluster.ProposeUntilDone("old");
  const NodeId old_leader = cluster.WaitForLeader();
  cluster.Isolate(old_leader);
  EXPECT_FALSE(cluster.Read(old_leader, seconds(5)).ok()) << "a stale read";
  EXPECT_TRUE(Eventually([&] { return cluster.at(old_leader).node.status().role != Role::kLeader; }));
  cluster.WaitForLeader(old_leader);
}

TEST(RaftNode, AWriteToAnIsolatedLeaderIsNeverReportedAsDone) {
  NodeCluster cluster(3);
  const NodeId old_leader = cluster.WaitForLeader();
  cluster.Isolate(old_leader);
  std::promise<absl::Status> told;
  Server& server = cluster.at(old_leader);
  server.node.Propose("lost", server.loop.Now() + kPatience,
                      [&](absl::StatusOr<Applied> applied) { told.set_value(applied.status()); });
  const NodeId new_leader = cluster.WaitForLeader(old_leader);
  ASSERT_TRUE(cluster.Propose(new_leader, "kept").ok());
  cluster.Heal();
  EXPECT_TRUE(absl::IsAborted(told.get_future().get())) << "overwritten, and known to be";
  const auto agreed = cluster.WaitForAgreement(1);
  EXPECT_EQ(std::count(agreed.begin(), agreed.end(), "lost"), 0);
}

TEST(RaftNode, StopSettlesEveryOpenRequest) {
  NodeCluster cluster(3);
  const NodeId leader = cluster.WaitForLeader();
  cluster.Isolate(leader);
  std::atomic<int> told{0};
  Server& server = cluster.at(leader);
  for (int i = 0; i < 10; ++i) {
    server.node.Propose("x", server.loop.Now() + kPatience, [&](absl::StatusOr<Applied> applied) {
      EXPECT_FALSE(applied.ok());
      ++told;
    });
    server.node.Read(server.loop.Now() + kPatience, [&](const absl::Status& status) {
      EXPECT_FALSE(status.ok());
      ++told;
    });
  }
  cluster.Stop(leader);
  EXPECT_EQ(told, 20);
}

TEST(RaftNode, ACrashedNodeStillAnswersItsClients) {
  NodeCluster cluster(3);
  const NodeId leader = cluster.WaitForLeader();
  cluster.Isolate(leader);
  std::atomic<int> told{0};
  Server& server = cluster.at(leader);
  server.node.Propose("x", server.loop.Now() + kPatience, [&](const absl::StatusOr<Applied>&) { ++told; });
  cluster.Crash(leader);
  EXPECT_EQ(told, 1);
}

TEST(RaftNode, TooManyProposalsAreRefusedAtOnce) {
  NodeCluster cluster(1);
  cluster.Stop("node1");
  cluster.config("node1").limits.pending_bytes = 100;
  ASSERT_TRUE(cluster.Start("node1").ok());
  cluster.WaitForLeader();
  const absl::Status refused = cluster.Propose("node1", std::string(101, 'x')).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_FALSE(IsDiskFull(refused));
  EXPECT_TRUE(cluster.Propose("node1", "small").ok()) << "what was refused no longer counts";
}

TEST(RaftNode, WhatIsHandedOverInABatchGoesWithTheNextThingOrAtItsEnd) {
  NodeCluster cluster(1);
  cluster.WaitForLeader();
  Server& server = cluster.at("node1");
  server.node.EndBatch();  // of nothing
  std::atomic<int> done{0};
  const auto count = [&](const auto& settled) { done += settled.ok() ? 1 : 0; };
  const Time deadline = server.loop.Now() + kPatience;
  for (int i = 0; i < 5; ++i) server.node.Propose("x", deadline, count, Handover::kInBatch);
  server.node.Read(deadline, count, Handover::kInBatch);
  EXPECT_TRUE(cluster.Propose("node1", "y").ok());
  EXPECT_TRUE(Eventually([&] { return done == 6; })) << done;
  for (int i = 0; i < 5; ++i) server.node.Propose("z", deadline, count, Handover::kInBatch);
  server.node.Read(deadline, count, Handover::kInBatch);
  server.node.EndBatch();
  EXPECT_TRUE(Eventually([&] { return done == 12; })) << done;
}

TEST(RaftNode, TimingsChangeLive) {
  NodeCluster cluster(3);
  cluster.WaitForLeader();
  for (const NodeId& id : cluster.ids()) cluster.at(id).node.SetTimings({milliseconds(400), milliseconds(40)});
  for (const NodeId& id : cluster.ids()) {
    EXPECT_TRUE(Eventually([&] { return cluster.at(id).node.status().timings.heartbeat == milliseconds(40); }));
  }
  cluster.ProposeUntilDone("a");
}

TEST(RaftNode, TailShowsTheEndOfTheLog) {
  NodeCluster cluster(1);
  for (int i = 0; i < 5; ++i) cluster.ProposeUntilDone(std::to_string(i));
  std::promise<Entries> tail;
  cluster.at("node1").node.Tail(2, [&](Entries entries) { tail.set_value(std::move(entries)); });
  const Entries entries = tail.get_future().get();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].data.view(), "4");
}

TEST(RaftNode, AWipedNodeRejoinsWithoutItsVoteUntilItHasCaughtUp) {
  NodeCluster cluster(3);
  for (int i = 0; i < 10; ++i) cluster.ProposeUntilDone(std::to_string(i));
  const NodeId leader = cluster.WaitForLeader();
  const NodeId wiped = leader == "node1" ? "node2" : "node1";
  cluster.Stop(wiped);
  std::filesystem::remove_all(cluster.directory(wiped));
  cluster.config(wiped).core.rejoin = true;
  ASSERT_TRUE(cluster.Start(wiped).ok());
  cluster.WaitForAgreement(10);
  EXPECT_TRUE(Eventually([&] { return cluster.at(wiped).node.status().may_vote; }));
}

TEST(RaftNode, AFullDiskRefusesWritesKeepsPromisesAndRecovers) {
  FaultyDisk disk;
  NodeCluster cluster(1, &disk);
  cluster.ProposeUntilDone("before");
  disk.full = true;
  absl::Status refused;
  size_t accepted = 1;
  EXPECT_TRUE(Eventually([&] {
    refused = cluster.Propose("node1", std::string(4096, 'x')).status();
    if (refused.ok()) ++accepted;
    return IsDiskFull(refused);
  })) << refused;
  EXPECT_TRUE(cluster.Read("node1").ok()) << "reads need no space";
  EXPECT_EQ(cluster.at("node1").state.commands().size(), accepted)
      << "what was acknowledged is there, and nothing else";
  disk.full = false;
  cluster.ProposeUntilDone("after");
  EXPECT_EQ(cluster.at("node1").state.commands().back(), "after");
}

TEST(RaftNode, ALeaderWhoseDiskIsFullGivesWayToOneWhoseIsNot) {
  FaultyDisk disk;
  NodeCluster cluster(3);
  const NodeId leader = cluster.WaitForLeader();
  cluster.Stop(leader);
  ASSERT_TRUE(cluster.Start(leader, &disk).ok());
  cluster.ProposeUntilDone("a");
  disk.full = true;
  for (int i = 0; i < 100; ++i) cluster.ProposeUntilDone(std::string(4096, 'x'));
  EXPECT_TRUE(Eventually([&] { return !cluster.at(leader).node.status().has_space; }));
  EXPECT_NE(cluster.WaitForLeader(), leader);
  disk.full = false;
  cluster.WaitForAgreement(101);
}

TEST(RaftNode, AFailedSyncIsFinalAndNothingIsPromisedAfterIt) {
  FaultyDisk disk;
  NodeCluster cluster(1, &disk);
  cluster.ProposeUntilDone("kept");
  disk.syncs_fail = true;
  EXPECT_FALSE(cluster.Propose("node1", "never acknowledged").ok());
  disk.syncs_fail = false;
  EXPECT_TRUE(absl::IsUnavailable(cluster.Propose("node1", "too late").status())) << "it does not come back by itself";
  cluster.Crash("node1");
  ASSERT_TRUE(cluster.Start("node1").ok());
  cluster.ProposeUntilDone("restarted");
  EXPECT_EQ(cluster.at("node1").state.commands().front(), "kept");
}

class FatalWatcher : public NodeObserver {
 public:
  void OnFatal(const absl::Status&) override { ++fatal; }
  std::atomic<int> fatal{0};
};

// Seen with a quota: the node stayed up, applied nothing and voted for nobody, and nobody was told.
TEST(RaftNode, NoSpaceFoundOnlyByASyncEndsTheNodeAndIsReported) {
  InMemNetwork network;
  FaultyDisk disk;
  FatalWatcher watcher;
  NodeCluster directory(1);  // lends its directory
  directory.Stop("node1");
  Server server(network, disk, directory.config("node1"), 1, &watcher);
  disk.sync_error = absl::StatusCode::kResourceExhausted;
  ASSERT_TRUE(server.node.Start().ok());
  disk.syncs_fail = true;
  EXPECT_TRUE(Eventually([&] { return watcher.fatal == 1; }));
  disk.syncs_fail = false;
  // Whoever watches hears of it before the loop does; until then there is a node that does not lead.
  EXPECT_TRUE(Eventually([&] {
    std::promise<absl::Status> settled;
    server.node.Propose("x", server.loop.Now() + kPatience,
                        [&](const absl::StatusOr<Applied>& applied) { settled.set_value(applied.status()); });
    const absl::Status outcome = settled.get_future().get();
    EXPECT_FALSE(outcome.ok());
    return absl::IsUnavailable(outcome);
  }));
  server.node.Stop();
}

// Whether it is ever told two things at once.
class TurnWatcher : public NodeObserver {
 public:
  void OnStep(Time, const RaftCore&) override { Dwell(); }
  void OnCallFailed(const NodeId&, const absl::Status&) override {
    Dwell();
    ++failures;
  }
  std::atomic<int> failures{0};
  std::atomic<bool> overlapped{false};

 private:
  // Long enough for another thread to come in, if any may. On a busy machine each yield is a time slice of others.
  void Dwell() {
    if (inside_.exchange(true)) overlapped = true;
    for (int i = 0; i < 20; ++i) std::this_thread::yield();
    inside_ = false;
  }
  std::atomic<bool> inside_{false};
};

TEST(RaftNode, FailedCallsAreReportedInTheLoopsTurnWhereverTheyFail) {
  InMemNetwork network;
  FaultyDisk disk;
  TurnWatcher watcher;
  NodeCluster directory(1);  // lends its directory
  NodeConfig config = directory.config("node1");
  directory.Stop("node1");
  config.core.peers = {"nobody"};
  config.core.defences.pre_vote = false;  // the requests for votes leave from the disk's thread, and fail there
  Server server(network, disk, config, 1, &watcher);
  ASSERT_TRUE(server.node.Start().ok());
  EXPECT_TRUE(Eventually([&] { return watcher.failures >= 5; }));
  EXPECT_FALSE(watcher.overlapped);
  server.node.Stop();
}

}  // namespace
}  // namespace raftly::testing
