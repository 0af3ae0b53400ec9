// How a leader paces what it sends: batches, appends in flight, losses, dead peers.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// A leader that knows where b's log ends, with nothing on its way.
DrivenNode AgreedLeader(const Start& start = {}) {
  auto a = Leader(start);
  a.FinishWrites();
  a.AnswerFrom("b", Accept(a.core().term().value));
  a.AnswerFrom("c", Accept(a.core().term().value));
  return a;
}

std::vector<size_t> EntriesTo(DrivenNode& a, const NodeId& peer) {
  std::vector<size_t> counts;
  for (const Call& call : a.TakeCallsTo(peer)) counts.push_back(AppendIn(call).entries.size());
  return counts;
}

TEST(Pace, BatchesAreBoundedByEntries) {
  auto a = AgreedLeader({.limits = {.entries_per_append = 3, .appends_in_flight = 1}});
  for (int i = 0; i < 8; ++i) a.Propose();
  EXPECT_EQ(EntriesTo(a, "c"), (std::vector<size_t>{1}));
  const auto first = a.TakeCallsTo("b").at(0);
  a.Answer(first, Accept(1));
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{3}));
}

TEST(Pace, BatchesAreBoundedByBytesAndAGiantTravelsAlone) {
  auto a = AgreedLeader({.limits = {.bytes_per_append = 100, .appends_in_flight = 1}});
  a.Propose("first");
  const auto first = a.TakeCallsTo("b").at(0);
  for (const size_t size : {60u, 40u, 1u, 500u, 10u}) a.Propose(std::string(size, 'x'));
  a.Answer(first, Accept(1));
  for (const size_t expected : {2u, 1u, 1u, 1u}) {
    const auto call = a.TakeCallsTo("b").at(0);
    EXPECT_EQ(AppendIn(call).entries.size(), expected);
    a.Answer(call, Accept(1));
  }
  EXPECT_EQ(a.core().progress().at("b").match, a.core().log().last().index);
}

TEST(Pace, ProbesOneAtATimeUntilTheLogsAgree) {
  auto a = Leader({.limits = {.appends_in_flight = 4}});
  for (int i = 0; i < 5; ++i) a.Propose();
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{1}));
}

TEST(Pace, ThenAsManyAreInFlightAsTheLimitSays) {
  auto a = AgreedLeader({.limits = {.appends_in_flight = 2}});
  for (int i = 0; i < 5; ++i) a.Propose();
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{1, 1}));
}

TEST(Pace, AnAnswerMakesRoom) {
  auto a = AgreedLeader({.limits = {.appends_in_flight = 1}});
  for (int i = 0; i < 5; ++i) a.Propose();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{4}));
}

TEST(Pace, HeartbeatsPassWhateverIsInFlight) {
  auto a = AgreedLeader({.limits = {.appends_in_flight = 1}});
  a.Propose();
  a.TakeCalls();
  a.Wait(50ms);
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{0}));
}

// The heartbeat's answer says nothing of the append before it.
TEST(Pace, AHeartbeatsAnswerDoesNotAcknowledgeTheAppendInFlight) {
  auto a = AgreedLeader();
  a.Propose();
  a.TakeCalls();
  a.Wait(50ms);
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().progress().at("b").match, Index{1});
}

TEST(Pace, ALostAppendIsSentAgainAfterAFewHeartbeatsAndItsLateAnswerIsUsed) {
  auto a = AgreedLeader();
  a.Propose();
  const auto lost = a.TakeCallsTo("b").at(0);
  for (int i = 0; i < 3; ++i) {
    a.Wait(50ms);
    a.AnswerFrom("c", Accept(1));
    EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{0}));
  }
  a.Wait(50ms);
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{0, 1}));
  a.Answer(lost, Accept(1));
  EXPECT_EQ(a.core().progress().at("b").match, Index{2});
}

TEST(Pace, AFailedCallPausesAllButHeartbeats) {
  auto a = AgreedLeader();
  a.Propose();
  a.AnswerFrom("b", kNoAnswer);
  EXPECT_TRUE(a.TakeCallsTo("b").empty());
  a.Propose();
  EXPECT_TRUE(a.TakeCallsTo("b").empty());
  a.Wait(50ms);
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{0, 2}));
}

TEST(Pace, AnAnswerEndsThePause) {
  auto a = AgreedLeader();
  a.Wait(50ms);
  const auto heartbeat = a.TakeCallsTo("b").at(0);
  a.Propose();
  a.AnswerFrom("b", kNoAnswer);
  a.Answer(heartbeat, Accept(1));
  EXPECT_EQ(EntriesTo(a, "b"), (std::vector<size_t>{1}));
}

TEST(Pace, ADeadPeerCostsOneTryPerHeartbeat) {
  auto a = AgreedLeader();
  size_t calls = 0;
  for (int i = 0; i < 100; ++i) {
    a.Propose();
    a.Wait(5ms);
    a.AnswerFrom("b", Accept(1));
    for (const Call& call : a.TakeCallsTo("c")) {
      a.Answer(call, kNoAnswer);
      ++calls;
    }
  }
  EXPECT_LE(calls, 2u * 10u + 2u) << "ten heartbeats, and an append each";
}

