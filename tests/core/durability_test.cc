// Promises leave when the disk holds what they say, and not before.
#include <gtest/gtest.h>

#include "tests/core/driver.h"

namespace raftly {
namespace {

TEST(Durability, Figure2_AnAppendIsAcknowledgedOnceItIsOnDisk) {
  auto b = Follower({.log = "1:1"});
  const Output output = b.Hear(Append({.prev = "1:1", .entries = "1:2"}));
  EXPECT_FALSE(AnswerIn(output.send));
  ASSERT_TRUE(output.write);
  EXPECT_EQ(Text(output.write->entries), "1:2");
  EXPECT_EQ(AnswerIn(output.write->then_send)->reply, Accept());

  auto hasty = Follower({.log = "1:1", .defences = Without(&Defences::sync_before_promise)});
  EXPECT_TRUE(AnswerIn(hasty.Hear(Append({.prev = "1:1", .entries = "1:2"})).send));
}

TEST(Durability, AHeartbeatForDurableEntriesDoesNotWaitForASlowDisk) {
  auto b = Follower({.log = "1:1"});
  b.Hear(Append({.prev = "1:1", .entries = "1:2"}));
  ASSERT_TRUE(b.disk_is_busy());
  EXPECT_TRUE(AnswerIn(b.Hear(Append({.prev = "1:1"})).send));
}

TEST(Durability, AHeartbeatForEntriesOnTheirWayWaits) {
  auto b = Follower({.log = "1:1"});
  b.Hear(Append({.prev = "1:1", .entries = "1:2"}));
  EXPECT_FALSE(AnswerIn(b.Hear(Append({.prev = "1:2"})).send));
}

TEST(Durability, ARepeatedAppendWaitsForTheFirstOnesWrite) {
  auto b = Follower();
  b.Hear(Append({.entries = "1:1"}));
  EXPECT_FALSE(AnswerIn(b.Hear(Append({.entries = "1:1"})).send));
}

TEST(Durability, AnAnswerUnderANewTermWaitsForTheTerm) {
  auto b = Follower({.log = "1:1"});
  EXPECT_FALSE(AnswerIn(b.Hear(Append({.term = 2, .prev = "1:1"})).send));
  EXPECT_FALSE(AnswerIn(b.Hear(Append({.term = 2, .prev = "1:1"})).send)) << "also while it is being written";
  b.FinishWrites();
  EXPECT_TRUE(AnswerIn(b.Hear(Append({.term = 2, .prev = "1:1"})).send));
}

TEST(Durability, TermAndEntriesOfOneAppendAreOneWrite) {
  auto b = Follower({.log = "1:1"});
  const Output output = b.Hear(Append({.term = 2, .prev = "1:1", .entries = "2:2"}));
  ASSERT_TRUE(output.write);
  EXPECT_EQ(output.write->hard_state->term, Term{2});
  EXPECT_EQ(Text(output.write->entries), "2:2");
}

// Steps between two looks at the output share a write: group commit.
TEST(Durability, ManyStepsShareOneWrite) {
  RaftCore core({.self = "a", .peers = {"b", "c"}, .timings = {}, .limits = {}, .defences = {}}, {}, 1, {});
  core.Step({}, RequestReceived{{1}, Append({.entries = "1:1"})});
  core.Step({}, RequestReceived{{2}, Append({.prev = "1:1", .entries = "1:2"})});
  const Output output = core.TakeOutput();
  EXPECT_EQ(Text(output.write->entries), "1:1 1:2");
  EXPECT_EQ(output.write->then_send.size(), 2u);
  EXPECT_FALSE(core.TakeOutput().write);
}

TEST(Durability, Figure2_TheLeadersOwnCopyCountsOnceItIsOnDisk) {
  auto a = Leader();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{0}) << "b alone is no majority";
  a.FinishWrites();
  EXPECT_EQ(a.core().commit(), Index{1});
}

TEST(Durability, ALeaderSendsWhileItsDiskWorks) {
  auto a = Leader();
  EXPECT_TRUE(a.disk_is_busy());
  EXPECT_EQ(a.TakeCalls().size(), 2u);
}

TEST(Durability, AMajorityWithoutTheLeadersOwnDiskCommitsToo) {
  auto a = Leader();
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("c", Accept(1));
  EXPECT_TRUE(a.disk_is_busy());
  EXPECT_EQ(a.core().commit(), Index{1});
}

TEST(Durability, CommitBeforeTheQuorumIsWhatTheDefencePrevents) {
  EXPECT_EQ(Leader().core().commit(), Index{0});
  EXPECT_EQ(Leader({.defences = Without(&Defences::quorum_commit)}).core().commit(), Index{1});
}

// ---- Writes in flight when the log is truncated --------------------------------------------------------------------

// Follower with entries 2 and 3 of term 1 on their way to the disk, when the leader of term 2 replaces them.
DrivenNode Overtaken(Defences defences = DefencesUnderTest()) {
  auto b = Follower({.log = "1:1", .term = 2, .defences = defences});
  b.Hear(Append({.term = 2, .prev = "1:1", .entries = "1:2 1:3"}));
  b.Hear(Append({.term = 3, .leader = "c", .prev = "1:1", .entries = "3:2"}));
  return b;
}

TEST(Truncation, AWriteThatItOvertookVouchesForNothingThatWentAway) {
  auto b = Overtaken();
  b.FinishWrite();
  EXPECT_EQ(b.core().stable(), Index{1});
  b.FinishWrite();
  EXPECT_EQ(b.core().stable(), Index{2});

  auto careless = Overtaken(Without(&Defences::lower_in_flight_writes));
  careless.FinishWrite();
  EXPECT_EQ(careless.core().stable(), Index{3}) << "an entry that exists no more";
}

TEST(Truncation, WhatWasStableIsNoLonger) {
  const auto repeated = [](Defences defences) {
    auto b = Follower({.log = "1:1 1:2 1:3", .term = 2, .defences = defences});
    b.Hear(Append({.term = 2, .prev = "1:1", .entries = "2:2"}));
    return AnswerIn(b.Hear(Append({.term = 2, .prev = "1:1", .entries = "2:2"})).send);
  };
  EXPECT_FALSE(repeated(DefencesUnderTest())) << "2:2 is still on its way";
  EXPECT_TRUE(repeated(Without(&Defences::lower_in_flight_writes))) << "a lie";
}

TEST(Truncation, TheDiskEndsUpWithTheLog) {
  auto b = Overtaken();
  b.FinishWrites();
  b.Crash();
  EXPECT_EQ(b.log(), "1:1 3:2");
}

TEST(Truncation, InAnOutputNotYetTakenOnlyTheNewEntriesAreWritten) {
  RaftCore core({.self = "a", .peers = {"b", "c"}, .timings = {}, .limits = {}, .defences = {}}, {}, 1, {});
  core.Step({}, RequestReceived{{1}, Append({.term = 1, .entries = "1:1 1:2 1:3"})});
  core.Step({}, RequestReceived{{2}, Append({.term = 2, .leader = "c", .prev = "1:1", .entries = "2:2"})});
  EXPECT_EQ(Text(core.TakeOutput().write->entries), "1:1 2:2");
}

}  // namespace
}  // namespace raftly
