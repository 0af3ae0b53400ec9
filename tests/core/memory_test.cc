// What of the log is in memory, and what becomes of the rest.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Limits kNothingInMemory{.bytes_in_memory = 0};

// Of term 2, with a log of four entries of which its disk holds all and its memory none; c has them, and b is unheard.
DrivenNode LeaderWithoutMemory(const Limits& limits = kNothingInMemory) {
  auto a = Leader({.log = "1:1 1:2 1:3", .limits = limits});
  a.FinishWrites();
  a.AnswerFrom("c", Accept(2));
  a.FinishWrites();
  EXPECT_EQ(a.core().commit(), Index{4});
  return a;
}

// b says that its log is empty.
void FindEmpty(DrivenNode& node) {
  node.Doze(50ms);
  node.Step(TimePassed{});
  for (const Call& call : node.TakeCallsTo("b")) {
    node.Answer(call, AppendIn(call).prev.index ? Reject({.term = 2, .retry_at = 1}) : Accept(2));
  }
}

Entries EntriesSentTo(DrivenNode& node, const NodeId& peer) {
  Entries sent;
  for (const Call& call : node.TakeCallsTo(peer)) {
    const Entries& entries = AppendIn(call).entries;
    sent.insert(sent.end(), entries.begin(), entries.end());
  }
  return sent;
}

TEST(LogInMemory, IsWhatTheLimitAllows) {
  auto a = LeaderWithoutMemory();
  EXPECT_EQ(a.core().log().bytes_in_memory(), 0u);
  EXPECT_EQ(a.core().log().last(), PositionOf("2:4"));
  EXPECT_EQ(a.core().log().TermAt(Index{3}), Term{1});
  auto b = LeaderWithoutMemory({});
  EXPECT_EQ(b.core().log().bytes_in_memory(), 4 * Log::kPerEntry);
}

TEST(LogInMemory, HoldsWhatTheDiskHasNot) {
  auto a = LeaderWithoutMemory();
  a.Propose("x");
  EXPECT_TRUE(a.core().log().Holds(Index{5}));
  EXPECT_FALSE(a.core().log().Holds(Index{4}));
}

// A peer that is away is likely to come back for the rest.
TEST(LogInMemory, HoldsAQuarterOfWhatItMayWhereEverybodyHasIt) {
  Limits limits;
  limits.bytes_in_memory = 4 * Log::kPerEntry;
  auto a = Leader({.log = "1:1 1:2 1:3 1:4", .limits = limits});
  a.FinishWrites();
  a.AnswerFrom("c", Accept(2));
  EXPECT_EQ(a.core().log().first_held(), Index{2}) << "b has not answered";
  a.FinishWrites();  // and reads: the first entry was let go before it was committed
  a.AnswerFrom("b", Accept(2));
  EXPECT_EQ(a.core().log().first_held(), Index{5});
}

// It has to account for what is uncommitted.
TEST(LogInMemory, HoldsWhatALeaderHasNotCommitted) {
  auto a = LeaderWithoutMemory();
  a.Propose("x");
  a.FinishWrites();
  EXPECT_TRUE(a.core().log().Holds(Index{5}));
  a.AnswerFrom("c", Accept(2));
  EXPECT_EQ(a.core().commit(), Index{5});
  EXPECT_FALSE(a.core().log().Holds(Index{5}));
  EXPECT_EQ(a.core().uncommitted_bytes(), 0u);
}

TEST(LogInMemory, WhatAPeerNeedsBeyondItComesFromTheDisk) {
  auto a = LeaderWithoutMemory();
  FindEmpty(a);
  ASSERT_EQ(a.reads.size(), 1u);
  EXPECT_EQ(a.reads[0].reader, "b");
  EXPECT_EQ(a.reads[0].from, Index{1});
  EXPECT_EQ(EntriesSentTo(a, "b"), Entries{});
  a.FinishRead();
  EXPECT_EQ(Text(EntriesSentTo(a, "b")), "1:1 1:2 1:3 2:4");
}

TEST(LogInMemory, NothingIsReadTwiceAtATime) {
  auto a = LeaderWithoutMemory();
  FindEmpty(a);
  a.Propose("x");
  a.Doze(50ms);
  a.Step(TimePassed{});
  EXPECT_EQ(a.reads.size(), 1u);
}

