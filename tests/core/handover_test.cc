// Handing the lead over: thesis §3.10, a test for each sentence.
#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// In office, with an entry that everybody has.
DrivenNode Settled(Start start = {}) {
  auto a = Leader(start);
  a.FinishWrites();
  for (const NodeId& peer : a.core().configuration().Others("a")) a.AnswerFrom(peer, Accept(1));
  a.TakeCalls();
  a.events.clear();
  a.outcomes.clear();
  return a;
}

std::vector<Call> Asked(DrivenNode& node) {
  std::vector<Call> calls = node.TakeCalls();
  std::erase_if(calls, [](const Call& call) { return !std::holds_alternative<TimeoutNowRequest>(call.request); });
  return calls;
}
std::string LastOutcome(const DrivenNode& node) { return node.outcomes.empty() ? "none" : Text(node.outcomes.back()); }
Request TimeoutNow(uint64_t term, const NodeId& leader) { return TimeoutNowRequest{{term}, leader}; }
std::optional<Reply> Campaigns(uint64_t term) { return TimeoutNowReply{{term}, true}; }
std::optional<Reply> CannotCampaign(uint64_t term) { return TimeoutNowReply{{term}, false}; }

// ---- The prior leader

TEST(Handover, Sec3_10_1_ThePriorLeaderStopsAcceptingProposals) {
  auto a = Settled();
  a.HandOver("b");
  a.Propose();
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kHandingOver);
  EXPECT_EQ(a.log(), "1:1");
  a.Read();
  a.Wait(50ms);
  a.AnswerFrom("c", Accept(1));
  EXPECT_TRUE(std::holds_alternative<Readable>(a.outcomes.back())) << "reads go on: " << LastOutcome(a);
}

TEST(Handover, Sec3_10_2_TheSuccessorGetsTheWholeLogFirst) {
  auto a = Settled();
  a.Propose();
  a.HandOver("b");
  EXPECT_TRUE(a.core().handing_over());
  std::vector<Call> sent = a.TakeCalls();
  for (const Call& call : sent) EXPECT_TRUE(std::holds_alternative<AppendRequest>(call.request));
  for (const Call& call : sent) {
    if (call.to == "c") a.Answer(call, Accept(1));
  }
  EXPECT_TRUE(Asked(a).empty()) << "another's log does not count";
  for (const Call& call : sent) {
    if (call.to == "b") a.Answer(call, Accept(1));
  }
  const std::vector<Call> asked = Asked(a);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].to, "b");
  EXPECT_EQ(asked[0].request, TimeoutNow(1, "a"));
  a.Wait(50ms);
  EXPECT_TRUE(Asked(a).empty()) << "once";
}

TEST(Handover, Sec3_10_4_ItIsGivenUpAfterAnElectionTimeoutAndClientsAreServedAgain) {
  auto a = Settled();
  const RequestId id = a.HandOver("b");
  a.AnswerFrom("b", Campaigns(1));
  for (Duration passed{}; passed < 140ms; passed += 20ms) {
    a.Wait(20ms);
    a.AnswerFrom("c", Accept(1));
  }
  EXPECT_TRUE(a.core().handing_over());
  a.Wait(10ms);
  EXPECT_FALSE(a.core().handing_over());
  EXPECT_EQ(a.core().role(), Role::kLeader);
  const auto& refused = std::get<Refused>(a.outcomes.back());
  EXPECT_EQ(refused.id, id);
  EXPECT_EQ(refused.why, Refusal::kNotTakenOver);
  EXPECT_EQ(Only<HandoverChanged>(a.events).back().what, HandoverChanged::What::kLate);
  a.Propose();
  EXPECT_TRUE(std::holds_alternative<Accepted>(a.outcomes.back()));
}

TEST(Handover, ASuccessorThatCannotOrDoesNotKnowTheCallEndsItAtOnce) {
  using What = HandoverChanged::What;
  const auto ends = [](ReplyReceived reply) {
    auto a = Settled();
    a.HandOver("b");
    reply.call = Asked(a).at(0).id;
    a.Step(reply);
    EXPECT_FALSE(a.core().handing_over());
    EXPECT_EQ(a.core().role(), Role::kLeader);
    a.HandOver();
    EXPECT_EQ(Asked(a).at(0).to, reply.unknown_call ? "c" : "b") << "a Go node is not asked again by itself";
    return Only<HandoverChanged>(a.events).at(2).what;
  };
  EXPECT_EQ(ends({{}, CannotCampaign(1)}), What::kRefused);
  EXPECT_EQ(ends({.call = {}, .reply = {}, .unknown_call = true}), What::kUnknown);
}

