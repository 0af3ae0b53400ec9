// Changes of the cluster: §6, and chapter 4 of the thesis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// ---- Quorums -------------------------------------------------------------------------------------------------------

TEST(Quorum, IsAMajority) {
  EXPECT_EQ(QuorumOf(1), 1u);
  EXPECT_EQ(QuorumOf(2), 2u);
  EXPECT_EQ(QuorumOf(3), 2u);
  EXPECT_EQ(QuorumOf(4), 3u);
  EXPECT_EQ(QuorumOf(5), 3u);
}

bool Holds(std::string_view members, std::string_view who) {
  return QuorumHolds(MembersOf(members), [&](const NodeId& node) { return who.find(node) != std::string_view::npos; });
}

TEST(Quorum, Sec6_WhileJointBothSidesHaveToAgree) {
  EXPECT_TRUE(Holds("abc", "ab"));
  EXPECT_FALSE(Holds("abc", "a"));
  EXPECT_TRUE(Holds("cde/abc", "abde"));
  EXPECT_TRUE(Holds("cde/abc", "acd"));
  EXPECT_FALSE(Holds("cde/abc", "abc")) << "only one of the new";
  EXPECT_FALSE(Holds("cde/abc", "cde")) << "only one of the old";
  EXPECT_FALSE(Holds("ab+cde", "acde")) << "learners do not count";
  EXPECT_FALSE(Holds("", "abc")) << "nobody is no quorum";
}

TEST(Quorum, ReachedIsTheHighestThatAQuorumHas) {
  const auto reached = [](std::string_view members, std::map<NodeId, int> values) {
    return ReachedByQuorum(MembersOf(members), 0, [&](const NodeId& node) { return values[node]; });
  };
  EXPECT_EQ(reached("a", {{"a", 7}}), 7);
  EXPECT_EQ(reached("ab", {{"a", 7}, {"b", 3}}), 3);
  EXPECT_EQ(reached("abc", {{"a", 1}, {"b", 9}, {"c", 5}}), 5);
  EXPECT_EQ(reached("abcd", {{"a", 9}, {"b", 9}, {"c", 1}, {"d", 1}}), 1);
  EXPECT_EQ(reached("abcde", {{"a", 4}, {"b", 2}, {"c", 5}, {"d", 1}, {"e", 3}}), 3);
  EXPECT_EQ(reached("de/abc", {{"a", 9}, {"b", 9}, {"c", 1}, {"d", 5}, {"e", 4}}), 4);
  EXPECT_EQ(reached("de/abc", {{"a", 2}, {"b", 9}, {"c", 1}, {"d", 5}, {"e", 4}}), 2);
  EXPECT_EQ(reached("abc+d", {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 9}}), 2);
  EXPECT_EQ(reached("", {}), 0);
}

// Of every two quorums that may decide one after the other, some server is in both: all pairs of all sets of five.
TEST(Quorum, Sec6_NoTwoOfThemAreDisjointAcrossAStep) {
  const std::string all = "abcde";
  const auto sets = [&] {
    std::vector<std::string> some;
    for (unsigned bits = 0; bits < 32; ++bits) {
      std::string one;
      for (size_t i = 0; i < all.size(); ++i) {
        if ((bits >> i & 1) != 0) one += all[i];
      }
      some.push_back(one);
    }
    return some;
  }();
  for (const std::string& before : sets) {
    for (const std::string& after : sets) {
      if (before.empty() || after.empty() || before == after) continue;
      const std::string joint = after + "/" + before;
      for (const std::string& one : sets) {
        for (const std::string& other : sets) {
          const bool disjoint =
              std::none_of(one.begin(), one.end(), [&](char c) { return other.find(c) != std::string::npos; });
          if (!disjoint) continue;
          ASSERT_FALSE(Holds(before, one) && Holds(joint, other))
              << one << " of " << before << ", " << other << " of " << joint;
          ASSERT_FALSE(Holds(joint, one) && Holds(after, other))
              << one << " of " << joint << ", " << other << " of " << after;
        }
      }
    }
  }
}

// ---- Which configuration may follow which --------------------------------------------------------------------------

