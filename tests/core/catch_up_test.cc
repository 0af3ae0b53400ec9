// A node after its start: how it delivers a long log, when it holds what the others hold, how long it keeps silent.
#include <gtest/gtest.h>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

TEST(Delivery, ALongLogGoesOutOverManyTurnsInOrder) {
  auto a = Follower({.log = "1:1 1:2 1:3 1:4 1:5", .limits = {.entries_per_delivery = 2}});
  a.Hear(Append({.term = 1, .prev = "1:5", .commit = 5}));
  EXPECT_EQ(Text(a.committed), "1:1 1:2");
  EXPECT_TRUE(a.core().HasUndelivered());
  a.Step(TimePassed{});
  EXPECT_EQ(Text(a.committed), "1:1 1:2 1:3 1:4");
  a.Step(TimePassed{});
  EXPECT_EQ(Text(a.committed), "1:1 1:2 1:3 1:4 1:5");
  EXPECT_FALSE(a.core().HasUndelivered());
}

TEST(Delivery, BytesCountAsWell) {
  Limits limits;
  limits.bytes_per_delivery = 10;
  auto a = Leader({.servers = 1, .limits = limits});
  a.FinishWrites();
  const size_t before = a.committed.size();
  for (int i = 0; i < 4; ++i) a.Propose(std::string(6, 'x'));
  a.Step(WriteDone{WriteId{1000}});  // all of them at once
  EXPECT_EQ(a.committed.size(), before + 1);
  a.Step(TimePassed{});
  EXPECT_EQ(a.committed.size(), before + 2);
}

TEST(Delivery, NothingGoesOutWhileTheStateMachineHasEnoughToDo) {
  RaftCore core({.self = "a", .peers = {}}, Recovered{.hard_state = {Term{1}, "a"}, .entries = EntriesOf("1:1")}, 1,
                Time{});
  core.Step(Time{} + milliseconds(400), TimePassed{});
  auto write = core.TakeOutput(false).write;
  core.Step(Time{} + milliseconds(400), WriteDone{write->id});
  core.Step(Time{} + milliseconds(400), WriteDone{core.TakeOutput(false).write->id});
  EXPECT_TRUE(core.TakeOutput(false).committed.empty());
  EXPECT_EQ(core.delivered(), Index{0});
  EXPECT_EQ(Text(core.TakeOutput().committed), "1:1 2:2");
}

TEST(CatchUp, UnknownBeforeALeaderIsHeard) { EXPECT_FALSE(Follower({.log = "1:1"}).core().caught_up_at()); }

TEST(CatchUp, AFollowerHasToReachWhatTheLeaderHadWhenItWasFirstHeard) {
  auto a = Follower({.log = "1:1"});
  a.Hear(Append({.term = 1, .prev = "1:1", .commit = 1, .leader_last = 7}));
  EXPECT_EQ(a.core().caught_up_at(), Index{7});
  a.Hear(Append({.term = 1, .prev = "1:1", .commit = 1, .leader_last = 9}));
  EXPECT_EQ(a.core().caught_up_at(), Index{7}) << "what comes later is not waited for";
}

TEST(CatchUp, AGoLeaderTellsItsCommitIndex) {
  auto a = Follower({.log = "1:1"});
  a.Hear(Append({.term = 1, .prev = "1:1", .commit = 5}));
  EXPECT_EQ(a.core().caught_up_at(), Index{5});
}

TEST(CatchUp, WhatALostLeaderNeverCommittedIsNotWaitedFor) {
  auto a = Follower({.log = "1:1"});
  a.Hear(Append({.term = 1, .prev = "1:1", .commit = 1, .leader_last = 90}));
  a.Hear(Append({.term = 2, .leader = "c", .prev = "1:1", .commit = 1, .leader_last = 3}));
  EXPECT_EQ(a.core().caught_up_at(), Index{3});
}

TEST(CatchUp, ALeaderHasToApplyItsOwnFirstEntry) {
  auto a = Leader({.log = "1:1"});
  EXPECT_EQ(a.core().caught_up_at(), Index{2});
}

TEST(Rejoin, TheSilenceLastsForTheLongestTimeoutThatAnybodyMayHave) {
  CoreConfig config{.self = "a", .peers = {"b", "c"}, .rejoin = true};
  config.longest_election_timeout = milliseconds(2000);
  RaftCore core(config, {}, 1, Time{});
  const auto answered = [&](milliseconds at) {
    core.Step(Time{} + at, RequestReceived{CallId{1}, Append({.term = 1})});
    const Output output = core.TakeOutput();
    const auto& messages = output.send.empty() ? output.write->then_send : output.send;
    return std::get<Answer>(messages.at(0)).reply.has_value();
  };
  EXPECT_FALSE(answered(milliseconds(3999))) << "somebody may still believe what this node has forgotten";
  EXPECT_TRUE(answered(milliseconds(4000)));
}

}  // namespace
}  // namespace raftly
