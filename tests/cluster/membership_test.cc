// Clusters of real processes that grow, shrink and are replaced while clients write (SPEC section 4.3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cluster/adders.h"

namespace raftly::test {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

constexpr char kMembers[] = "/api/cluster/members";

class Membership : public ::testing::Test {
 protected:
  // The cluster begins with node 1, and grows to so many.
  explicit Membership(int nodes = 10) : cluster_(nodes) {}

  void Grow(int to) {
    cluster_.StartAlone(1);
    EXPECT_TRUE(cluster_.WaitForLeader());
    for (int node = 2; node <= to; ++node) {
      cluster_.StartToJoin(node, 1);
      std::set<int> voters;
      for (int one = 1; one <= node; ++one) voters.insert(one);
      WaitForVoters(1, voters);
    }
  }

  Json MembersAt(int node) const {
    const Answer answer = cluster_.Ask(node, "GET", kMembers);
    return Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  }
  // "node1 voter, node2 learner"; "joint" before it while that lasts.
  std::string Roles(int node) const {
    const Json members = MembersAt(node);
    if (!members.is_object() || !members.contains("members")) return "no answer";
    std::string text = members["joint"].get<bool>() ? "joint: " : "";
    for (const Json& one : members["members"]) {
      text += (text.empty() || text.back() == ' ' ? "" : ", ") + one["id"].get<std::string>() + " " +
              one["role"].get<std::string>();
    }
    return text;
  }
  std::string Voters(const std::set<int>& nodes) const {
    std::set<std::string> names;
    for (const int node : nodes) names.insert(cluster_.Name(node) + " voter");
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  }
  void WaitForVoters(int asked, const std::set<int>& nodes) const {
    EXPECT_TRUE(Eventually([&] { return Roles(asked) == Voters(nodes); }))
        << Roles(asked) << " instead of " << Voters(nodes);
  }

  // A leader that is new, or that hears its peers for the first time, is worth another try.
  Answer Change(int node, const std::string& method, const std::string& path, const std::string& body = "") const {
    Answer answer;
    EXPECT_TRUE(Eventually([&] {
      answer = cluster_.Ask(node, method, kMembers + path, body);
      return answer.status == 200 || (answer.status >= 400 && answer.status < 500 && answer.status != 412);
    })) << answer.status
        << answer.body;
    return answer;
  }

  TestCluster cluster_;
};

TEST_F(Membership, GrowsFromOneAndWhoJoinsIsToldEverything) {
  Grow(2);
  ASSERT_EQ(cluster_.Put(2, "key", "value").status, 200);
  cluster_.StartToJoin(3, 2);  // through one that may not lead
  WaitForVoters(3, {1, 2, 3});
  EXPECT_EQ(cluster_.Get(3, "key").Field("value"), "value");
  const Json members = MembersAt(2);
  EXPECT_EQ(members["cluster_id"].get<std::string>().size(), 32u);
  std::set<std::string> incarnations;
  for (const Json& one : members["members"]) {
    incarnations.insert(one["incarnation"].get<std::string>());
    EXPECT_THAT(one["http"].get<std::string>(), HasSubstr("127.0.0.1:"));
    EXPECT_EQ(one["progress"], "replicate");
  }
  EXPECT_EQ(incarnations.size(), 3u);
  EXPECT_FALSE(incarnations.contains(""));
  // A restart needs to be told of nobody: its directory knows them.
  cluster_.Kill(1);
  cluster_.StartAlone(1);
  WaitForVoters(1, {1, 2, 3});
  EXPECT_EQ(cluster_.Put(1, "key", "other").status, 200);
  for (const int node : {1, 2, 3}) {
    EXPECT_TRUE(Eventually([&] { return cluster_.GetStale(node, "key").Field("value") == "other"; }));
  }
}

TEST_F(Membership, ALearnerServesReadsAndIsPromotedWhenAsked) {
  Grow(2);
  const std::string place = cluster_.Place(3);
  EXPECT_EQ(Change(1, "POST", "", place.substr(0, place.size() - 1) + ",\"learner\":true}").status, 200);
  cluster_.StartToJoin(3, 1);
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(1, "key", "value").status == 200; }));
  EXPECT_TRUE(Eventually([&] { return cluster_.Get(3, "key").Field("value") == "value"; }));
  EXPECT_EQ(Roles(3), "node1 voter, node2 voter, node3 learner");
  // It is not counted: of the two voters both are needed.
  cluster_.Kill(2);
  EXPECT_EQ(cluster_.Put(1, "key", "lost").status / 100, 5);
  cluster_.StartToJoin(2, 1);
  ASSERT_TRUE(cluster_.WaitForLeader());
  EXPECT_EQ(Change(2, "POST", "/node3/promote").status, 200);
  WaitForVoters(1, {1, 2, 3});
}