TEST(Configurations, AChangeOfVotersIsJointAndOneOfLearnersIsNot) {
  const auto step = [](std::string_view to, std::string_view from) {
    return FirstStepTo(MembersOf(to), MembersOf(from));
  };
  EXPECT_EQ(step("abd", "abc"), MembersOf("abd/abc"));
  EXPECT_EQ(step("abc+d", "abc"), MembersOf("abc+d"));
  EXPECT_EQ(step("abcd", "abc+d"), MembersOf("abcd/abc"));
  EXPECT_EQ(Final(MembersOf("abd/abc+e")), MembersOf("abd+e"));
}

TEST(Configurations, OnlyALegalOneMayFollow) {
  const auto why = [](std::string_view now, std::string_view next) {
    return WhyNotAfter(MembersOf(now), MembersOf(next));
  };
  EXPECT_EQ(why("abc", "abd/abc"), "");
  EXPECT_EQ(why("abd/abc", "abd"), "");
  EXPECT_EQ(why("abc", "abc+d"), "");
  EXPECT_EQ(why("abc+d", "abc"), "");
  EXPECT_THAT(why("abc", "abd"), HasSubstr("joint"));
  EXPECT_THAT(why("abc", "abd/abe"), HasSubstr("the voters of before"));
  EXPECT_THAT(why("abd/abc", "abe"), HasSubstr("under way"));
  EXPECT_THAT(why("abd/abc", "abe/abd"), HasSubstr("under way"));
  EXPECT_THAT(why("abc", "/abc"), HasSubstr("nobody"));
  EXPECT_THAT(why("abc", "abc+a"), HasSubstr("a learner would vote"));
  EXPECT_THAT(why("abc", "abd/abc+c"), HasSubstr("a learner would vote"));
}

// ---- On a leader ---------------------------------------------------------------------------------------------------

// Of three, with its no-op committed.
DrivenNode Ready(size_t servers = 3) {
  auto a = Leader({.servers = servers});
  a.FinishWrites();
  for (const auto& [peer, progress] : std::map(a.core().progress())) a.AnswerFrom(peer, Accept(1));
  EXPECT_EQ(a.core().commit(), Index{1});
  return a;
}

TEST(Membership, Sec6_AConfigurationHoldsFromWhenItIsAppended) {
  auto a = Ready();
  a.ProposeMembers("abd/abc");
  EXPECT_EQ(a.core().configuration(), MembersOf("abd/abc"));
  EXPECT_EQ(a.core().configuration_at(), Index{2});
  EXPECT_FALSE(a.TakeCallsTo("d").empty()) << "the new one is sent the log at once";
}

TEST(Membership, Sec6_AJointOneIsCommittedByBothSides) {
  auto a = Ready();
  a.ProposeMembers("ade/abc");
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{1}) << "of the new ones it is alone";
  a.AnswerFrom("d", Reject({.retry_at = 1}));
  a.AnswerFrom("d", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2});
}

TEST(Membership, Sec6_TheOldOnesAloneDecideNothingMoreAfterTheEnd) {
  auto a = Ready();
  a.ProposeMembers("ade/abc");
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("d", Reject({.retry_at = 1}));
  a.AnswerFrom("d", Accept(1));
  ASSERT_EQ(a.core().commit(), Index{2});
  a.ProposeMembers("ade");
  a.FinishWrites();
  EXPECT_THAT(a.core().progress(), UnorderedElementsAre(testing::Key("d"), testing::Key("e")));
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2});
  a.AnswerFrom("d", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{3});
}

Refusal RefusalOf(const DrivenNode& node, RequestId id) {
  for (const Outcome& outcome : node.outcomes) {
    const auto* refused = std::get_if<Refused>(&outcome);
    if (refused != nullptr && refused->id == id) return refused->why;
  }
  ADD_FAILURE() << "not refused";
  return Refusal::kNotLeader;
}