// It may have been heard all the same, and have won already.
TEST(Handover, ALostAnswerIsWaitedOutAndDoesNotEndALaterOne) {
  auto a = Settled();
  a.HandOver("b");
  const CallId first = Asked(a).at(0).id;
  for (const auto& lost : {ReplyReceived{first, kNoAnswer}, ReplyReceived{first, Accept(1)}}) {
    a.Step(lost);
    EXPECT_TRUE(a.core().handing_over());
  }
  for (Duration passed{}; a.core().handing_over(); passed += 20ms) {
    ASSERT_LE(passed, 200ms);
    a.Wait(20ms);
    a.AnswerFrom("c", Accept(1));
  }
  a.AnswerFrom("b", Accept(1));
  a.HandOver("b");
  ASSERT_TRUE(a.core().handing_over());
  a.Step(ReplyReceived{first, CannotCampaign(1)});
  EXPECT_TRUE(a.core().handing_over()) << "that was about the one before";
}

TEST(Handover, AnotherLeaderOfALaterTermIsWhatWasAskedForWhoeverItIs) {
  auto a = Settled();
  const RequestId id = a.HandOver("b");
  a.Hear(AskHandedOverVote({.term = 2, .candidate = "b", .last = "1:1"}));
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_EQ(Only<RoleChanged>(a.events).back().reason, RoleReason::kHandedOver);
  EXPECT_TRUE(a.core().handing_over()) << "nobody leads yet";
  a.Hear(Append({.term = 2, .leader = "c", .prev = "1:1", .entries = "2:2"}));
  EXPECT_FALSE(a.core().handing_over());
  EXPECT_EQ(std::get<HandedOver>(a.outcomes.back()).id, id);
  EXPECT_EQ(std::get<HandedOver>(a.outcomes.back()).leader, "c");
}

TEST(Handover, WhoLeadsAgainItselfHasNotHandedOver) {
  auto a = Settled();
  a.HandOver("b");
  a.Hear(AskHandedOverVote({.term = 2, .candidate = "b", .last = ""}));  // a log that cannot win
  ASSERT_EQ(a.core().role(), Role::kFollower);
  a.Wait(150ms);
  EXPECT_FALSE(a.core().handing_over()) << "given up";
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kNotTakenOver);
}

// ---- What cannot be

TEST(Handover, WhatCannotBeIsRefusedByName) {
  const auto why = [](DrivenNode node, const NodeId& to) {
    node.HandOver(to);
    EXPECT_TRUE(Asked(node).empty());
    return std::get<Refused>(node.outcomes.back()).why;
  };
  EXPECT_EQ(why(Follower(), "b"), Refusal::kNotLeader);
  EXPECT_EQ(why(Settled(), "z"), Refusal::kNoVoter);
  EXPECT_EQ(why(Settled({.servers = 1}), ""), Refusal::kNoSuccessor);
  EXPECT_EQ(why(Leader(), "b"), Refusal::kNoSuccessor) << "it has not been heard in this term";
  auto deaf = Settled();
  for (int i = 0; i < 8; ++i) {
    deaf.Wait(20ms);
    deaf.AnswerFrom("c", Accept(1));
  }
  EXPECT_EQ(why(std::move(deaf), "b"), Refusal::kNoSuccessor) << "not for an election timeout";
}

TEST(Handover, ALearnerIsNoSuccessor) {
  auto a = Settled({.log = "1:1=abc+d"});
  a.HandOver("d");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kNoVoter);
}

TEST(Handover, WhoStopsVotingIsNoSuccessor) {
  auto a = Leader({.log = "1:1=ac/abc"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  a.AnswerFrom("c", Accept(2));
  a.HandOver("b");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kNoVoter);
  a.HandOver();
  EXPECT_EQ(Asked(a).at(0).to, "c");
}

TEST(Handover, OneAtATime) {
  auto a = Settled();
  a.HandOver("b");
  a.HandOver("c");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kHandingOver);
  a.outcomes.clear();
  a.HandOver();
  a.HandOver("b");
  EXPECT_EQ(Asked(a).size(), 1u);
  a.Hear(Append({.term = 2, .leader = "b", .prev = "1:1", .entries = "2:2"}));
  EXPECT_EQ(a.outcomes.size(), 3u) << "all who asked for it hear of it";
}

TEST(Handover, ToItselfThereIsNothingToDo) {
  auto a = Settled();
  a.HandOver("a");
  EXPECT_EQ(std::get<HandedOver>(a.outcomes.back()).leader, "a");
  EXPECT_FALSE(a.core().handing_over());
}

// ---- Whom it chooses

TEST(Handover, ByItselfItChoosesWhoLacksLeastOfTheLog) {
  auto a = Settled({.servers = 5});
  a.Propose();
  a.AnswerFrom("d", Accept(1));
  a.HandOver();
  EXPECT_EQ(Asked(a).at(0).to, "d");
}

