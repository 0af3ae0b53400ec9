// A full disk: no leading, no campaigning, no entries, but no silence either (SPEC section 4, DESIGN section 6).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

DrivenNode Full(DrivenNode node) {
  node.Step(SpaceChanged{false});
  return node;
}

TEST(Space, AFullLeaderStepsDown) {
  auto a = Full(Leader());
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kNoSpace);
  EXPECT_EQ(a.core().leader(), "");
}

TEST(Space, ItRefusesProposalsByName) {
  auto a = Full(Leader());
  a.Propose();
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kNoSpace);
}

TEST(Space, ItDoesNotCampaign) {
  auto a = Full(Follower());
  EXPECT_EQ(a.core().next_deadline(), kNever);
  a.Doze(10s);
  a.Step(TimePassed{});
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Space, ACandidacyEnds) {
  auto a = Follower();
  a.TimeOut();
  a = Full(std::move(a));
  a.AnswerFrom("b", Granted(0));
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Space, ItRefusesEntriesWithoutAnAnswerButAnswersHeartbeats) {
  auto a = Full(Follower({.log = "1:1"}));
  EXPECT_EQ(a.Ask(Append({.prev = "1:1", .entries = "1:2"})), kNoAnswer);
  EXPECT_EQ(a.log(), "1:1");
  EXPECT_EQ(a.Ask(Append({.prev = "1:1"})), Accept());
  EXPECT_EQ(a.core().leader(), "b");
}

TEST(Space, WhatWasPromisedBeforeStaysOnItsWay) {
  auto a = Leader();
  a = Full(std::move(a));
  a.FinishWrites();
  EXPECT_EQ(a.core().stable(), Index{1});
}

TEST(Space, WithSpaceAgainItTakesPartAgain) {
  auto a = Full(Follower());
  a.Doze(10s);
  a.Step(SpaceChanged{true});
  EXPECT_GE(a.until_deadline(), 150ms) << "not at once, and not never";
  EXPECT_LT(a.until_deadline(), 300ms);
  EXPECT_EQ(a.Ask(Append({.entries = "1:1"})), Accept());
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
}

}  // namespace
}  // namespace raftly
