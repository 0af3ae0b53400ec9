// Linearizable reads without a log entry: thesis §6.4.
#include <gtest/gtest.h>

#include <algorithm>
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

// ---- At a follower: it asks the leader -----------------------------------------------------------------------------

// It follows b, and holds nothing.
DrivenNode FollowerOfB(const Start& start = {}) {
  auto a = Follower(start);
  a.Ask(Append({.term = 1, .leader = "b"}));
  a.outbox.clear();
  return a;
}

std::optional<Reply> CommittedUpTo(uint64_t index) { return ReadIndexReply{.term = {1}, .commit = Index{index}}; }
const std::optional<Reply> kDoesNotLead = ReadIndexReply{.term = {1}, .commit = {}};

std::vector<Call> Questions(DrivenNode& a) {
  std::vector<Call> questions = a.TakeCalls();
  std::erase_if(questions, [](const Call& call) { return !std::holds_alternative<ReadIndexRequest>(call.request); });
  return questions;
}

TEST(ReadAtAFollower, Thesis6_4_IsSafeWhereTheLeaderSaysItHasCommitted) {
  auto a = FollowerOfB();
  const RequestId read = a.Read(true);
  const auto asked = Questions(a);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].to, "b");
  a.Answer(asked[0], CommittedUpTo(7));
  ASSERT_EQ(Readables(a), (std::vector{read}));
  EXPECT_EQ(std::get<Readable>(a.outcomes.back()).at_least, Index{7}) << "although nothing of it is here yet";
}

TEST(ReadAtAFollower, Thesis6_4_TakesNoAnswerToWhatWasAskedBeforeIt) {
  auto a = FollowerOfB();
  const RequestId first = a.Read(true);
  const auto asked = Questions(a);
  const RequestId second = a.Read(true);
  const RequestId third = a.Read(true);
  EXPECT_TRUE(Questions(a).empty()) << "one question at a time";
  a.Answer(asked.at(0), CommittedUpTo(7));
  EXPECT_EQ(Readables(a), (std::vector{first})) << "8 may have been acknowledged before the others were asked";
  const auto next = Questions(a);
  ASSERT_EQ(next.size(), 1u) << "for both";
  a.Answer(next[0], CommittedUpTo(8));
  EXPECT_EQ(Readables(a), (std::vector{first, second, third}));
}

TEST(ReadAtAFollower, AsksAgainWhereTheAnswerStaysAway) {
  auto a = FollowerOfB({.timings = {.election_timeout = 10s, .heartbeat = 50ms}});
  const RequestId first = a.Read(true);
  const auto asked = Questions(a);
  const RequestId second = a.Read(true);
  a.Wait(199ms);
  EXPECT_TRUE(Questions(a).empty());
  a.Wait(1ms);
  const auto again = Questions(a);
  ASSERT_EQ(again.size(), 1u);
  a.Answer(asked.at(0), CommittedUpTo(3));
  EXPECT_EQ(Readables(a), (std::vector{first})) << "late, and as good as ever for what it was asked for";
  a.Answer(again[0], CommittedUpTo(4));
  EXPECT_EQ(Readables(a), (std::vector{first, second}));
  a.Wait(1s);
  EXPECT_TRUE(Questions(a).empty()) << "nobody waits any more";
}

TEST(ReadAtAFollower, IsRefusedWithoutAHintWhereTheLeaderDoesNotLead) {
  auto a = FollowerOfB();
  for (const auto& reply : {kDoesNotLead, kNoAnswer}) {
    a.Read(true);
    a.Answer(Questions(a).at(0), reply);
    ASSERT_TRUE(std::holds_alternative<Refused>(a.outcomes.back()));
    EXPECT_EQ(std::get<Refused>(a.outcomes.back()).leader_hint, "") << "asking b again would be no better";
  }
}

