// Linearizable reads without a log entry: thesis §6.4.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// A leader whose no-op is committed, with nothing on its way.
DrivenNode ReadyLeader(const Start& start = {}) {
  auto a = Leader(start);
  a.FinishWrites();
  for (const Call& call : a.TakeCalls()) a.Answer(call, Accept(a.core().term().value));
  a.outcomes.clear();
  return a;
}

std::vector<RequestId> Readables(const DrivenNode& a) {
  std::vector<RequestId> ids;
  for (const Outcome& outcome : a.outcomes) {
    if (const auto* readable = std::get_if<Readable>(&outcome)) ids.push_back(readable->id);
  }
  return ids;
}

TEST(Read, Thesis6_4_AQuorumConfirmsTheLeaderFirst) {
  auto a = ReadyLeader();
  const RequestId read = a.Read();
  EXPECT_TRUE(Readables(a).empty());
  a.AnswerFrom("b", Accept(1));
  ASSERT_EQ(Readables(a), (std::vector{read}));
  EXPECT_EQ(std::get<Readable>(a.outcomes.back()).at_least, Index{1});

  auto careless = ReadyLeader({.defences = Without(&Defences::read_confirmation)});
  careless.Read();
  EXPECT_EQ(Readables(careless).size(), 1u) << "although it may be deposed";
}

TEST(Read, Thesis6_4_NoneBeforeAnEntryOfTheOwnTermIsCommitted) {
  auto a = Leader({.log = "1:1 1:2"});
  const RequestId read = a.Read();
  a.Wait(50ms);
  const auto calls = a.TakeCallsTo("b");  // the no-op and heartbeats
  for (const Call& call : calls) {
    if (AppendIn(call).entries.empty()) a.Answer(call, Accept(2));
  }
  EXPECT_TRUE(Readables(a).empty());
  a.FinishWrites();
  a.Answer(calls[0], Accept(2));
  ASSERT_EQ(Readables(a), (std::vector{read}));
  EXPECT_EQ(std::get<Readable>(a.outcomes.back()).at_least, Index{3});
}

TEST(Read, AnswersToEarlierCallsConfirmNothing) {
  auto a = ReadyLeader();
  a.Propose();
  const auto earlier = a.TakeCallsTo("b").at(0);
  a.Read();
  a.Answer(earlier, Accept(1));
  EXPECT_TRUE(Readables(a).empty());
}

TEST(Read, OneRoundConfirmsAllThatWait) {
  auto a = ReadyLeader();
  a.Read();
  a.Read();  // during the first round
  a.Read();
  EXPECT_EQ(a.TakeCallsTo("c").size(), 1u) << "one round at a time";
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(Readables(a).size(), 1u);
  EXPECT_EQ(a.TakeCallsTo("c").size(), 1u) << "and one for all that came during it";
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(Readables(a).size(), 3u);
}

TEST(Read, AskedDuringARoundItNeedsTheNext) {
  auto a = ReadyLeader();
  const RequestId first = a.Read();
  const auto round = a.TakeCallsTo("b").at(0);
  a.Read();
  a.Answer(round, Accept(1));
  EXPECT_EQ(Readables(a), (std::vector{first}));
}

TEST(Read, AnAppendsAnswerConfirmsToo) {
  auto a = ReadyLeader();
  const RequestId read = a.Read();
  a.TakeCalls();  // the round gets lost
  a.Propose();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(Readables(a), (std::vector{read}));
}

TEST(Read, ALostRoundIsMadeGoodByTheHeartbeats) {
  auto a = ReadyLeader();
  const RequestId read = a.Read();
  a.TakeCalls();
  a.Wait(50ms);
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(Readables(a), (std::vector{read}));
}

TEST(Read, ARejectionFromTheSameTermConfirmsAsWell) {
  auto a = ReadyLeader();
  const RequestId read = a.Read();
  a.AnswerFrom("b", Reject({.retry_at = 1}));
  EXPECT_EQ(Readables(a), (std::vector{read}));
}

TEST(Read, AFailedCallConfirmsNothing) {
  auto a = ReadyLeader();
  a.Read();
  a.AnswerFrom("b", kNoAnswer);
  a.AnswerFrom("c", kNoAnswer);
  EXPECT_TRUE(Readables(a).empty());
}

TEST(Read, FiveServersNeedTwoAnswers) {
  auto a = ReadyLeader({.servers = 5});
  a.Read();
  a.AnswerFrom("b", Accept(1));
  EXPECT_TRUE(Readables(a).empty());
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(Readables(a).size(), 1u);
}

TEST(Read, IsRefusedWhenTheLeaderIsDeposed) {
  auto a = ReadyLeader();
  const RequestId read = a.Read();
  a.AnswerFrom("b", Reject({.term = 5}));
  ASSERT_EQ(a.outcomes.size(), 1u);
  EXPECT_EQ(std::get<Refused>(a.outcomes[0]).id, read);
}

TEST(Read, IsRefusedWhenTheQuorumIsLost) {
  auto a = ReadyLeader();
  a.Read();
  a.Wait(150ms);
  ASSERT_EQ(a.outcomes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Refused>(a.outcomes[0]));
}

TEST(Read, IsRefusedByAFollowerWithTheLeadersName) {
  auto a = Follower();
  a.Ask(Append({.term = 1, .leader = "b"}));
  a.Read();
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).leader_hint, "b");
}

TEST(Read, ALeaderAloneNeedsNobody) {
  auto a = ReadyLeader({.servers = 1});
  a.Read();
  EXPECT_EQ(Readables(a).size(), 1u);
}

TEST(Read, RoundsEndWithTheReads) {
  auto a = ReadyLeader();
  a.Read();
  a.AnswerFrom("b", Accept(1));
  a.TakeCalls();
  a.AnswerFrom("c", Accept(1));
  EXPECT_TRUE(a.TakeCalls().empty()) << "no ping-pong";
}

TEST(Read, WaitingForTheNoOpStartsNoRoundAfterRound) {
  auto a = Leader();
  a.Read();
  size_t calls = 0;
  for (int i = 0; i < 100; ++i) {
    for (const Call& call : a.TakeCallsTo("b")) {
      ++calls;
      if (AppendIn(call).entries.empty()) a.Answer(call, Accept(1));
    }
  }
  EXPECT_LE(calls, 3u);
}

}  // namespace
}  // namespace raftly