TEST_F(Membership, ALeaderRemovesItselfAndAnotherTakesOver) {
  Grow(3);
  const int leader = *cluster_.Leader();
  std::set<int> rest = {1, 2, 3};
  rest.erase(leader);
  EXPECT_EQ(Change(leader, "DELETE", "/" + cluster_.Name(leader)).status, 200);
  WaitForVoters(*rest.begin(), rest);
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(*rest.begin(), "key", "value").status == 200; }));
  // What it is no member of it does not disturb.
  const std::string term = cluster_.Status(*rest.begin()).Field("term");
  cluster_.Kill(leader);
  cluster_.StartAlone(leader);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cluster_.Put(*rest.rbegin(), "key", std::to_string(i)).status, 200);
  EXPECT_EQ(cluster_.Status(*rest.begin()).Field("term"), term);
}

// Refused as itself, and taken in again by a change, at any time.
TEST_F(Membership, ALostDirectoryIsAnotherNodeUntilItIsReplaced) {
  Grow(3);
  ASSERT_EQ(cluster_.Put(1, "key", "value").status, 200);
  cluster_.Kill(3);
  std::filesystem::remove_all(cluster_.DataDirectory(3));
  cluster_.StartToJoin(3, 1);
  EXPECT_TRUE(Eventually([&] {
    return cluster_.ErrorOutput(3).find("node3 is a member already") != std::string::npos;
  })) << cluster_.ErrorOutput(3);
  EXPECT_TRUE(Eventually([&] {
    return cluster_.ErrorOutput(3).find("its directory is another one than it was") != std::string::npos;
  })) << cluster_.ErrorOutput(3);
  EXPECT_EQ(cluster_.Status(3).Field("commit_index"), "0");
  EXPECT_TRUE(cluster_.Replace(2, 3));
  WaitForVoters(3, {1, 2, 3});
  EXPECT_TRUE(Eventually([&] { return cluster_.Get(3, "key").Field("value") == "value"; }));
  // It counts: without another one it is a majority with the third.
  cluster_.Kill(1);
  EXPECT_TRUE(Eventually([&] { return cluster_.Put(3, "key", "after").status == 200; }));
}

TEST_F(Membership, WhatCannotBeIsSaidAndChangesNothing) {
  Grow(3);
  const std::string before = Roles(1);
  EXPECT_EQ(Change(2, "POST", "", "{}").Field("error"), "field \"id\" is missing");
  EXPECT_THAT(Change(2, "POST", "", R"({"id":"a b","grpc":":1","http":":2"})").Field("error"), HasSubstr("node id"));
  EXPECT_THAT(Change(2, "POST", "", R"({"id":"x","grpc":"host","http":":2"})").Field("error"),
              HasSubstr("field \"grpc\": \"host\""));
  EXPECT_THAT(Change(1, "POST", "",
                     R"({"id":"x","grpc":"127.0.0.1:)" + std::to_string(cluster_.grpc_port(2)) + R"(","http":":2"})")
                  .Field("error"),
              HasSubstr("is the address of node2"));
  EXPECT_EQ(Change(3, "POST", "", cluster_.Place(2)).status, 409);
  EXPECT_EQ(Change(3, "DELETE", "/node9").status, 404);
  EXPECT_EQ(Change(3, "POST", "/node9/replace", cluster_.Place(4)).status, 404);
  EXPECT_EQ(Change(3, "POST", "/node1/praise", cluster_.Place(4)).status, 404);
  EXPECT_EQ(Roles(1), before);
}

