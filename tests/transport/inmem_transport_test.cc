#include "transport/inmem_transport.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "raft/env/thread_loop.h"
#include "tests/support/manual_loop.h"
#include "tests/transport/inbox.h"
#include "tests/transport/requests.h"

namespace raftly {
namespace {

// A node that keeps what it is asked until the test answers.
struct Node {
  Node(InMemNetwork& network, NodeId id, EventLoop& loop) : transport(network, std::move(id), loop) {}

  absl::Status Start() {
    return transport.Start([this](Request request, ReplyFn reply) {
      requests.push_back(std::move(request));
      replies.push_back(std::move(reply));
    });
  }
  void Answer(Reply reply) {
    ReplyFn next = std::move(replies.front());
    replies.pop_front();
    next(std::move(reply));
  }

  std::deque<Request> requests;
  std::deque<ReplyFn> replies;
  InMemTransport transport;
};

struct InMemTransportTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(a.Start().ok());
    ASSERT_TRUE(b.Start().ok());
  }

  Answers answers;  // outlives the nodes, which answer what is open when they go
  ManualLoop loop;
  InMemNetwork network;
  Node a{network, "a", loop};
  Node b{network, "b", loop};
};

TEST_F(InMemTransportTest, CarriesARequestThereAndItsReplyBack) {
  a.transport.Call("b", Vote("a", 7), 100ms, answers.Keep());
  ASSERT_EQ(b.requests.size(), 1u);
  EXPECT_EQ(b.requests[0], Vote("a", 7));
  b.Answer(Granted(7));
  ASSERT_EQ(answers.codes(), Codes{kOk});
  EXPECT_EQ(*answers.all[0], Granted(7));
}

TEST_F(InMemTransportTest, ANodeMayCallItself) {
  a.transport.Call("a", Vote("a"), 100ms, answers.Keep());
  a.Answer(Granted());
  EXPECT_EQ(answers.codes(), Codes{kOk});
}

TEST_F(InMemTransportTest, ANodeThatIsNotThereIsUnavailableAtOnce) {
  a.transport.Call("nobody", Vote("a"), 100ms, answers.Keep());
  EXPECT_EQ(answers.codes(), Codes{kGone});
  b.transport.Stop();
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  EXPECT_EQ(answers.codes(), (Codes{kGone, kGone}));
}

TEST_F(InMemTransportTest, SilenceIsADeadlineAndTheLateReplyIsDropped) {
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  loop.Advance(100ms);
  EXPECT_EQ(answers.codes(), Codes{kLate});
  b.Answer(Granted());
  EXPECT_EQ(answers.codes(), Codes{kLate});
}

TEST_F(InMemTransportTest, StopCancelsOpenCallsAndNothingRunsAfterwards) {
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  b.transport.Call("a", Vote("b"), 100ms, [](absl::StatusOr<Reply>) {});
  a.transport.Stop();
  EXPECT_EQ(answers.codes(), Codes{kStopped});
  b.Answer(Granted());  // to a call that was cancelled
  a.Answer(Granted());  // by a node that has stopped
  b.transport.Call("a", Vote("b"), 1ms, [](absl::StatusOr<Reply>) {});
  loop.Advance(1s);
  EXPECT_EQ(answers.codes(), Codes{kStopped});
  EXPECT_EQ(a.requests.size(), 1u);
}

TEST_F(InMemTransportTest, AReplyMayBeGivenAfterTheTransportIsGone) {
  std::optional<Node> c(std::in_place, network, "c", loop);
  ASSERT_TRUE(c->Start().ok());
  a.transport.Call("c", Vote("a"), 100ms, answers.Keep());
  ReplyFn reply = std::move(c->replies.front());
  c.reset();
  reply(Granted());
  loop.Advance(100ms);
  EXPECT_EQ(answers.codes(), Codes{kLate});
}

TEST_F(InMemTransportTest, AnIdIsTakenUntilItsNodeStops) {
  Node second(network, "b", loop);
  EXPECT_EQ(second.Start().code(), absl::StatusCode::kAlreadyExists);
  second.transport.Stop();  // must not take the first one's place
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  EXPECT_EQ(b.requests.size(), 1u);

  b.transport.Stop();
  Node restarted(network, "b", loop);
  ASSERT_TRUE(restarted.Start().ok());
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  EXPECT_EQ(restarted.requests.size(), 1u);
}

// A carrier under the test's control: messages wait until they are delivered, in any order and number.
struct Mailbag {
  struct Letter {
    NodeId from, to;
    Task deliver;
  };
  std::deque<Letter> letters;