TEST(ReadAtAFollower, IsRefusedWithAHintWhereTheLeaderKnowsNoSuchCall) {
  auto a = FollowerOfB();
  a.Read(true);
  const Call asked = Questions(a).at(0);
  a.Read(true);
  a.Step(ReplyReceived{.call = asked.id, .reply = {}, .unknown_call = true});
  EXPECT_EQ(a.outcomes.size(), 2u);
  a.Read(true);
  EXPECT_TRUE(Questions(a).empty()) << "it is not asked in vain";
  ASSERT_EQ(a.outcomes.size(), 3u);
  for (const Outcome& outcome : a.outcomes) EXPECT_EQ(std::get<Refused>(outcome).leader_hint, "b");
  a.Ask(Append({.term = 2, .leader = "c"}));
  a.Read(true);
  EXPECT_EQ(Questions(a).size(), 1u) << "another leader is another program";
}

TEST(ReadAtAFollower, IsRefusedWhenTheLeaderIsLost) {
  auto a = FollowerOfB();
  const RequestId read = a.Read(true);
  a.Wait(400ms);  // it campaigns
  ASSERT_FALSE(a.outcomes.empty());
  EXPECT_EQ(std::get<Refused>(a.outcomes.front()).id, read);
  a.outcomes.clear();
  a.Read(true);
  EXPECT_TRUE(std::holds_alternative<Refused>(a.outcomes.at(0))) << "nobody could be asked";
}

TEST(ReadAtAFollower, GoesToTheNextLeaderOfAnotherTerm) {
  auto a = FollowerOfB();
  a.Read(true);
  const Call asked = Questions(a).at(0);
  a.Hear(Append({.term = 2, .leader = "c"}));
  EXPECT_TRUE(std::holds_alternative<Refused>(a.outcomes.at(0)));
  a.FinishWrites();
  const RequestId again = a.Read(true);
  const auto next = Questions(a);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].to, "c");
  a.Answer(asked, CommittedUpTo(3));
  EXPECT_TRUE(Readables(a).empty()) << "what b was asked came before";
  a.Answer(next[0], ReadIndexReply{.term = {2}, .commit = Index{4}});
  EXPECT_EQ(Readables(a), (std::vector{again}));
}

TEST(ReadAtAFollower, AHigherTermInTheAnswerCountsAfterIt) {
  auto a = FollowerOfB();
  const RequestId read = a.Read(true);
  a.Answer(Questions(a).at(0), ReadIndexReply{.term = {5}, .commit = Index{3}});
  EXPECT_EQ(Readables(a), (std::vector{read}));
  EXPECT_EQ(a.core().term(), Term{5});
}

// ---- At the leader, for a follower ---------------------------------------------------------------------------------

const Request kReadIndex = ReadIndexRequest{.from = "c", .term = {1}};

std::optional<Index> IndexIn(const std::vector<Message>& messages) {
  const auto answer = AnswerIn(messages);
  return answer && answer->reply ? std::get<ReadIndexReply>(*answer->reply).commit : std::nullopt;
}

TEST(ReadForAFollower, Thesis6_4_AQuorumConfirmsTheLeaderFirst) {
  auto a = ReadyLeader({.servers = 5});
  a.Hear(kReadIndex);
  EXPECT_FALSE(AnswerIn(a.outbox));
  a.AnswerFrom("b", Accept(1));
  EXPECT_FALSE(AnswerIn(a.outbox));
  a.AnswerFrom("d", Accept(1));
  EXPECT_EQ(IndexIn(a.outbox), Index{1});
}

TEST(ReadForAFollower, AmongThreeWhoAsksCompletesTheQuorum) {
  auto a = ReadyLeader();
  a.Hear(kReadIndex);
  EXPECT_EQ(IndexIn(a.outbox), Index{1});
  EXPECT_TRUE(a.TakeCallsTo("b").empty()) << "nobody else is asked";
}

