#include "transport/network_proxy.h"

#include <gmock/gmock.h>

#include <optional>
#include <thread>

#include "raft/env/thread_loop.h"
#include "tests/support/manual_loop.h"
#include "tests/transport/inbox.h"
#include "tests/transport/requests.h"
#include "transport/inmem_transport.h"

namespace raftly {
namespace {

using testing::ElementsAre;

// A node behind a proxy, which grants every vote at once.
struct Node {
  Node(InMemNetwork& network, const NodeId& id, EventLoop& loop, uint64_t seed = 1)
      : transport(network, id, loop), rules(id), proxy(transport, id, rules, loop, seed) {}

  absl::Status Start() {
    return proxy.Start([this](Request request, ReplyFn reply) {
      terms.push_back(std::get<VoteRequest>(request).term.value);
      if (answers) return reply(Granted());
      held.push_back(std::move(reply));
    });
  }
  void Install(std::optional<NodeId> from, std::optional<NodeId> to, decltype(Rule::action) action) {
    ASSERT_TRUE(
        rules.Install({.from_node = std::move(from), .to_node = std::move(to), .action = std::move(action)}).ok());
  }

  bool answers = true;
  std::vector<uint64_t> terms;  // of the requests that arrived
  std::vector<ReplyFn> held;
  InMemTransport transport;
  NetworkRules rules;
  NetworkProxy proxy;
};

struct NetworkProxyTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(a.Start().ok());
    ASSERT_TRUE(b.Start().ok());
  }
  void CallB(uint64_t term = 1, Duration timeout = 1s) { a.proxy.Call("b", Vote("a", term), timeout, answers.Keep()); }
  // Nothing may come before the deadline, DeadlineExceeded at it, and nothing after.
  void ExpectBlackHole() {
    loop.Advance(1s - 1ns);
    EXPECT_EQ(answers.codes(), Codes{});
    loop.Advance(1ns);
    EXPECT_EQ(answers.codes(), Codes{kLate});
    loop.Advance(2min);
    EXPECT_EQ(answers.codes(), Codes{kLate});
  }

  Answers answers;  // outlives the nodes, which answer what is open when they go
  ManualLoop loop;
  InMemNetwork network;
  Node a{network, "a", loop};
  Node b{network, "b", loop};
};

// A partition gives no evidence: neither the attempt to reach a dead process nor the refusal passes it.
TEST_F(NetworkProxyTest, WhatADeadProcesssMachineSaysPassesTheRulesBothWays) {
  Node c(network, "c", loop);
  std::vector<NodeId> gone;
  c.proxy.OnPeerGone([&](const NodeId& peer) { gone.push_back(peer); });
  ASSERT_TRUE(c.Start().ok());
  network.TellGone("c", "a");
  EXPECT_THAT(gone, ElementsAre("a"));
  for (const auto& [from, to] : {std::pair<NodeId, NodeId>{"a", "c"}, {"c", "a"}}) {
    c.Install(from, to, Drop{});
    network.TellGone("c", "a");
    c.rules.Clear();
  }
  EXPECT_THAT(gone, ElementsAre("a"));
  c.Install("a", "c", Delay{.delay = 20ms});
  network.TellGone("c", "a");
  network.TellGone("nobody", "a");
  EXPECT_EQ(gone.size(), 1u);
  loop.Advance(20ms);
  EXPECT_THAT(gone, ElementsAre("a", "a"));
}

TEST_F(NetworkProxyTest, WithoutRulesItIsTransparent) {
  CallB(7);
  EXPECT_THAT(b.terms, ElementsAre(7));
  EXPECT_EQ(answers.codes(), Codes{kOk});
  a.proxy.Call("nobody", Vote("a"), 1s, answers.Keep());
  EXPECT_EQ(answers.codes(), (Codes{kOk, kGone}));
}

TEST_F(NetworkProxyTest, ARequestIsDroppedWhereItLeaves) {
  a.Install("a", "b", Drop{});
  CallB();
  EXPECT_TRUE(b.terms.empty());
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, ARequestIsDroppedWhereItArrives) {
  b.Install("a", "b", Drop{});
  CallB();
  EXPECT_TRUE(b.terms.empty());
  ExpectBlackHole();
}