// Ongaro, raft-dev, 2015.
TEST(Membership, AChangeBeginsOnlyWithACommittedEntryOfTheOwnTerm) {
  auto a = Leader({.servers = 4});
  a.FinishWrites();
  const RequestId early = a.ProposeMembers("abcde/abcd");
  EXPECT_EQ(RefusalOf(a, early), Refusal::kNewLeader);
  EXPECT_EQ(a.log(), "1:1");
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("c", Accept(1));
  a.ProposeMembers("abcde/abcd");
  EXPECT_EQ(a.log(), "1:1 1:2");
}

TEST(Membership, OneChangeAtATime) {
  auto a = Ready();
  a.ProposeMembers("abcd/abc");
  EXPECT_EQ(RefusalOf(a, a.ProposeMembers("abcd")), Refusal::kChangeUnderWay) << "the joint one is not committed";
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  a.AnswerFrom("c", Accept(1));
  ASSERT_EQ(a.core().commit(), Index{2});
  EXPECT_EQ(RefusalOf(a, a.ProposeMembers("abcde/abcd")), Refusal::kIllegalChange) << "it has not ended";
  a.ProposeMembers("abcd");
  EXPECT_EQ(a.log(), "1:1 1:2 1:3");
}

TEST(Membership, WhatIsNotLegalIsRefused) {
  auto a = Ready();
  EXPECT_EQ(RefusalOf(a, a.ProposeMembers("abcd")), Refusal::kIllegalChange);
  EXPECT_EQ(RefusalOf(a, a.ProposeMembers("abd/abe")), Refusal::kIllegalChange);
  EXPECT_EQ(a.log(), "1:1");
}

TEST(Membership, ALearnerIsSentTheLogAndNeverCounted) {
  auto a = Ready();
  a.ProposeMembers("abc+d");
  a.FinishWrites();
  a.AnswerFrom("d", Reject({.retry_at = 1}));
  a.AnswerFrom("d", Accept(1));
  EXPECT_EQ(a.core().progress().at("d").match, Index{2});
  EXPECT_EQ(a.core().commit(), Index{1});
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2});
  // Nor does its answer keep a leader in office.
  for (int i = 0; i < 4; ++i) {
    a.Wait(milliseconds(50));
    a.AnswerFrom("d", Accept(1));
  }
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

// §6, "the cluster leader may not be part of the new configuration".
TEST(Membership, Sec6_ARemovedLeaderLeadsUntilTheEndIsCommittedAndDoesNotCount) {
  auto a = Ready();
  a.ProposeMembers("bc/abc");
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  ASSERT_EQ(a.core().commit(), Index{1}) << "two of the old, one of the new";
  a.AnswerFrom("c", Accept(1));
  ASSERT_EQ(a.core().commit(), Index{2});
  a.ProposeMembers("bc");
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kLeader);
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{2}) << "it and b would be two of three";
  a.AnswerFrom("c", Accept(1));
  EXPECT_EQ(a.core().commit(), Index{3});
  EXPECT_TRUE(a.core().handing_over()) << "to one that is a member";
  a.AnswerFrom("b", TimeoutNowReply{{1}, false});
  EXPECT_EQ(a.core().role(), Role::kFollower) << "it leaves all the same";
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kRemoved);
  a.TakeCalls();
  a.Wait(milliseconds(2000));
  EXPECT_THAT(a.TakeCalls(), IsEmpty()) << "and does not campaign";
}

// ---- On a follower -------------------------------------------------------------------------------------------------

TEST(Membership, Sec6_AConfigurationGoesBackWithTheLogThatBroughtIt) {
  auto a = Follower({.log = "1:1"});
  a.Ask(Append({.prev = "1:1", .entries = "1:2=abd/abc 1:3=abd"}));
  EXPECT_EQ(a.core().configuration(), MembersOf("abd"));
  a.Ask(Append({.term = 2, .leader = "c", .prev = "1:2", .entries = "2:3"}));
  EXPECT_EQ(a.core().configuration(), MembersOf("abd/abc"));
  a.Ask(Append({.term = 3, .leader = "b", .prev = "1:1", .entries = "3:2"}));
  EXPECT_EQ(a.core().configuration(), MembersOf("abc")) << "that of the first start";
  EXPECT_EQ(a.core().configuration_at(), Index{0});
}