TEST(LogInMemory, WhatComesNextIsReadWhileThePeerWorks) {
  Limits limits = kNothingInMemory;
  limits.entries_per_read = 2;
  auto a = LeaderWithoutMemory(limits);
  FindEmpty(a);
  a.FinishRead();
  EXPECT_EQ(Text(EntriesSentTo(a, "b")), "1:1 1:2");
  ASSERT_EQ(a.reads.size(), 1u);
  EXPECT_EQ(a.reads[0].from, Index{3});
}

TEST(LogInMemory, APieceOfTheDiskGoesToAPeerInAppendsOfItsOwn) {
  Limits limits = kNothingInMemory;
  limits.entries_per_append = 1;
  auto a = LeaderWithoutMemory(limits);
  FindEmpty(a);
  a.FinishRead();
  for (int answers = 0; a.core().progress().at("b").match < Index{4}; ++answers) {
    ASSERT_LT(answers, 10);
    for (const Call& call : a.TakeCallsTo("b")) {
      EXPECT_LE(AppendIn(call).entries.size(), 1u);
      a.Answer(call, Accept(2));
    }
  }
  EXPECT_TRUE(a.reads.empty());
}

// It may have come while another leader's entries took the place of ours.
TEST(LogInMemory, WhatWasReadAndIsNoLongerTheLogIsNotUsed) {
  auto a = LeaderWithoutMemory();
  FindEmpty(a);
  Entries other = EntriesOf("1:1 1:2 3:3");
  a.reads.clear();
  a.Step(EntriesRead{"b", other});
  EXPECT_EQ(Text(EntriesSentTo(a, "b")), "1:1 1:2");
}

TEST(LogInMemory, WhatIsGoneFromTheDiskIsAskedForAfterAWhile) {
  auto a = LeaderWithoutMemory();
  FindEmpty(a);
  a.reads.clear();
  a.Step(EntriesRead{"b", {}});
  EXPECT_TRUE(a.reads.empty());
  a.Doze(50ms);
  a.Step(TimePassed{});
  EXPECT_EQ(a.reads.size(), 1u);
}

TEST(LogInMemory, AnAnswerForNobodyIsNoHarm) {
  auto a = LeaderWithoutMemory();
  a.Step(EntriesRead{"z", EntriesOf("1:1")});
  EXPECT_EQ(a.core().progress().size(), 2u);
  auto b = Follower();
  b.Step(EntriesRead{"c", EntriesOf("1:1")});
  EXPECT_TRUE(b.core().progress().empty());
}

// After a start: none of it is committed as far as it knows, and the leader tells.
TEST(LogInMemory, WhatIsAppliedComesFromTheDiskInOrder) {
  Limits limits = kNothingInMemory;
  limits.entries_per_delivery = limits.entries_per_read = 2;
  auto a = Follower({.log = "1:1 1:2 1:3 1:4 1:5", .limits = limits});
  a.Step(TimePassed{});
  EXPECT_EQ(a.core().log().bytes_in_memory(), 0u);
  a.Hear(AppendRequest{.term = {1}, .leader = "b", .prev = PositionOf("1:5"), .commit = {5}});
  EXPECT_EQ(a.core().commit(), Index{5});
  EXPECT_TRUE(a.committed.empty());
  EXPECT_FALSE(a.core().HasUndelivered());  // before the disk has answered there is nothing to come for
  ASSERT_EQ(a.reads.size(), 1u);
  EXPECT_EQ(a.reads[0].reader, "");
  a.FinishRead();
  EXPECT_EQ(Text(a.committed), "1:1 1:2");
  EXPECT_EQ(a.reads.size(), 1u);  // what comes next, while the state machine works on these
  a.FinishRead();
  EXPECT_EQ(Text(a.committed), "1:1 1:2 1:3 1:4");
  a.FinishRead();
  EXPECT_EQ(Text(a.committed), "1:1 1:2 1:3 1:4 1:5");
  EXPECT_TRUE(a.reads.empty());
}

}  // namespace
}  // namespace raftly