// Its clients would not know what became of it, where it is known that nothing did.
TEST_F(NetworkProxyTest, OfForwardedCommandsThatAreDroppedHereTheSenderIsTold) {
  a.Install("a", "b", Drop{});
  a.proxy.Call("b", ForwardRequest{.from = "a"}, 1s, answers.Keep());
  EXPECT_EQ(answers.codes(), Codes{absl::StatusCode::kAborted});
  a.proxy.Call("b", ReadIndexRequest{.from = "a"}, 1s, answers.Keep());
  EXPECT_EQ(answers.codes().size(), 1u) << "everything else just is not there";
}

TEST_F(NetworkProxyTest, AReplyIsDroppedWhereItLeaves) {
  b.Install("b", "a", Drop{});
  CallB();
  EXPECT_THAT(b.terms, ElementsAre(1));  // the request was handled
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, AReplyIsDroppedWhereItArrives) {
  a.Install("b", "a", Drop{});
  CallB();
  EXPECT_THAT(b.terms, ElementsAre(1));
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, TheOtherDirectionAndOtherLinksAreNotTouched) {
  a.Install("a", "c", Drop{});
  a.Install("c", "a", Drop{});
  b.Install("b", "c", Drop{});
  CallB();
  EXPECT_EQ(answers.codes(), Codes{kOk});
}

TEST_F(NetworkProxyTest, ARefusalIsLostLikeAReply) {
  b.proxy.Stop();
  a.Install("b", "a", Drop{});
  CallB();
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, DelaysOfBothDirectionsAddUp) {
  a.Install("a", "b", Delay{100ms});
  b.Install("a", "b", Delay{20ms});
  b.Install("b", "a", Delay{30ms});
  a.Install("b", "a", Delay{4ms});
  CallB();
  loop.Advance(120ms - 1ns);
  EXPECT_TRUE(b.terms.empty());
  loop.Advance(1ns);
  EXPECT_THAT(b.terms, ElementsAre(1));
  loop.Advance(34ms - 1ns);
  EXPECT_TRUE(answers.all.empty());
  loop.Advance(1ns);
  EXPECT_EQ(answers.codes(), Codes{kOk});
}

TEST_F(NetworkProxyTest, ADelayBeyondTheTimeoutIsADeadlineAndNotSentLate) {
  a.Install("a", "b", Delay{2s});
  CallB();
  ExpectBlackHole();
  EXPECT_TRUE(b.terms.empty());
}

TEST_F(NetworkProxyTest, AReplyDelayedBeyondTheTimeoutIsADeadline) {
  a.Install("b", "a", Delay{2s});
  CallB();
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, ADelayShorterThanTheTimeoutLosesNothing) {
  a.Install(std::nullopt, std::nullopt, Delay{400ms});
  for (uint64_t term = 1; term <= 100; ++term) CallB(term);
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), Codes(100, kOk));
}

TEST_F(NetworkProxyTest, AFixedDelayKeepsTheOrder) {
  a.Install("a", "b", Delay{100ms});
  for (uint64_t term = 1; term <= 5; ++term) CallB(term);
  loop.Advance(1s);
  EXPECT_THAT(b.terms, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(NetworkProxyTest, LossesAreAsManyAsTheRateSaysAndRepeatWithTheSeed) {
  a.Install("a", "b", Loss{0.4});
  for (int i = 0; i < 1000; ++i) CallB();
  const size_t arrived = b.terms.size();
  EXPECT_NEAR(static_cast<double>(arrived), 600, 62);  // four standard deviations

  InMemNetwork again;
  Node a2(again, "a", loop), b2(again, "b", loop);
  ASSERT_TRUE(a2.Start().ok() && b2.Start().ok());
  a2.Install("a", "b", Loss{0.4});
  for (int i = 0; i < 1000; ++i) a2.proxy.Call("b", Vote("a"), 1s, [](absl::StatusOr<Reply>) {});
  EXPECT_EQ(b2.terms.size(), arrived);
}

TEST_F(NetworkProxyTest, HealingHelpsTheNextMessageNotTheLostOne) {
  a.Install("a", "b", Drop{});
  CallB(1);
  a.rules.Clear();
  CallB(2);
  EXPECT_EQ(answers.codes(), Codes{kOk});
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), (Codes{kOk, kLate}));
  EXPECT_THAT(b.terms, ElementsAre(2));
}