  InMemNetwork::Carrier carrier() {
    return [this](const NodeId& from, const NodeId& to, Task deliver) {
      letters.push_back({from, to, std::move(deliver)});
    };
  }
  Letter Take() {
    Letter letter = std::move(letters.front());
    letters.pop_front();
    return letter;
  }
};

struct CarrierTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(a.Start().ok());
    ASSERT_TRUE(b.Start().ok());
  }

  Answers answers;  // outlives the nodes, which answer what is open when they go
  ManualLoop loop;
  Mailbag bag;
  InMemNetwork network{bag.carrier()};
  Node a{network, "a", loop};
  Node b{network, "b", loop};
};

TEST_F(CarrierTest, CarriesRequestsAndRepliesEachOnTheirWay) {
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  EXPECT_TRUE(b.requests.empty());
  Mailbag::Letter request = bag.Take();
  EXPECT_EQ(request.from + request.to, "ab");
  request.deliver();
  b.Answer(Granted());
  EXPECT_TRUE(answers.all.empty());
  Mailbag::Letter reply = bag.Take();
  EXPECT_EQ(reply.from + reply.to, "ba");
  reply.deliver();
  EXPECT_EQ(answers.codes(), Codes{kOk});
}

TEST_F(CarrierTest, ADuplicatedRequestIsHandledTwiceAndAnsweredOnce) {
  a.transport.Call("b", Append("a", 5), 100ms, answers.Keep());
  Mailbag::Letter request = bag.Take();
  request.deliver();
  request.deliver();
  ASSERT_EQ(b.requests.size(), 2u);
  EXPECT_EQ(b.requests[0], b.requests[1]);
  b.Answer(Appended(true));
  b.Answer(Appended(false));
  Mailbag::Letter first = bag.Take();
  Mailbag::Letter second = bag.Take();
  second.deliver();  // overtakes
  first.deliver();
  second.deliver();
  ASSERT_EQ(answers.codes(), Codes{kOk});
  EXPECT_EQ(std::get<AppendReply>(*answers.all[0]).success, false);
}

TEST_F(CarrierTest, ALostRequestOrReplyIsADeadline) {
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  bag.Take();
  a.transport.Call("b", Vote("a"), 100ms, answers.Keep());
  bag.Take().deliver();
  b.Answer(Granted());
  bag.Take();
  loop.Advance(100ms);
  EXPECT_EQ(answers.codes(), (Codes{kLate, kLate}));
}

TEST_F(CarrierTest, ARefusalTravelsLikeAReply) {
  a.transport.Call("nobody", Vote("a"), 100ms, answers.Keep());
  bag.Take().deliver();
  EXPECT_TRUE(answers.all.empty());
  bag.Take().deliver();
  EXPECT_EQ(answers.codes(), Codes{kGone});
}

TEST_F(CarrierTest, WhatIsUnderWayWhenItsEndsAreGoneVanishes) {
  std::optional<Node> c(std::in_place, network, "c", loop);
  ASSERT_TRUE(c->Start().ok());
  c->transport.Call("b", Vote("c"), 100ms, answers.Keep());
  Mailbag::Letter request = bag.Take();
  c.reset();
  EXPECT_EQ(answers.codes(), Codes{kStopped});
  request.deliver();
  b.Answer(Granted());
  bag.Take().deliver();
  EXPECT_EQ(answers.codes(), Codes{kStopped});
}

// Two nodes call each other from two threads while one of them stops.
TEST(InMemTransportThreads, EveryCallIsAnsweredOnceWhileANodeStops) {
  constexpr int kCalls = 2000;
  ThreadLoop loop("test");
  InMemNetwork network;
  InMemTransport a(network, "a", loop);
  InMemTransport b(network, "b", loop);
  const auto grant = [](Request, ReplyFn reply) { reply(Granted()); };
  ASSERT_TRUE(a.Start(grant).ok());
  ASSERT_TRUE(b.Start(grant).ok());

  Inbox<absl::StatusCode> answers;
  const auto call = [&](InMemTransport& from, const NodeId& to) {
    for (int i = 0; i < kCalls; ++i) {
      from.Call(to, Vote("x"), 10s, [&](absl::StatusOr<Reply> answer) { answers.Put(answer.status().code()); });
    }
  };
  std::thread caller_a([&] { call(a, "b"); });
  std::thread caller_b([&] { call(b, "a"); });
  ASSERT_TRUE(answers.Take());
  b.Stop();
  caller_a.join();
  caller_b.join();
  a.Stop();
  EXPECT_EQ(answers.size() + 1, size_t{2} * kCalls);
}

}  // namespace
}  // namespace raftly