TEST(ReadForAFollower, WhoAsksIsToldAtOnceThatWhatItWaitsForIsCommitted) {
  auto a = ReadyLeader();
  a.Propose();
  const Call append = a.TakeCallsTo("c").at(0);
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  ASSERT_EQ(a.core().commit(), Index{2});
  a.Hear(kReadIndex);
  EXPECT_TRUE(a.TakeCallsTo("c").empty()) << "it may not even hold it";
  a.Answer(append, Accept(1));
  const auto told = a.TakeCallsTo("c");
  ASSERT_EQ(told.size(), 1u) << "and not with the next heartbeat";
  EXPECT_EQ(AppendIn(told[0]).commit, Index{2});
  a.Answer(told[0], Accept(1));
  a.Hear(kReadIndex);
  EXPECT_TRUE(a.TakeCallsTo("c").empty()) << "it knows";
}

TEST(ReadForAFollower, WhoAsksInAnEarlierTermConfirmsNothing) {
  auto a = ReadyLeader({.log = "1:1"});
  ASSERT_EQ(a.core().term(), Term{2});
  a.Hear(kReadIndex);
  EXPECT_FALSE(AnswerIn(a.outbox));
  a.AnswerFrom("b", Accept(2));
  EXPECT_EQ(IndexIn(a.outbox), Index{2});
}

TEST(ReadForAFollower, WhoAsksInALaterTermKnowsThatItDoesNotLead) {
  auto a = ReadyLeader();
  a.Hear(ReadIndexRequest{.from = "c", .term = {2}});
  const auto answer = AnswerIn(a.outbox);
  ASSERT_TRUE(answer && answer->reply);
  EXPECT_EQ(std::get<ReadIndexReply>(*answer->reply).commit, std::nullopt);
}

TEST(ReadForAFollower, Thesis6_4_NoneBeforeAnEntryOfTheOwnTermIsCommitted) {
  auto a = Leader({.log = "1:1 1:2"});
  const auto appends = a.TakeCallsTo("b");
  a.Hear(ReadIndexRequest{.from = "c", .term = {2}});
  EXPECT_FALSE(AnswerIn(a.outbox)) << "1:2 may have been acknowledged, and nobody here knows";
  a.AnswerFrom("b", Accept(2));
  EXPECT_FALSE(AnswerIn(a.outbox));
  a.FinishWrites();
  a.Answer(appends.at(0), Accept(2));
  EXPECT_EQ(IndexIn(a.outbox), Index{3});
}

TEST(ReadForAFollower, AskedDuringARoundItNeedsTheNext) {
  auto a = ReadyLeader({.servers = 5});
  a.Read();
  const auto round = a.TakeCalls();
  a.Hear(kReadIndex);
  for (const Call& call : round) a.Answer(call, Accept(1));
  EXPECT_FALSE(AnswerIn(a.outbox));
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("d", Accept(1));
  EXPECT_EQ(IndexIn(a.outbox), Index{1});
}

TEST(ReadForAFollower, WhoDoesNotLeadSaysSo) {
  auto a = FollowerOfB();
  const auto reply = a.Ask(kReadIndex);
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<ReadIndexReply>(*reply).commit, std::nullopt);
}

TEST(ReadForAFollower, WhoIsDeposedSaysSo) {
  auto a = ReadyLeader({.servers = 5});
  a.Hear(kReadIndex);
  a.TakeCalls();
  a.outbox.clear();
  a.Hear(Append({.term = 3, .leader = "b"}));
  a.FinishWrites();
  const auto answered = std::count_if(a.outbox.begin(), a.outbox.end(), [](const Message& message) {
    const auto* answer = std::get_if<Answer>(&message);
    const auto* reply = answer != nullptr && answer->reply ? std::get_if<ReadIndexReply>(&*answer->reply) : nullptr;
    return reply != nullptr && !reply->commit && reply->term == Term{3};
  });
  EXPECT_EQ(answered, 1);
}

TEST(ReadForAFollower, AStrangerIsToldNothing) {
  auto a = ReadyLeader();
  a.outbox.clear();
  const Output output = a.Hear(ReadIndexRequest{.from = "z"});
  ASSERT_EQ(output.send.size(), 1u);
  EXPECT_NE(std::get<Answer>(output.send[0]).refused, "");
}

}  // namespace
}  // namespace raftly
