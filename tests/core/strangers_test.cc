// What no lawful member of the cluster can say: strangers, another cluster's leader, numbers that wrap round. None of
// it moves us, and each is refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

std::vector<Objection> Objections(const DrivenNode& node) {
  std::vector<Objection> all;
  for (const auto& refused : Only<MessageRefused>(node.events)) all.push_back(refused.why);
  return all;
}

// Refused for this reason alone, with no answer that speaks of our log, and nothing of us has changed.
void ExpectRefused(DrivenNode& node, const Request& request, Objection why) {
  SCOPED_TRACE(Text(request));
  const Term term = node.core().term();
  const Role role = node.core().role();
  const NodeId leader = node.core().leader();
  const std::string log = node.log();
  const Index commit = node.core().commit();
  node.events.clear();
  EXPECT_EQ(node.Ask(request), kNoAnswer);
  EXPECT_EQ(Objections(node), std::vector<Objection>{why});
  EXPECT_EQ(node.core().term(), term);
  EXPECT_EQ(node.core().role(), role);
  EXPECT_EQ(node.core().leader(), leader);
  EXPECT_EQ(node.log(), log);
  EXPECT_EQ(node.core().commit(), commit);
}

// b leads, and entries 1 and 2 of "1:1 1:2 1:3" are known to be committed.
DrivenNode WithCommitted() {
  auto a = Follower();
  EXPECT_EQ(a.Ask(Append({.term = 1, .entries = "1:1 1:2 1:3", .commit = 2})), Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2});
  return a;
}

TEST(Strangers, AnAppendOfAnotherClustersLeaderDoesNotTruncateWhatIsCommitted) {
  auto a = WithCommitted();
  ExpectRefused(a, Append({.term = 7, .leader = "c", .entries = "7:1"}), Objection::kCommittedWouldChange);
  ExpectRefused(a, Append({.term = 7, .leader = "c", .entries = "1:1 7:2"}), Objection::kCommittedWouldChange);
  ExpectRefused(a, Append({.term = 7, .leader = "c", .prev = "7:2", .entries = "7:3"}),
                Objection::kCommittedWouldChange);
  EXPECT_EQ(a.Ask(Append({.term = 7, .leader = "c", .prev = "1:2", .entries = "7:3"})), Accept(7))
      << "what is not known to be committed, a leader may replace";
}

TEST(Strangers, ANewLeaderWhoseLogIsShorterThanWhatIsCommittedIsNotOurs) {
  auto a = WithCommitted();
  ExpectRefused(a, Append({.term = 7, .leader = "c", .leader_last = 1}), Objection::kCommittedWouldChange);
  EXPECT_EQ(a.Ask(Append({.term = 1, .leader = "b", .leader_last = 1})), Accept(1)) << "an old message of our leader";
}