struct Traffic {
  size_t appends = 0;
  size_t with_entries = 0;
};

// Five seconds of a busy leader whose peer c answers everything like this.
Traffic FiveSeconds(DrivenNode& a, const std::function<void(const Call&)>& answer_of_c) {
  Traffic to_c;
  for (int i = 0; i < 500; ++i) {
    a.Propose();
    a.Wait(10ms);
    a.FinishWrites();
    a.AnswerFrom("b", Accept(a.core().term().value));
    for (auto calls = a.TakeCallsTo("c"); !calls.empty() && to_c.appends < 10'000; calls = a.TakeCallsTo("c")) {
      for (const Call& call : calls) {
        ++to_c.appends;
        if (!AppendIn(call).entries.empty()) ++to_c.with_entries;
        answer_of_c(call);
      }
    }
  }
  return to_c;
}

// Each way of saying "I do not know you", whatever was acknowledged before.
class Refusing : public testing::TestWithParam<bool> {
 protected:
  DrivenNode Busy() { return GetParam() ? AgreedLeader({.log = "1:1 1:2"}) : Leader({.log = "1:1 1:2"}); }
  static void ExpectHeartbeatsOnly(const Traffic& traffic) {
    EXPECT_GE(traffic.appends, 90u) << "a heartbeat every 50 ms";
    EXPECT_LE(traffic.appends, 110u + 10u);
    EXPECT_LE(traffic.with_entries, 5u);
  }
};
INSTANTIATE_TEST_SUITE_P(EarlierAcknowledged, Refusing, testing::Bool());

TEST_P(Refusing, APeerThatRefusesByNameGetsHeartbeatsOnly) {
  auto a = Busy();
  ExpectHeartbeatsOnly(FiveSeconds(a, [&](const Call& call) { a.Step(ReplyReceived{call.id, std::nullopt, true}); }));
}

TEST_P(Refusing, APeerThatRejectsInItsOwnTermGetsHeartbeatsOnly) {
  auto a = Busy();
  ExpectHeartbeatsOnly(FiveSeconds(a, [&](const Call& call) { a.Answer(call, Reject({.term = 0})); }));
  EXPECT_GE(Only<PeerRefuses>(a.events).size(), 90u);
}

TEST_P(Refusing, APeerThatRejectsEvenTheEmptyLogGetsHeartbeatsOnly) {
  auto a = Busy();
  ExpectHeartbeatsOnly(
      FiveSeconds(a, [&](const Call& call) { a.Answer(call, Reject({.term = a.core().term().value})); }));
  EXPECT_FALSE(Only<PeerRefuses>(a.events).empty());
}

TEST_P(Refusing, AHintThatLeadsNowhereIsNone) {
  auto a = Busy();
  ExpectHeartbeatsOnly(FiveSeconds(
      a, [&](const Call& call) { a.Answer(call, Reject({.term = a.core().term().value, .retry_at = UINT64_MAX})); }));
}

TEST(Refusing, EndsWithTheFirstHeartbeatThatIsAccepted) {
  auto a = AgreedLeader();
  FiveSeconds(a, [&](const Call& call) { a.Step(ReplyReceived{call.id, std::nullopt, true}); });
  a.Wait(50ms);
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(EntriesTo(a, "c"), (std::vector<size_t>{500}));
}

// It is not heard, and so does not keep a leader in office that nobody else follows.
TEST(Refusing, IsNoContactWithAQuorum) {
  auto a = AgreedLeader();
  for (int i = 0; i < 10 && a.core().role() == Role::kLeader; ++i) {
    a.Wait(50ms);
    for (const NodeId& peer : {NodeId("b"), NodeId("c")}) a.AnswerFrom(peer, Reject({.term = 0}));
  }
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

// The follower's log is long and it agrees; it was only down when the leader first asked.
TEST(Pace, AProbeThatGotLostIsRepeatedAndNotTheWholeLog) {
  for (const bool fails : {true, false}) {
    auto a = Leader({.log = "1:1 1:2 1:3 1:4"});
    const auto probe = a.TakeCallsTo("b").at(0);
    if (fails) a.Answer(probe, kNoAnswer);
    for (int i = 0; i < 5; ++i) {
      a.Wait(50ms);
      a.AnswerFrom("c", Accept(2));
    }
    for (const Call& call : a.TakeCallsTo("b")) {
      const bool resent = !AppendIn(call).entries.empty();
      if (resent) {
        EXPECT_EQ(AppendIn(call).prev.index, Index{4});
      }
    }
  }
}

// Reads confirm themselves with heartbeats; a peer that never answers must not collect one for each of them.
TEST(Pace, ADeadPeerDoesNotCollectAHeartbeatPerRead) {
  auto a = AgreedLeader();
  a.TakeCalls();
  size_t to_the_dead = 0;
  for (int i = 0; i < 1000; ++i) {
    a.Read();
    a.Wait(1ms);
    a.AnswerFrom("b", Accept(1));
    to_the_dead += a.TakeCallsTo("c").size();
  }
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_GE(to_the_dead, 150u + 10u) << "and it is not forgotten";
  EXPECT_LE(to_the_dead, 150u + 20u) << "rounds for an election timeout, then heartbeats for the rest of the second";
}

}  // namespace
}  // namespace raftly
