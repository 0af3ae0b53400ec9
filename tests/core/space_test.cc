// Full disks: who leads, what is still taken, and what is refused before it enters the log (SPEC section 4).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

DrivenNode With(Space space, DrivenNode node) {
  node.Step(SpaceChanged{space});
  return node;
}
DrivenNode Full(DrivenNode node) { return With(Space::kReserve, std::move(node)); }

// A leader whose first entry everybody has acknowledged, each follower with what is left on its disk.
DrivenNode LeaderOver(Space b, Space c) {
  auto a = Leader();
  a.FinishWrites();
  AppendReply from_b{.term = {1}, .success = true, .space = b};
  AppendReply from_c{.term = {1}, .success = true, .space = c};
  a.AnswerFrom("b", from_b);
  a.AnswerFrom("c", from_c);
  return a;
}
std::optional<Reply> AcceptWith(Space space) { return AppendReply{.term = {1}, .success = true, .space = space}; }
std::string LastOutcome(const DrivenNode& node) { return Text(node.outcomes.back()); }
bool Refuses(DrivenNode& node, bool frees_space) {
  node.Step(Proposed{RequestId{77}, "x", frees_space});
  const auto* refused = std::get_if<Refused>(&node.outcomes.back());
  return refused != nullptr && refused->why == Refusal::kNoSpace;
}

TEST(Space, AFullLeaderLeavesTheLeadToAQuorumThatHasSpace) {
  auto a = Full(LeaderOver(Space::kPlenty, Space::kPlenty));
  EXPECT_TRUE(a.core().handing_over()) << "so that nobody has to wait for a timeout";
  a.TakeCalls();
  a.Doze(150ms);
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kFollower) << "whether somebody takes it or not";
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kNoSpace);
  EXPECT_EQ(a.core().leader(), "");
}

TEST(Space, WhereNobodyElseCouldCommitAFullLeaderStaysAndServesReads) {
  auto a = Full(LeaderOver(Space::kPlenty, Space::kReserve));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  a.Read();
  a.AnswerFrom("b", AppendReply{.term = {1}, .success = true});
  EXPECT_TRUE(std::holds_alternative<Readable>(a.outcomes.back())) << LastOutcome(a);
}

TEST(Space, ALeaderWithSpaceRefusesAtOnceWhatItsFollowersCannotTake) {
  auto a = LeaderOver(Space::kReserve, Space::kReserve);
  EXPECT_TRUE(Refuses(a, /*frees_space=*/false));
  EXPECT_FALSE(Refuses(a, /*frees_space=*/true)) << "a delete uses what was kept back";
  auto spent = LeaderOver(Space::kNone, Space::kNone);
  EXPECT_TRUE(Refuses(spent, /*frees_space=*/true)) << "which is used up";
  auto one = LeaderOver(Space::kPlenty, Space::kNone);
  EXPECT_FALSE(Refuses(one, /*frees_space=*/false)) << "two of three have space";
}

TEST(Space, AloneItRefusesByNameAndStillDeletes) {
  auto a = Full(Leader({.servers = 1}));
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_TRUE(Refuses(a, /*frees_space=*/false));
  EXPECT_FALSE(Refuses(a, /*frees_space=*/true));
  a.Step(SpaceChanged{Space::kNone});
  EXPECT_TRUE(Refuses(a, /*frees_space=*/true));
}

TEST(Space, WhoHasNoneIsSentNoEntriesUntilItSaysOtherwise) {
  auto a = LeaderOver(Space::kPlenty, Space::kNone);
  a.TakeCalls();
  a.Propose();
  for (const Call& call : a.TakeCalls()) EXPECT_NE(call.to, "c");
  a.Wait(60ms);
  a.AnswerFrom("c", AppendReply{.term = {1}, .success = true, .space = Space::kReserve});
  bool sent = false;
  for (const Call& call : a.TakeCalls()) sent |= call.to == "c";
  EXPECT_TRUE(sent);
}

TEST(Space, AFollowerSaysWhatIsLeftWithEveryAnswer) {
  auto a = Full(Follower({.log = "1:1"}));
  EXPECT_EQ(a.Ask(Append({.prev = "1:1"})), AcceptWith(Space::kReserve));
  EXPECT_EQ(a.Ask(Append({.prev = "1:1", .entries = "1:2"})), AcceptWith(Space::kReserve))
      << "its leader knows best what the reserve is for";
}

TEST(Space, WithNoneLeftItRefusesEntriesWithoutAnAnswerButAnswersHeartbeats) {
  auto a = With(Space::kNone, Follower({.log = "1:1"}));
  EXPECT_EQ(a.Ask(Append({.prev = "1:1", .entries = "1:2"})), kNoAnswer);
  EXPECT_EQ(a.log(), "1:1");
  EXPECT_EQ(a.Ask(Append({.prev = "1:1"})), AcceptWith(Space::kNone));
  EXPECT_EQ(a.core().leader(), "b");
}

TEST(Space, AFullNodeCampaignsAfterThoseThatHaveSpace) {
  auto a = Full(Follower());
  EXPECT_GE(a.until_deadline(), 450ms);
  EXPECT_LT(a.until_deadline(), 600ms);
  a.TimeOut();
  EXPECT_EQ(a.core().role(), Role::kPreCandidate) << "somebody has to";
  a.Step(SpaceChanged{Space::kPlenty});
  EXPECT_LT(a.until_deadline(), 300ms);
}

TEST(Space, ACandidacyEnds) {
  auto a = Follower();
  a.TimeOut();
  a.Step(SpaceChanged{Space::kReserve});
  a.AnswerFrom("b", Granted(0));
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Space, WhatWasPromisedBeforeStaysOnItsWay) {
  auto a = Leader();
  a.Step(SpaceChanged{Space::kReserve});
  a.FinishWrites();
  EXPECT_EQ(a.core().stable(), Index{1});
}

// ---- What followers are slow to take, whatever the reason

TEST(Uncommitted, EntriesAndBytesHaveALimitAndCommittingMakesRoom) {
  Limits limits;
  limits.uncommitted_entries = 4;
  limits.uncommitted_bytes = 20;
  auto a = Leader({.limits = limits});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().uncommitted_entries(), 0u);
  a.Propose(std::string(15, 'x'));
  a.Propose(std::string(6, 'x'));
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kTooMuchUncommitted) << "21 bytes";
  for (int i = 0; i < 3; ++i) a.Propose("x");
  EXPECT_EQ(a.core().uncommitted_entries(), 4u);
  EXPECT_EQ(a.core().uncommitted_bytes(), 18u);
  a.Propose("x");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kTooMuchUncommitted) << "five entries";
  a.FinishWrites();
  while (a.core().uncommitted_entries() > 0) a.AnswerFrom("b", Accept(1));
  EXPECT_EQ(a.core().uncommitted_bytes(), 0u);
  a.Propose("x");
  EXPECT_TRUE(std::holds_alternative<Accepted>(a.outcomes.back()));
}

TEST(Uncommitted, WhatAnEarlierLeaderLeftDoesNotCount) {
  Limits limits;
  limits.uncommitted_entries = 2;
  auto a = Leader({.log = "1:1 1:2 1:3", .limits = limits});
  EXPECT_EQ(a.core().uncommitted_entries(), 1u) << "its no-op";
}

}  // namespace
}  // namespace raftly