TEST_F(Membership, AChangeThatWouldLeaveNoMajorityNeedsForce) {
  Grow(3);
  const int leader = *cluster_.Leader();
  const int dead = leader == 3 ? 2 : 3;
  const int alive = 6 - leader - dead;
  cluster_.Kill(dead);
  // Until the leader has missed it.
  EXPECT_TRUE(Eventually([&] {
    const Json members = MembersAt(leader);
    return std::any_of(members["members"].begin(), members["members"].end(),
                       [&](const Json& one) { return one["id"] == cluster_.Name(dead) && one.contains("error"); });
  }));
  const Answer answer = cluster_.Ask(leader, "DELETE", std::string(kMembers) + "/" + cluster_.Name(alive));
  EXPECT_EQ(answer.status, 412) << answer.body;
  EXPECT_THAT(answer.Field("error"), HasSubstr("is not heard from"));
  EXPECT_EQ(Roles(leader), Voters({1, 2, 3}));
  // The dead one may go.
  EXPECT_EQ(Change(leader, "DELETE", "/" + cluster_.Name(dead)).status, 200);
  WaitForVoters(leader, {leader, alive});
}

// From 1 to 3 to 5 and back to 3, then every node by another one with its own port and directory, while nodes die.
TEST_F(Membership, NoWriteIsLostAndNoneFailsWhileAllNodesAreReplaced) {
  constexpr int kClients = 64;
  cluster_.StartAlone(1);
  ASSERT_TRUE(cluster_.WaitForLeader());
  const Adders adders = StartAdders(cluster_, kClients);
  std::set<int> voters = {1};
  const auto kill_the_leader = [&] {
    const auto leader = cluster_.Leader();
    if (!leader || !voters.contains(*leader)) return;
    cluster_.Kill(*leader);
    EXPECT_TRUE(AllAddMore(adders, 1)) << "after the leader was killed";
    cluster_.StartAlone(*leader);
    EXPECT_TRUE(cluster_.WaitForLeader());
  };
  for (int node = 2; node <= 5; ++node) {
    cluster_.StartToJoin(node, *voters.rbegin());
    voters.insert(node);
    WaitForVoters(1, voters);
    if (node >= 3) kill_the_leader();
    ASSERT_TRUE(AllAddMore(adders, 2)) << "with " << node << " nodes";
  }
  for (const int node : {5, 4}) {
    EXPECT_EQ(Change(1, "DELETE", "/" + cluster_.Name(node)).status, 200);
    voters.erase(node);
    WaitForVoters(1, voters);
    EXPECT_EQ(cluster_.Terminate(node), 0);
    ASSERT_TRUE(AllAddMore(adders, 2)) << "without node " << node;
  }
  for (int old = 1; old <= 3; ++old) {
    const int node = 5 + old;
    const int asked = *voters.rbegin() == old ? *voters.begin() : *voters.rbegin();
    if (old == 2) cluster_.Kill(old);  // a machine that is gone
    EXPECT_EQ(Change(asked, "POST", "/" + cluster_.Name(old) + "/replace", cluster_.Place(node)).status, 200);
    cluster_.StartToJoin(node, asked);
    voters.erase(old);
    voters.insert(node);
    WaitForVoters(node, voters);
    if (old != 2) {
      EXPECT_EQ(cluster_.Terminate(old), 0);
    }
    kill_the_leader();
    ASSERT_TRUE(AllAddMore(adders, 2)) << "with node " << node << " instead of " << old;
  }
  EXPECT_EQ(StopAndJudge(adders, *ClientOf(cluster_, 6)), "");
  int added = 0, failed = 0;
  for (const auto& adder : adders) {
    added += adder->added();
    failed += adder->failed();
  }
  RecordProperty("added", added);
  EXPECT_EQ(failed, 0) << "of " << added;
}

}  // namespace
}  // namespace raftly::test
