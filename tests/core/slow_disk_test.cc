// Elections on disks that take longer than an election timeout: they take their time, and are won.
#include <gtest/gtest.h>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

DrivenNode SlowCandidate() {
  auto a = Follower();
  a.TimeOut();
  a.AnswerFrom("b", Granted(0));  // the pre-vote
  a.TakeCalls();
  return a;
}

TEST(SlowDisk, ACandidatesClockStartsWhenItsRequestsLeave) {
  auto a = SlowCandidate();
  a.Wait(milliseconds(1000));
  EXPECT_EQ(a.core().role(), Role::kCandidate) << "no next election while its own vote is on its way to the disk";
  EXPECT_EQ(a.core().term(), Term{1});
  a.FinishWrites();
  // Others' disks will be no faster, so it waits as much longer as its own vote took.
  EXPECT_GE(a.until_deadline(), milliseconds(1000 + 150));
  EXPECT_LT(a.until_deadline(), milliseconds(1000 + 300));
}

TEST(SlowDisk, AVoteThatLeavesLateIsWaitedForAsLongAsOneThatLeftAtOnce) {
  auto a = Follower();
  a.Hear(AskVote({.term = 1, .candidate = "b"}));
  a.Wait(milliseconds(1000));
  EXPECT_EQ(a.core().role(), Role::kFollower) << "its vote is on its way to the disk";
  EXPECT_EQ(a.core().term(), Term{1});
  a.FinishWrites();
  EXPECT_GE(a.until_deadline(), milliseconds(150));
}

TEST(SlowDisk, GrantsOfThisTermCountEvenAfterTheNextPreVoteBegan) {
  auto a = SlowCandidate();
  a.FinishWrites();
  const auto asked = a.TakeCalls();
  a.TimeOut();
  ASSERT_EQ(a.core().role(), Role::kPreCandidate);
  for (const Call& call : asked) a.Answer(call, Granted(1));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_EQ(a.core().term(), Term{1});
}

TEST(SlowDisk, PreVotesDoNotMakeALeaderOfTheTermBefore) {
  auto a = SlowCandidate();
  a.FinishWrites();
  a.TakeCalls();
  a.TimeOut();
  a.AnswerFrom("b", Granted(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate) << "the pre-vote is won, and the next election begins";
  EXPECT_EQ(a.core().term(), Term{2});
}

TEST(SlowDisk, ElectionsWithoutAWinnerSpreadFurtherAndFurther) {
  auto a = Follower({.defences = Without(&Defences::pre_vote)});
  Duration longest{};
  for (int i = 0; i < 12; ++i) {
    a.TimeOut();
    a.FinishWrites();
    a.TakeCalls();
    longest = std::max(longest, a.until_deadline());
    ASSERT_LE(a.until_deadline(), 17 * milliseconds(150)) << "not without end";
  }
  EXPECT_GT(longest, milliseconds(900));
  a.Hear(Append({.term = 20, .leader = "b"}));
  EXPECT_LT(a.until_deadline(), milliseconds(300)) << "a leader was found";
}

TEST(SlowDisk, WhoseVoteIsOnItsWayToTheDiskGrantsNoPreVoteAndStartsNone) {
  auto a = Follower();
  a.Hear(AskVote({.term = 1, .candidate = "b"}));
  const Output output = a.Hear(AskPreVote({.term = 2, .candidate = "c"}));
  ASSERT_EQ(output.send.size(), 1u);
  EXPECT_EQ(std::get<Answer>(output.send[0]).reply, Denied(1));
  EXPECT_EQ(Only<VoteRefused>(a.events).back().why, NoVote::kDiskBusy);
  a.Wait(milliseconds(2000));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  a.FinishWrites();
  EXPECT_EQ(a.Ask(AskPreVote({.term = 2, .candidate = "c"})), Granted(1));
}

TEST(SlowDisk, WhoMayNotCampaignStillForgetsADeadLeader) {
  auto a = Follower({.rejoin = true});
  a.Doze(milliseconds(1000));
  a.FinishWrites();
  a.Ask(Append({.term = 1, .leader = "b"}));
  ASSERT_EQ(a.core().leader(), "b");
  a.Wait(milliseconds(301));
  EXPECT_EQ(a.core().leader(), "");
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().next_deadline(), kNever) << "and there is nothing more to wait for";
}

Limits Patient(Duration patience) {
  Limits limits;
  limits.disk_patience = patience;
  limits.lag_patience = std::chrono::hours(1);
  return limits;
}

// Others hear it, as far as it can tell, and cannot lead.
void Lead(DrivenNode& a, Duration duration, Space others = Space::kPlenty) {
  const AppendReply heard{.term = a.core().term(), .success = true, .space = others};
  for (Duration passed{}; passed < duration && a.core().role() == Role::kLeader; passed += milliseconds(50)) {
    a.Wait(milliseconds(50));
    for (const Call& call : a.TakeCalls()) {
      const bool to_lead = std::holds_alternative<TimeoutNowRequest>(call.request);
      to_lead ? a.Answer(call, TimeoutNowReply{a.core().term(), false}) : a.Answer(call, heard);
    }
  }
}

TEST(DiskWatchdog, ALeaderWhoseDiskStandsStillLeavesTheLead) {
  auto a = Leader({.limits = Patient(milliseconds(1000))});
  a.FinishWrites();
  Lead(a, milliseconds(5000));
  EXPECT_EQ(a.core().role(), Role::kLeader) << "a disk that has nothing to do may rest";
  a.Propose();
  Lead(a, milliseconds(950));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  Lead(a, milliseconds(100));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(a.core().leader(), "");
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kDiskStuck);
}

TEST(DiskWatchdog, ADiskThatMovesHoweverSlowlyIsBorneWith) {
  auto a = Leader({.limits = Patient(milliseconds(1000))});
  for (int i = 0; i < 10; ++i) {
    a.Propose();
    a.Propose();
    Lead(a, milliseconds(900));
    a.FinishWrite();
  }
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(DiskWatchdog, WhoseDiskStandsStillDoesNotCampaign) {
  auto a = Leader({.limits = Patient(milliseconds(1000))});
  Lead(a, milliseconds(1100));
  ASSERT_EQ(a.core().role(), Role::kFollower);
  a.Wait(milliseconds(3000));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  a.FinishWrites();
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate) << "it works again";
}

TEST(DiskWatchdog, ADiskWithoutSpaceHasRulesOfItsOwn) {
  auto a = Leader({.limits = Patient(milliseconds(1000))});
  Lead(a, milliseconds(50), Space::kNone);
  a.Step(SpaceChanged{Space::kNone});
  Lead(a, milliseconds(5000), Space::kNone);
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

}  // namespace
}  // namespace raftly