TEST(Strangers, ALeaderIsNotDeposedByAnAppendThatCannotBe) {
  auto a = Leader({.log = "1:1"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  ASSERT_EQ(a.core().commit(), Index{2});
  ExpectRefused(a, Append({.term = 9, .leader = "c", .entries = "9:1"}), Objection::kCommittedWouldChange);
}

TEST(Strangers, ThereIsOneLeaderATerm) {
  auto a = Follower({.term = 3});
  EXPECT_EQ(a.Ask(Append({.term = 3, .leader = "b"})), Accept(3));
  ExpectRefused(a, Append({.term = 3, .leader = "c"}), Objection::kSecondLeader);
  a.TimeOut();  // and loses sight of b
  ASSERT_EQ(a.core().leader(), "");
  ExpectRefused(a, Append({.term = 3, .leader = "c"}), Objection::kSecondLeader);
  EXPECT_EQ(a.Ask(Append({.term = 3, .leader = "b"})), Accept(3));
  EXPECT_EQ(a.Ask(Append({.term = 4, .leader = "c"})), Accept(4));
}

TEST(Strangers, ALeaderThatSteppedDownFollowsNobodyElseInItsTerm) {
  auto a = Leader();
  const Term term = a.core().term();
  ExpectRefused(a, Append({.term = term.value, .leader = "b"}), Objection::kSecondLeader);
  a.Wait(200ms);
  ASSERT_NE(a.core().role(), Role::kLeader);
  ASSERT_EQ(a.core().term(), term);
  ExpectRefused(a, Append({.term = term.value, .leader = "b"}), Objection::kSecondLeader);
}

TEST(Strangers, OneIndexOfOneTermIsOneCommand) {
  auto a = WithCommitted();
  Request other = Append({.term = 2, .prev = "1:2", .entries = "1:3"});
  std::get<AppendRequest>(other).entries[0].data = Bytes("another command");
  ExpectRefused(a, other, Objection::kAnotherEntryOfOneTerm);
  EXPECT_EQ(a.Ask(Append({.term = 3, .leader = "c", .prev = "1:3", .entries = "3:4"})), Accept(3));
  ExpectRefused(a, Append({.term = 3, .leader = "c", .prev = "1:3", .entries = "2:4"}),
                Objection::kAnotherEntryOfOneTerm);
}

TEST(Strangers, GetNothing) {
  auto a = Follower({.log = "1:1"});
  for (const NodeId& stranger : {NodeId("z"), NodeId("a"), NodeId()}) {
    ExpectRefused(a, AskVote({.term = 7, .candidate = stranger, .last = "1:1"}), Objection::kStranger);
    ExpectRefused(a, AskPreVote({.term = 7, .candidate = stranger, .last = "1:1"}), Objection::kStranger);
    ExpectRefused(a, Append({.term = 7, .leader = stranger}), Objection::kStranger);
  }
  EXPECT_EQ(AnswerIn(a.outbox)->refused, "a refuses z: not among its peers");
}

TEST(Strangers, NumbersThatWouldWrapRoundAreRefused) {
  auto a = WithCommitted();
  for (const uint64_t huge : {UINT64_MAX, UINT64_MAX - 1, (uint64_t{1} << 62) + 1}) {
    const std::string end = "1:" + std::to_string(huge);
    ExpectRefused(a, AskVote({.term = huge}), Objection::kImpossibleNumber);
    ExpectRefused(a, AskPreVote({.term = huge}), Objection::kImpossibleNumber);
    ExpectRefused(a, AskVote({.term = 2, .last = end}), Objection::kImpossibleNumber);
    ExpectRefused(a, Append({.term = huge}), Objection::kImpossibleNumber);
    ExpectRefused(a, Append({.term = 1, .prev = end}), Objection::kImpossibleNumber);
  }
}

TEST(Strangers, ACommitIndexBeyondEverythingProvesNoMoreThanItsMessage) {
  auto a = WithCommitted();
  EXPECT_EQ(a.Ask(Append({.term = 1, .prev = "1:2", .commit = UINT64_MAX})), Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2});
}

TEST(Strangers, LogsThatCannotBeAreRefused) {
  auto a = WithCommitted();
  ExpectRefused(a, AskVote({.term = 5, .last = "5:9"}), Objection::kMalformed);
  ExpectRefused(a, AskVote({.term = 5, .last = "0:9"}), Objection::kMalformed);
  ExpectRefused(a, AskVote({.term = 5, .last = "4:0"}), Objection::kMalformed);
  ExpectRefused(a, Append({.term = 5, .prev = "1:3", .entries = "5:4", .leader_last = 3}), Objection::kMalformed);
  Request odd = Append({.term = 1, .prev = "1:3", .entries = "1:4"});
  for (const int32_t type : {-1, 256}) {
    std::get<AppendRequest>(odd).entries[0].type = static_cast<EntryType>(type);
    ExpectRefused(a, odd, Objection::kMalformed);
  }
}

TEST(Strangers, AReplyOfAnImpossibleTermDeposesNobody) {
  auto a = Leader();
  const Term term = a.core().term();
  for (const Call& call : a.TakeCalls()) a.Answer(call, Reject({.term = UINT64_MAX}));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_EQ(a.core().term(), term);
  EXPECT_THAT(Objections(a), testing::Each(Objection::kImpossibleNumber));
  a.Wait(50ms);
  EXPECT_FALSE(a.TakeCallsTo("b").empty()) << "and b is asked again";
}

TEST(Strangers, AnAppendAnsweredWithAVoteIsAsGoodAsLost) {
  auto a = Leader();
  a.AnswerFrom("b", Granted(a.core().term().value));
  EXPECT_EQ(Objections(a), std::vector<Objection>{Objection::kWrongAnswer});
  for (int i = 0; i < 10; ++i) {
    a.Wait(50ms);
    a.AnswerFrom("c", Accept(a.core().term().value));
  }
  a.AnswerFrom("b", Accept(a.core().term().value));
  EXPECT_EQ(a.core().progress().at("b").match, Index{1});
}

TEST(Strangers, AVoteAnsweredWithAnAppendIsNoVote) {
  auto a = Follower();
  a.TimeOut();
  ASSERT_EQ(a.core().role(), Role::kPreCandidate);
  a.AnswerFrom("b", Accept(a.core().term().value));
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  EXPECT_EQ(Objections(a), std::vector<Objection>{Objection::kWrongAnswer});
}

TEST(Strangers, AtTheLastTermNobodyCampaignsIntoTheNext) {
  auto a = Follower({.term = kLastTerm.value});
  EXPECT_EQ(a.core().next_deadline(), kNever);
  EXPECT_EQ(a.Ask(Append({.term = kLastTerm.value, .entries = "1:1"})), Accept(kLastTerm.value));
}

// A log without its term: a Go server may not have noticed that its state was not written.
TEST(Strangers, ALogAheadOfItsTermHasSpentItsVote) {
  auto a = Follower({.log = "1:1 5:2", .term = 3});
  EXPECT_EQ(a.core().term(), Term{5});
  EXPECT_EQ(a.Ask(AskVote({.term = 5, .candidate = "b", .last = "4:9"})), Denied(5));
  EXPECT_EQ(a.Ask(AskVote({.term = 6, .candidate = "b", .last = "5:2"})), Granted(6));
}

}  // namespace
}  // namespace raftly
