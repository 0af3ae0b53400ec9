// Finding where the logs agree: nextIndex, the conflict hint, and a peer that lost its log (§5.3).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// How often the leader asks until the follower's log is its own, in a cluster of two by hand.
int RoundTrips(DrivenNode& leader, DrivenNode& follower, bool with_hint = true) {
  int trips = 0;
  for (; follower.log() != leader.log() && trips < 100; ++trips) {
    const auto calls = leader.TakeCallsTo("b");
    if (calls.size() != 1) return -1;  // one probe at a time
    auto reply = follower.Ask(calls[0].request);
    if (!with_hint) {
      auto& append = std::get<AppendReply>(*reply);
      append.conflict_term = {};
      append.conflict_index = {};
    }
    leader.Answer(calls[0], reply);
  }
  return trips;
}

DrivenNode PeerB(std::string_view log) { return Follower({.self = "b", .log = log}); }

TEST(Repair, Sec5_3_LogsThatAgreeTakeOneRoundTrip) {
  auto a = Leader({.log = "1:1 1:2"});
  auto b = PeerB("1:1 1:2");
  EXPECT_EQ(RoundTrips(a, b), 1);
}

TEST(Repair, Sec5_3_AShortLogTakesOneMore) {
  auto a = Leader({.log = "1:1 1:2 2:3 2:4 3:5 3:6"});
  auto b = PeerB("1:1");
  EXPECT_EQ(RoundTrips(a, b), 2);
}

// Figure 7's (f): two whole terms that nobody else has.
TEST(Repair, Sec5_3_EachConflictingTermTakesOneRoundTrip) {
  auto a = Leader({.log = "1:1 1:2 1:3 4:4 4:5 5:6 5:7 6:8 6:9 6:10", .term = 7});
  auto b = PeerB("1:1 1:2 1:3 2:4 2:5 2:6 3:7 3:8 3:9 3:10 3:11");
  EXPECT_EQ(RoundTrips(a, b), 3) << "term 3, term 2, and the entries";
}

TEST(Repair, Sec5_3_ATermThatTheLeaderHasIsSkippedOnItsOwnSide) {
  auto a = Leader({.log = "1:1 2:2 3:3 3:4 3:5", .term = 3});
  auto b = PeerB("1:1 2:2 2:3 2:4 2:5 2:6");
  EXPECT_EQ(RoundTrips(a, b), 2) << "back to the end of term 2 in the leader's log";
}

TEST(Repair, AGoPeerWithoutAHintIsSearchedInStepsThatDouble) {
  auto a = Leader({.log = "1:1 1:2 2:3 2:4 3:5 3:6"});
  auto b = PeerB("1:1");
  EXPECT_EQ(RoundTrips(a, b, /*with_hint=*/false), 4) << "6, 5, 3, and all entries";
}

TEST(Repair, ASillyHintNeitherStandsStillNorLeavesTheLog) {
  auto a = Leader({.log = "1:1 1:2 1:3"});
  for (const uint64_t hint : {uint64_t{0}, uint64_t{4}, uint64_t{1000}, UINT64_MAX, uint64_t{1}}) {
    auto fresh = Leader({.log = "1:1 1:2 1:3"});
    fresh.AnswerFrom("b", Reject({.term = 2, .conflict_term = 0, .retry_at = hint}));
    const Index next = AppendIn(fresh.TakeCallsTo("b").at(0)).prev.index + 1;
    EXPECT_LT(next, Index{4});
    EXPECT_GE(next, Index{1});
  }
}

TEST(Repair, ASearchWithoutHintsTakesARoundTripForEachBitOfTheLength) {
  std::string log;
  for (int i = 1; i <= 1000; ++i) log += " 1:" + std::to_string(i);
  auto a = Leader({.log = log, .limits = {.entries_per_append = 1'000'000, .bytes_per_append = 1'000'000'000}});
  auto b = PeerB("");
  const int trips = RoundTrips(a, b, /*with_hint=*/false);
  EXPECT_GT(trips, 0);
  EXPECT_LE(trips, 12);
}

TEST(Repair, ALateRejectionDoesNotUndoProgress) {
  auto a = Leader({.log = "1:1 1:2"});
  const auto probe = a.TakeCallsTo("b").at(0);
  a.Wait(50ms);  // the heartbeat
  const auto heartbeat = a.TakeCallsTo("b").at(0);
  a.Answer(probe, Accept(2));
  ASSERT_EQ(a.core().progress().at("b").match, Index{3});
  a.Answer(heartbeat, Accept(2));
  EXPECT_EQ(a.core().progress().at("b").match, Index{3});
  EXPECT_EQ(a.core().progress().at("b").next, Index{4});
}

// Two appends overtake each other; what came too early is sent again, although the peer has caught up to its prev.
TEST(Repair, WhatCameTooEarlyIsSentAgain) {
  auto a = Leader({.log = "1:1", .limits = {.appends_in_flight = 2}});
  a.AnswerFrom("b", Accept(2));
  a.Propose();
  a.Propose();
  const auto calls = a.TakeCallsTo("b");
  ASSERT_EQ(calls.size(), 2u);
  a.Answer(calls[0], Accept(2));
  a.Answer(calls[1], Reject({.term = 2, .retry_at = 3}));  // it had come first
  EXPECT_EQ(Text(a.TakeCallsTo("b").at(0).request), "Append term 2, after 2:3 [2:4], commit 0");
}

// A Go leader, which does not say where its log ends, would take a term that it does not know for an index.
TEST(Repair, AGoLeaderIsGivenTheIndexAndNoTerm) {
  auto b = Follower({.log = "1:1 3:2 3:3 3:4"});
  EXPECT_EQ(b.Ask(Append({.term = 5, .prev = "4:4"})), Reject({.term = 5, .conflict_term = 0, .retry_at = 2}));
  EXPECT_EQ(b.Ask(Append({.term = 5, .prev = "4:4", .leader_last = 4})),
            Reject({.term = 5, .conflict_term = 3, .retry_at = 2}));
}

TEST(Repair, APeerThatLostItsLogIsNoticedAndStartedAfresh) {
  auto a = Leader({.log = "1:1 1:2"});
  a.AnswerFrom("b", Accept(2));
  ASSERT_EQ(a.core().progress().at("b").match, Index{3});
  a.Wait(50ms);
  a.AnswerFrom("b", Reject({.term = 2, .retry_at = 1}));
  const auto lost = Only<PeerLostLog>(a.events);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].peer, "b");
  EXPECT_EQ(lost[0].acknowledged, Index{3});
  EXPECT_EQ(Text(a.TakeCallsTo("b").at(0).request), "Append term 2, after 0:0 [1:1 1:2 2:3], commit 0");
}

TEST(Repair, WhatALostLogHadAcknowledgedCountsNoMore) {
  auto a = Leader({.servers = 5, .log = "1:1"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  a.Wait(50ms);
  a.AnswerFrom("b", Reject({.term = 2, .retry_at = 1}));
  a.AnswerFrom("c", Accept(2));
  EXPECT_EQ(a.core().commit(), Index{0}) << "on a and c only, of five";
}

TEST(Repair, AnAcknowledgementFromBeforeTheLossDies) {
  auto a = Leader({.log = "1:1"});
  a.AnswerFrom("b", Accept(2));
  a.Propose();
  const auto before = a.TakeCallsTo("b").at(0);
  a.Wait(50ms);
  a.AnswerFrom("b", Reject({.term = 2, .retry_at = 1}));
  a.Answer(before, Accept(2));
  EXPECT_EQ(a.core().progress().at("b").match, Index{0});
}

}  // namespace
}  // namespace raftly