TEST(Membership, ARestartFindsItInTheLog) {
  auto a = Follower({.log = "1:1"});
  a.Ask(Append({.prev = "1:1", .entries = "1:2=abd/abc 1:3"}));
  a.Crash();
  EXPECT_EQ(a.core().configuration(), MembersOf("abd/abc"));
}

TEST(Membership, Sec6_AnElectionWhileJointNeedsBothSides) {
  auto a = Follower({.log = "1:1 1:2=ade/abc"});
  a.TimeOut();
  a.AnswerFrom("b", Granted(1));
  a.AnswerFrom("c", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  a.AnswerFrom("e", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.FinishWrites();
  a.AnswerFrom("d", Granted(2));
  a.AnswerFrom("e", Granted(2));
  EXPECT_EQ(a.core().role(), Role::kCandidate) << "of the old ones it is alone";
  a.TakeCalls();
}

TEST(Membership, ALearnerDoesNotCampaign) {
  auto a = Follower({.log = "1:1 1:2=bcd+a"});
  a.Ask(Append({.prev = "1:2", .commit = 2}));
  a.TakeCalls();
  a.Wait(milliseconds(2000));
  EXPECT_THAT(a.TakeCalls(), IsEmpty());
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

// The end of the change is in one log alone, which takes its owner out. Nobody else can win: seed 157 of the simulator,
// with changes in every seed.
TEST(Membership, Thesis4_2_2_WhoIsLeavingCampaignsUntilThatIsCommittedAndDoesNotCount) {
  auto a = Follower({.servers = 2, .log = "1:1 1:2=b/ab 1:3=b"});
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate) << "its own does not count";
  a.AnswerFrom("b", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  a.AnswerFrom("b", Granted(2));
  ASSERT_EQ(a.core().role(), Role::kLeader);
  a.FinishWrites();
  EXPECT_EQ(a.core().commit(), Index{0});
  a.AnswerFrom("b", Accept(2));
  EXPECT_EQ(a.core().commit(), Index{4});
  EXPECT_TRUE(a.core().handing_over()) << "and leaves";
}

TEST(Membership, LearnersAreNotAskedForVotes) {
  auto a = Follower({.log = "1:1 1:2=abc+d"});
  a.TimeOut();
  EXPECT_THAT(a.TakeCallsTo("d"), IsEmpty());
  EXPECT_EQ(a.TakeCallsTo("b").size(), 1u);
}

// It votes by what the candidate's log is, not by who it is: its own log may be too old to know it.
TEST(Membership, Sec4_1_AVoterGrantsToOneThatItsLogDoesNotKnow) {
  auto a = Follower({.log = "1:1 1:2=abd/abc"});
  EXPECT_EQ(a.Ask(AskVote({.term = 2, .candidate = "e", .last = "1:3"})), Granted(2));
  EXPECT_EQ(a.Ask(Append({.term = 2, .leader = "e", .prev = "1:2", .entries = "1:3=abd 2:4"})), Accept(2));
}

TEST(Membership, BeforeTheFirstChangeAStrangerIsRefused) {
  auto a = Follower({.log = "1:1"});
  EXPECT_EQ(a.Ask(AskVote({.term = 2, .candidate = "e", .last = "1:3"})), kNoAnswer);
}

// ---- A new one -----------------------------------------------------------------------------------------------------

TEST(Membership, WhoJoinsWaitsForTheLog) {
  auto e = Follower({.self = "e", .servers = 1, .joins = true});
  e.Wait(milliseconds(2000));
  EXPECT_THAT(e.TakeCalls(), IsEmpty()) << "it is no cluster of one";
  e.Ask(Append({.entries = "1:1 1:2=abc+e", .commit = 2}));
  EXPECT_EQ(e.core().configuration(), MembersOf("abc+e"));
  EXPECT_EQ(e.core().commit(), Index{2});
}

TEST(Membership, ASnapshotBringsTheConfiguration) {
  auto a = Follower({.log = "1:1"});
  a.Hear(SnapshotRequest{.term = Term{2}, .leader = "b", .last_included = {Term{2}, Index{9}}, .size = 10});
  const Piece piece = a.pieces.front();
  a.Step(PieceStored{.call = piece.call,
                     .last_included = piece.request.last_included,
                     .offset = 10,
                     .whole = true,
                     .size = 10,
                     .configuration = MembersOf("abd+e")});
  EXPECT_EQ(a.core().configuration(), MembersOf("abd+e"));
  EXPECT_EQ(a.core().configuration_at(), Index{9});
  // What follows in the log may be withdrawn, the snapshot's may not.
  a.Ask(Append({.term = 2, .leader = "b", .prev = "2:9", .entries = "2:10=abf/abd"}));
  a.Ask(Append({.term = 3, .leader = "d", .prev = "2:9", .entries = "3:10"}));
  EXPECT_EQ(a.core().configuration(), MembersOf("abd+e"));
}

// Otherwise a change that never was would hold from here on, as if committed.
TEST(Membership, ASnapshotThatSaysNothingOfMembersTakesBackWhatTheLogSaid) {
  auto a = Follower({.log = "1:1 1:2=abd/abc"});
  ASSERT_EQ(a.core().configuration_at(), Index{2});
  a.Hear(SnapshotRequest{.term = Term{2}, .leader = "b", .last_included = {Term{2}, Index{9}}, .size = 10});
  const Piece piece = a.pieces.front();
  a.Step(PieceStored{
      .call = piece.call, .last_included = piece.request.last_included, .offset = 10, .whole = true, .size = 10});
  EXPECT_EQ(a.core().commit(), Index{9});
  EXPECT_EQ(a.core().configuration(), MembersOf("abc"));
  EXPECT_EQ(a.core().configuration_at(), Index{});
}

// ---- A new directory under an old name -----------------------------------------------------------------------------

// What the one before it voted and acknowledged is forgotten, so this one neither votes nor campaigns until the members
// know it; the log that it is sent may call it a voter from long ago.
TEST(Membership, ANewDirectoryVotesOnlyOnceItIsTakenIn) {
  auto c = Follower({.self = "c", .servers = 1, .joins = true, .known_by_directory = true});
  c.Ask(Append({.entries = "1:1=abc 1:2=ab/abc 1:3=ab 1:4=ab+c", .commit = 4}));
  EXPECT_EQ(c.Ask(AskVote({.term = 2, .candidate = "a", .last = "1:9"})), Denied(1));
  c.Ask(Append({.prev = "1:4", .entries = "1:5=abc/ab 1:6=abc", .commit = 6}));
  c.Wait(milliseconds(2000));
  EXPECT_THAT(c.TakeCalls(), IsEmpty());
  c.Step(TakenIn{});
  c.FinishWrites();
  EXPECT_EQ(c.Ask(AskVote({.term = 2, .candidate = "a", .last = "1:9"})), Granted(2));
}

TEST(Membership, WhoDidNotJoinIsNotFreedByBeingTakenIn) {
  auto a = Follower({.servers = 3, .rejoin = true});
  a.Step(TakenIn{});
  EXPECT_FALSE(a.core().may_vote()) << "it has to catch up first";
}

// ---- Catching up ---------------------------------------------------------------------------------------------------

TEST(Membership, Sec4_2_1_WhoIsInALongRoundHasNotCaughtUpAnyMore) {
  auto a = Ready();
  a.ProposeMembers("abc+d");
  a.FinishWrites();
  for (const char* peer : {"b", "c", "d"}) a.AnswerFrom(peer, Accept(1));
  a.Wait(milliseconds(50));
  for (const char* peer : {"b", "c", "d"}) a.AnswerFrom(peer, Accept(1));
  EXPECT_TRUE(a.core().CaughtUp("d"));
  for (Duration passed{}; passed < milliseconds(200); passed += milliseconds(50)) {
    a.Wait(milliseconds(50));
    for (const char* peer : {"b", "c"}) a.AnswerFrom(peer, Accept(1));
  }
  EXPECT_FALSE(a.core().CaughtUp("d"));
  EXPECT_FALSE(a.core().CaughtUp("nobody"));
}

}  // namespace
}  // namespace raftly