TEST(Handover, ButNobodyWithLessSpaceThanItself) {
  auto a = Settled();
  a.Propose();
  a.AnswerFrom("b", AppendReply{.term = {1}, .success = true, .space = Space::kReserve});
  a.HandOver("b");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kNoSuccessor);
  a.AnswerFrom("c", Accept(1));
  a.HandOver();
  EXPECT_EQ(Asked(a).at(0).to, "c");
}

TEST(Handover, NoChangeOfMembersBeginsMeanwhile) {
  auto a = Leader({.log = "1:1 1:2=ab/abc 1:3=ab"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  a.HandOver("b");
  EXPECT_TRUE(a.core().handing_over());
  a.ProposeMembers("a/ab");
  EXPECT_EQ(std::get<Refused>(a.outcomes.back()).why, Refusal::kHandingOver);
}

// ---- The successor

DrivenNode FollowerOfB() {
  auto a = Follower({.log = "1:1", .voted_for = "b"});
  a.Hear(Append({.prev = "1:1"}));
  a.outbox.clear();
  return a;
}

TEST(Handover, Sec3_10_3_TheSuccessorCampaignsAtOnceWithoutAskingFirst) {
  auto a = FollowerOfB();
  EXPECT_EQ(a.Ask(TimeoutNow(1, "b")), Campaigns(1));
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  EXPECT_EQ(a.core().term(), Term{2});
  EXPECT_EQ(Only<ElectionStarted>(a.events).back().reason, ElectionReason::kHandedOver);
  const std::vector<Call> calls = a.TakeCalls();
  ASSERT_EQ(calls.size(), 2u);
  for (const Call& call : calls) EXPECT_EQ(call.request, AskHandedOverVote({2, "a", "1:1"}));
  a.Answer(calls[0], Granted(2));
  EXPECT_EQ(a.core().role(), Role::kLeader);
}

TEST(Handover, ItsOwnVoteIsDurableBeforeItAsksForOthers) {
  auto a = FollowerOfB();
  a.Hear(TimeoutNow(1, "b"));
  EXPECT_TRUE(a.TakeCalls().empty());
  a.Crash();
  EXPECT_EQ(a.core().term(), Term{1}) << "nothing was promised";
}

TEST(Handover, OnlyItsOwnLeaderMayAskForIt) {
  const auto stays = [](DrivenNode node, const Request& request, std::optional<Reply> answer) {
    const Term before = node.core().term();
    EXPECT_EQ(node.Ask(request), answer);
    EXPECT_EQ(node.core().role(), Role::kFollower);
    EXPECT_EQ(node.core().term(), before);
  };
  stays(FollowerOfB(), TimeoutNow(1, "c"), kNoAnswer);
  stays(FollowerOfB(), TimeoutNow(1, "z"), kNoAnswer);
  stays(FollowerOfB(), TimeoutNow(2, "b"), CannotCampaign(1));
  stays(FollowerOfB(), TimeoutNow(kLastTerm.value + 1, "b"), kNoAnswer);
  auto late = FollowerOfB();
  late.Hear(Append({.term = 2, .leader = "c", .prev = "1:1"}));
  late.FinishWrites();
  stays(std::move(late), TimeoutNow(1, "b"), CannotCampaign(2));
  auto without_memory = Follower({.log = "1:1", .rejoin = true});
  without_memory.Wait(1s);
  without_memory.Hear(Append({.term = 1, .prev = "1:1", .leader_last = 9}));
  stays(std::move(without_memory), TimeoutNow(1, "b"), CannotCampaign(1));
  auto full = FollowerOfB();
  full.Step(SpaceChanged{Space::kNone});
  stays(std::move(full), TimeoutNow(1, "b"), CannotCampaign(1));
}

// ---- Who votes

TEST(Handover, Sec4_2_3_ItsVotersDoNotRefuseBecauseTheyHearTheLeader) {
  auto a = FollowerOfB();
  EXPECT_EQ(a.Ask(AskVote({.term = 2, .candidate = "c", .last = "1:1"})), Denied(1)) << "as ever";
  EXPECT_EQ(a.Ask(AskHandedOverVote({.term = 2, .candidate = "c", .last = "1:1"})), Granted(2));
}

TEST(Handover, ButForEveryOtherReason) {
  auto behind = FollowerOfB();
  EXPECT_EQ(behind.Ask(AskHandedOverVote({.term = 2, .candidate = "c", .last = ""})), Denied(2));
  auto voted = FollowerOfB();
  voted.Ask(AskHandedOverVote({.term = 2, .candidate = "c", .last = "1:1"}));
  EXPECT_EQ(voted.Ask(AskHandedOverVote({.term = 2, .candidate = "b", .last = "1:1"})), Denied(2));
  auto old = FollowerOfB();
  EXPECT_EQ(old.Ask(AskHandedOverVote({.term = 1, .candidate = "c", .last = ""})), Denied(1));
  auto asked = FollowerOfB();
  EXPECT_EQ(asked.Ask(VoteRequest{{2}, "c", PositionOf("1:1"), /*pre_vote=*/true, /*handed_over=*/true}), Denied(1))
      << "a pre-vote is no hand-over";
}

// ---- All together

TEST(Handover, ALeadChangesHandsWithoutATimeout) {
  VirtualCluster cluster({});
  cluster.Elect("a");
  cluster.Propose("a", "x");
  cluster.HandOver("a", "c");
  cluster.Settle();
  EXPECT_EQ(cluster.leader(), "c");
  EXPECT_EQ(cluster["c"].core().term(), Term{2});
  cluster.Propose("c", "y");
  cluster.Settle();
  cluster.Wait(60ms);
  for (const NodeId node : {"a", "b", "c"}) EXPECT_EQ(cluster[node].core().commit(), Index{4}) << node;
}

// §6: "the leader steps down once it has committed the new configuration": not before somebody else can lead.
// It is asked for no vote and sent no log by those of whom it is none: all it will hear is their term.
TEST(Handover, Sec6_ALeaderThatIsRemovedHandsOverOnceAllOfItsLogIsCommitted) {
  auto a = Leader({.log = "1:1=bc/abc"});
  a.FinishWrites();
  a.AnswerFrom("b", Accept(2));
  a.AnswerFrom("c", Accept(2));
  a.ProposeMembers("bc");
  const std::vector<Call> end = a.TakeCalls();
  a.Propose();
  a.FinishWrites();
  const std::vector<Call> behind_it = a.TakeCalls();
  for (const Call& call : end) a.Answer(call, Accept(2));
  ASSERT_TRUE(a.core().handing_over());
  for (const Call& call : behind_it) {
    EXPECT_TRUE(Asked(a).empty()) << "a client would never be told of its write";
    a.Answer(call, Accept(2));
  }
  const std::vector<Call> asked = Asked(a);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(a.core().role(), Role::kLeader);
  a.Answer(asked[0], Campaigns(2));
  EXPECT_TRUE(a.core().handing_over());
  a.Wait(50ms);
  a.AnswerFrom(asked[0].to == "b" ? "c" : "b", AppendReply{.term = Term{3}});
  EXPECT_EQ(a.core().role(), Role::kFollower);
  EXPECT_FALSE(a.core().handing_over()) << "nobody will say more than that";
  EXPECT_EQ(Only<HandoverChanged>(a.events).back().what, HandoverChanged::What::kDone);
}

// ---- Slow disks

void LeadFor(DrivenNode& a, Duration duration) {
  for (Duration passed{}; passed < duration; passed += 50ms) {
    a.Wait(50ms);
    if (a.core().handing_over()) return;
    for (const Call& call : a.TakeCalls()) a.Answer(call, Accept(1));
  }
}

TEST(Handover, ALeaderWhoseDiskStandsStillHandsOverWhereItCan) {
  auto a = Settled({.limits = {.disk_patience = 500ms}});
  a.Propose();
  LeadFor(a, 600ms);
  ASSERT_TRUE(a.core().handing_over());
  EXPECT_EQ(Asked(a).size(), 1u);
  a.Hear(AskHandedOverVote({.term = 2, .candidate = "b", .last = "1:2"}));
  a.Hear(Append({.term = 2, .leader = "b", .prev = "1:2", .entries = "2:3"}));
  EXPECT_EQ(a.core().leader(), "b");
  EXPECT_FALSE(a.core().handing_over());
}

TEST(Handover, SoDoesOneWhoseDiskIsSlowerThanThoseOfTheOthers) {
  auto a = Settled();
  a.Propose();
  a.Propose();
  LeadFor(a, 900ms);
  a.FinishWrite();  // it moves, but what the others had committed a second before is missing still
  LeadFor(a, 900ms);
  EXPECT_FALSE(a.core().handing_over());
  LeadFor(a, 200ms);
  EXPECT_TRUE(a.core().handing_over());
  EXPECT_EQ(Asked(a).size(), 1u);
  for (int i = 0; i < 4; ++i) {
    a.Wait(50ms);
    a.AnswerFrom("c", Accept(1));
  }
  EXPECT_FALSE(a.core().handing_over());
  EXPECT_EQ(a.core().role(), Role::kLeader) << "a slow leader is better than none";
}

TEST(Handover, ADiskThatKeepsUpMayBeSlow) {
  auto a = Settled();
  for (int i = 0; i < 5; ++i) {
    a.Propose();
    a.Propose();
    LeadFor(a, 600ms);
    a.FinishWrites();
  }
  EXPECT_FALSE(a.core().handing_over());
}

}  // namespace
}  // namespace raftly