TEST_F(NetworkProxyTest, ARuleActsOnRepliesToCallsThatWereOpenBefore) {
  b.answers = false;
  CallB();
  b.Install("b", "a", Drop{});
  b.held[0](Granted());
  ExpectBlackHole();
}

TEST_F(NetworkProxyTest, StopCancelsCallsLostDelayedAndUnanswered) {
  a.Install("a", "c", Drop{});
  a.Install("a", "d", Delay{100ms});
  b.answers = false;
  for (const char* to : {"c", "d", "b"}) a.proxy.Call(to, Vote("a"), 1s, answers.Keep());
  a.proxy.Stop();
  EXPECT_EQ(answers.codes(), Codes(3, kStopped));
  b.held[0](Granted());
  loop.Advance(2min);
  EXPECT_EQ(answers.codes(), Codes(3, kStopped));
}

TEST_F(NetworkProxyTest, AfterStopNoDelayedRequestArrives) {
  b.Install("a", "b", Delay{100ms});
  CallB();
  b.proxy.Stop();
  loop.Advance(1s);
  EXPECT_TRUE(b.terms.empty());
  EXPECT_EQ(answers.codes(), Codes{kLate});
}

TEST_F(NetworkProxyTest, TimersAndRepliesMayOutliveTheProxy) {
  std::optional<Node> c(std::in_place, network, "c", loop);
  ASSERT_TRUE(c->Start().ok());
  c->answers = false;
  a.proxy.Call("c", Vote("a"), 1s, answers.Keep());
  ReplyFn reply = std::move(c->held[0]);
  c->Install("c", "b", Delay{100ms});
  c->proxy.Call("b", Vote("c"), 1s, [](absl::StatusOr<Reply>) {});
  c.reset();
  reply(Granted());
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), Codes{kLate});
  EXPECT_TRUE(b.terms.empty());
}

TEST_F(NetworkProxyTest, CountsTrafficPerDirectedLink) {
  CallB();
  a.Install("a", "b", Drop{});
  a.proxy.Call("b", Append("a"), 1s, answers.Keep());
  b.proxy.Call("a", Vote("b"), 1s, answers.Keep());  // its reply is lost
  EXPECT_THAT(a.proxy.traffic(), ElementsAre(LinkTraffic{.from = "a", .to = "b", .appends = 1, .votes = 1, .losses = 2},
                                             LinkTraffic{.from = "b", .to = "a", .votes = 1}));
}

TEST_F(NetworkProxyTest, StrangersDoNotFillTheTable) {
  for (size_t i = 0; i < 2 * NetworkProxy::kMaxLinks; ++i) {
    a.proxy.Call("b", Vote("stranger" + std::to_string(i)), 1s, answers.Keep());
  }
  EXPECT_EQ(b.proxy.traffic().size(), NetworkProxy::kMaxLinks);
}

// Calls, rule changes and the end at the same time, on real threads.
TEST(NetworkProxyThreads, EveryCallIsAnsweredOnce) {
  constexpr int kCalls = 2000;
  ThreadLoop loop("test");
  InMemNetwork network;
  InMemTransport transport_a(network, "a", loop), transport_b(network, "b", loop);
  NetworkRules rules("a");
  NetworkProxy a(transport_a, "a", rules, loop, 1), b(transport_b, "b", rules, loop, 2);
  const auto grant = [](Request, ReplyFn reply) { reply(Granted()); };
  ASSERT_TRUE(a.Start(grant).ok() && b.Start(grant).ok());

  Inbox<absl::StatusCode> answers;
  std::thread caller([&] {
    for (int i = 0; i < kCalls; ++i) {
      a.Call("b", Vote("a"), 1ms, [&](absl::StatusOr<Reply> answer) { answers.Put(answer.status().code()); });
    }
  });
  std::thread chaos([&] {
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(rules.Install({Rule{.action = Loss{0.3}}, Rule{.action = Delay{300us, 300us}}}).ok());
      rules.Clear();
    }
  });
  for (int i = 0; i < kCalls / 2; ++i) ASSERT_TRUE(answers.Take());
  a.Stop();
  caller.join();
  chaos.join();
  b.Stop();
  EXPECT_EQ(answers.size(), size_t{kCalls / 2});
  loop.Stop();
  EXPECT_EQ(answers.size(), size_t{kCalls / 2});
}

}  // namespace
}  // namespace raftly
