// What only the leader can do, while the lead changes hands.
#include "server/cluster/at_leader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace raftly {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakePeers : public PeerCaller {
 public:
  PeerAnswer Call(const NodeId& peer, const HttpRequest&, std::chrono::milliseconds) override {
    asked.push_back(peer);
    return answer(peer);
  }

  std::function<PeerAnswer(const NodeId&)> answer;
  std::vector<NodeId> asked;
};

PeerAnswer Answered(int status) {
  return {.outcome = PeerAnswer::Outcome::kAnswered,
          .response = {.status = status, .body = "{}", .headers = {{"Raftly-Node", "somebody"}}}};
}

class AtLeaderTest : public ::testing::Test {
 protected:
  void Leads(const NodeId& node) { leaders_.OnEvent({}, LeaderChanged{node, {1}}); }
  HttpResponse Ask() {
    return at_leader_.Run({.method = "POST", .target = "/api/cluster/leader", .body = "{}"},
                          [] { return std::nullopt; });
  }

  FakePeers peers_;
  LeaderWatch leaders_;
  AtLeader at_leader_{"node1", peers_, leaders_};
};

TEST_F(AtLeaderTest, WhereTheLeaderLeadsNoMoreTheNextIsAsked) {
  Leads("node2");
  peers_.answer = [this](const NodeId& peer) {
    if (peer == "node3") return Answered(200);
    Leads("");
    Leads("node3");
    return Answered(503);
  };
  EXPECT_EQ(Ask().status, 200);
  EXPECT_THAT(peers_.asked, ElementsAre("node2", "node3"));
}

TEST_F(AtLeaderTest, WhereTheLeaderCannotBeAskedTheNextIs) {
  Leads("node2");
  peers_.answer = [this](const NodeId& peer) -> PeerAnswer {
    if (peer == "node3") return Answered(200);
    Leads("node3");
    return {.outcome = PeerAnswer::Outcome::kNotSent, .error = "connection refused"};
  };
  EXPECT_EQ(Ask().status, 200);
}

TEST_F(AtLeaderTest, WhoMayHaveActedIsTheLastToBeAsked) {
  Leads("node2");
  peers_.answer = [this](const NodeId&) -> PeerAnswer {
    Leads("node3");
    return {.outcome = PeerAnswer::Outcome::kNoAnswer, .error = "timeout"};
  };
  EXPECT_EQ(Ask().status, 504);
  EXPECT_THAT(peers_.asked, ElementsAre("node2"));
}

TEST_F(AtLeaderTest, ALeaderThatStaysHasTheLastWord) {
  Leads("node2");
  peers_.answer = [](const NodeId&) -> PeerAnswer {
    return {.outcome = PeerAnswer::Outcome::kNotSent, .error = "connection refused"};
  };
  const HttpResponse response = Ask();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("node2"));
  EXPECT_THAT(peers_.asked, ElementsAre("node2"));
}

}  // namespace
}  // namespace raftly
