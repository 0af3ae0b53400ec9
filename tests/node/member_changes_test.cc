// What the members are to be after a change, and which step comes next (SPEC section 4.3).
#include "raft/node/member_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace raftly {
namespace {

using ::testing::HasSubstr;

Members Abc() {
  Members members{.configuration = {.voters = {"a", "b", "c"}}};
  for (const char* node : {"a", "b", "c"}) {
    const std::string name = node;
    members.known[node] = {.address = name + ":7001", .http = name + ":8001", .incarnation = "old " + name};
  }
  return members;
}

Member At(const std::string& host) { return {.address = host + ":7001", .http = host + ":8001"}; }

Acquaintance Nobody(const NodeId&) { return {}; }
Acquaintance Everybody(const NodeId& node) { return {.caught_up = true, .incarnation = "new " + node}; }

std::string Error(const absl::StatusOr<Members>& members) {
  return members.ok() ? "none" : std::string(members.status().message());
}

// All steps of a change, as text, until there is none.
std::vector<std::string> StepsFrom(Members now, const std::function<Acquaintance(const NodeId&)>& know) {
  std::vector<std::string> steps;
  while (auto next = NextStep(now, know, {})) {
    EXPECT_EQ(WhyNotAfter(now.configuration, next->configuration), "");
    EXPECT_FALSE(*next == now) << "a step that changes nothing would be taken for ever";
    now = *next;
    steps.push_back(ToString(now.configuration));
    if (steps.size() > 20) break;
  }
  return steps;
}

TEST(WithMember, LearnsFirstAndThenVotes) {
  const auto members = WithMember(Abc(), "d", At("d"), false);
  ASSERT_EQ(Error(members), "none");
  EXPECT_EQ(ToString(members->configuration), "a,b,c, learns d");
  EXPECT_EQ(NextStep(*members, Nobody, {}), std::nullopt);
  EXPECT_THAT(StepsFrom(*members, Everybody),
              ::testing::ElementsAre("a,b,c, learns d", "a,b,c,d, was a,b,c", "a,b,c,d"));
}

TEST(WithMember, WhoseDirectoryIsNotKnownByNameDoesNotVote) {
  const auto members = WithMember(Abc(), "d", At("d"), false);
  const auto caught_up = [](const NodeId&) { return Acquaintance{.caught_up = true}; };
  EXPECT_EQ(NextStep(*members, caught_up, {}), std::nullopt);
  EXPECT_TRUE(NextStep(*members, caught_up, {.names_directories = false}));
}

TEST(WithMember, AReadReplicaStaysALearner) {
  const auto members = WithMember(Abc(), "d", At("d"), true);
  EXPECT_THAT(StepsFrom(*members, Everybody), ::testing::ElementsAre("a,b,c, learns d"));
  const auto promoted = WithPromoted(*members, "d");
  ASSERT_EQ(Error(promoted), "none");
  EXPECT_EQ(StepsFrom(*promoted, Everybody).back(), "a,b,c,d");
}

TEST(WithMember, TheSameAgainChangesNothing) {
  Member d = At("d");
  d.incarnation = "x";
  const auto once = WithMember(Abc(), "d", d, false);
  EXPECT_EQ(*WithMember(*once, "d", d, false), *once);
  d.incarnation = "y";
  EXPECT_EQ(WithMember(*once, "d", d, false)->known.at("d").incarnation, "y") << "it was never counted";
  Member c = At("c");
  c.incarnation = "y";
  EXPECT_THAT(Error(WithMember(*once, "c", c, false)), HasSubstr("is a member already"));
  EXPECT_TRUE(absl::IsAlreadyExists(WithMember(*once, "c", c, false).status()));
}

TEST(WithMember, AnAddressBelongsToOne) {
  EXPECT_THAT(Error(WithMember(Abc(), "d", At("a"), false)), HasSubstr("a:7001 is the address of a"));
  EXPECT_EQ(Error(WithMember(Abc(), "", At("d"), false)), "a member needs an id");
  const auto local = WithMember(Abc(), "d", At("127.0.0.1"), false);
  ASSERT_EQ(Error(local), "none");
  EXPECT_THAT(Error(WithMember(*local, "e", At("localhost"), false)), HasSubstr("localhost:7001 is the address of d"));
  EXPECT_THAT(Error(WithMember(*local, "e", At("[::1]"), false)), HasSubstr("[::1]:7001 is the address of d"));
}

TEST(WithReplaced, WhoAsksToBeTakenInWithItsDirectoryStillComesInThePlaceOfTheOld) {
  const auto members = WithReplaced(Abc(), "c", "d", At("d"));
  ASSERT_EQ(Error(members), "none");
  Member d = At("d");
  d.incarnation = "z";
  const auto asked = WithMember(*members, "d", d, false);
  ASSERT_EQ(Error(asked), "none");
  EXPECT_EQ(asked->known.at("d").incarnation, "z");
  EXPECT_EQ(asked->known.at("d").replaces, "c");
  EXPECT_TRUE(asked->known.at("d").promote);
}

TEST(WithReplaced, AnotherNodeComesInAndTheOldGoesInOneJointChange) {
  const auto members = WithReplaced(Abc(), "c", "d", At("d"));
  ASSERT_EQ(Error(members), "none");
  EXPECT_THAT(StepsFrom(*members, Everybody), ::testing::ElementsAre("a,b,c, learns d", "a,b,d, was a,b,c", "a,b,d"));
}

// Its earlier votes and acknowledgements must not be counted together with its new ones.
TEST(WithReplaced, AnotherDirectoryEntersOnlyOnceTheOldOneIsOut) {
  const auto members = WithReplaced(Abc(), "c", "c", At("c"));
  ASSERT_EQ(Error(members), "none");
  EXPECT_EQ(ToString(members->configuration), "a,b");
  Members joint = Among(FirstStepTo(members->configuration, Abc().configuration), Abc().known);
  joint.entering = members->entering;
  EXPECT_THAT(StepsFrom(joint, Everybody),
              ::testing::ElementsAre("a,b", "a,b, learns c", "a,b, learns c", "a,b,c, was a,b", "a,b,c"));
}

TEST(WithReplaced, AKnownDirectoryHasOnlyMoved) {
  Member moved = At("elsewhere");
  moved.incarnation = "old c";
  const auto members = WithReplaced(Abc(), "c", "c", moved);
  ASSERT_EQ(Error(members), "none");
  EXPECT_EQ(members->configuration, Abc().configuration);
  EXPECT_EQ(members->known.at("c").address, "elsewhere:7001");
}

TEST(WithReplaced, TheOnlyVoterStays) {
  Members alone = Among({.voters = {"a"}}, Abc().known);
  EXPECT_THAT(Error(WithReplaced(alone, "a", "a", At("a"))), HasSubstr("the only voter"));
  EXPECT_EQ(Error(WithReplaced(alone, "a", "d", At("d"))), "none");
  EXPECT_THAT(Error(WithoutMember(alone, "a")), HasSubstr("the only voter"));
}

TEST(Changes, OnlySoManyMembersMayBe) {
  Members now = Abc();
  for (size_t i = now.known.size(); i < kMostMembers; ++i) {
    const NodeId node = "n" + std::to_string(i);
    now = *WithMember(now, node, At(node), true);
  }
  EXPECT_THAT(Error(WithMember(now, "z", At("z"), true)), HasSubstr("no more may be"));
  EXPECT_THAT(Error(WithReplaced(now, "c", "z", At("z"))), HasSubstr("no more may be"));
  EXPECT_EQ(Error(WithReplaced(now, "c", "c", At("c"))), "none");
}

TEST(Changes, OneAtATime) {
  Members joint = Among({.voters = {"a", "b"}, .outgoing = {"a", "b", "c"}}, Abc().known);
  joint.entering["c"] = At("c");
  for (const auto& refused : {WithMember(joint, "d", At("d"), false), WithReplaced(joint, "a", "d", At("d")),
                              WithoutMember(joint, "a"), WithPromoted(joint, "c")}) {
    EXPECT_FALSE(refused.ok());
  }
  joint.configuration.outgoing.clear();
  EXPECT_TRUE(absl::IsAlreadyExists(WithMember(joint, "d", At("d"), false).status()));
  // Who has not come in yet may be sent away: it may never come.
  EXPECT_TRUE(WithoutMember(joint, "c")->entering.empty());
}

TEST(Changes, OfNobody) {
  EXPECT_TRUE(absl::IsNotFound(WithoutMember(Abc(), "z").status()));
  EXPECT_TRUE(absl::IsNotFound(WithPromoted(Abc(), "z").status()));
  EXPECT_TRUE(absl::IsNotFound(WithReplaced(Abc(), "z", "d", At("d")).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(WithReplaced(Abc(), "a", "b", At("b")).status()));
}

// A first entry that left some out would have them refused as strangers' directories later.
TEST(NextStep, DirectoriesAreWrittenDownForTheFirstTimeAllTogether) {
  Members first = Abc();
  for (auto& [node, member] : first.known) member.incarnation.clear();
  const auto but_c = [](const NodeId& node) { return Acquaintance{.incarnation = node == "c" ? "" : "x"}; };
  EXPECT_EQ(NextStep(first, but_c, {}), std::nullopt);
  const auto all = NextStep(first, Everybody, {});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->known.at("c").incarnation, "new c");
  EXPECT_EQ(NextStep(*all, Everybody, {}), std::nullopt) << "what is written down stays";
  EXPECT_EQ(NextStep(first, Everybody, {.names_directories = false}), std::nullopt);
}

// Whoever wrote them: a snapshot has to have room for what is taken from the log.
TEST(Members, WhatIsLargerThanAnyMemberIsNotTaken) {
  Members members = Abc();
  members.known["a"].incarnation = std::string(100'000, 'x');
  EXPECT_EQ(MembersIn(EncodeMembers(members))->known.at("a").incarnation, "");
  members.configuration.learners.insert(std::string(100'000, 'y'));
  EXPECT_EQ(MembersIn(EncodeMembers(members)), std::nullopt);
}

TEST(Members, AreReadAsTheyWereWritten) {
  Members members = *WithReplaced(Abc(), "c", "d", At("d"));
  members.entering["e"] = At("e");
  EXPECT_EQ(MembersIn(EncodeMembers(members)), members);
}

}  // namespace
}  // namespace raftly
