// A node whose directory was lost comes back under its old id (SPEC section 1, -rejoin).
#include <gtest/gtest.h>

#include <chrono>

#include "tests/core/virtual_cluster.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

DrivenNode Rejoining() {
  auto a = Follower({.rejoin = true});
  a.Doze(300ms);  // past its silence
  return a;
}

// Why there is such a flag at all.
TEST(Rejoin, WithoutItAWipedNodeVotesTwiceInOneTerm) {
  auto a = Follower();
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  a.LoseDirectory(/*rejoin=*/false);
  EXPECT_EQ(a.Ask(AskVote({.term = 1, .candidate = "c"})), Granted(1)) << "two leaders in one term";

  auto careful = Follower();
  EXPECT_EQ(careful.Ask(AskVote({.term = 1, .candidate = "b"})), Granted(1));
  careful.LoseDirectory(/*rejoin=*/true);
  careful.Doze(300ms);
  EXPECT_EQ(careful.Ask(AskVote({.term = 1, .candidate = "c"})), Denied(1));
}

TEST(Rejoin, IsSilentForTwoElections) {
  auto a = Follower({.rejoin = true});
  a.Doze(300ms - 1ns);
  EXPECT_EQ(a.Ask(AskVote({.term = 1})), kNoAnswer);
  EXPECT_EQ(a.Ask(Append({.term = 1})), kNoAnswer);
  EXPECT_EQ(a.core().leader(), "");
  a.Doze(1ns);
  auto accepted = std::get<AppendReply>(*Accept());
  accepted.may_vote = false;
  EXPECT_EQ(a.Ask(Append({.term = 1})), std::optional<Reply>(accepted));
}

TEST(Rejoin, GrantsNothingInEitherPhaseAndDoesNotCampaign) {
  auto a = Rejoining();
  EXPECT_EQ(a.Ask(AskPreVote({.term = 10, .last = "9:9"})), Denied(0));
  EXPECT_EQ(a.Ask(AskVote({.term = 10, .last = "9:9"})), Denied(10));
  EXPECT_EQ(a.core().next_deadline(), kNever);
  a.Doze(10s);
  a.Step(TimePassed{});
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(Rejoin, TheLossOfTheVoteIsWrittenDown) {
  auto a = Rejoining();
  a.Ask(Append({.term = 1, .leader_last = 5}));
  EXPECT_FALSE(a.hard_state_on_disk().may_vote);
}

TEST(Rejoin, SurvivesACrashWithoutTheFlag) {
  auto a = Rejoining();
  a.Ask(Append({.term = 1, .entries = "1:1", .commit = 0, .leader_last = 5}));
  RaftCore again({.self = "a", .peers = {"b", "c"}, .timings = {}, .limits = {}, .defences = {}},
                 {.hard_state = a.hard_state_on_disk(), .entries = EntriesOf("1:1")}, 2, {});
  EXPECT_FALSE(again.may_vote());
  EXPECT_EQ(again.next_deadline(), kNever);
}

TEST(Rejoin, RegainsTheVoteWithAllThatTheLeaderHadAtFirstContactCommitted) {
  auto a = Rejoining();
  a.Ask(Append({.term = 2, .entries = "1:1 2:2", .commit = 2, .leader_last = 3}));
  EXPECT_FALSE(a.core().may_vote()) << "3 is missing";
  a.Ask(Append({.term = 2, .prev = "2:2", .entries = "2:3", .commit = 2, .leader_last = 4}));
  EXPECT_FALSE(a.core().may_vote()) << "3 is not known to be committed";
  a.Ask(Append({.term = 2, .prev = "2:3", .commit = 3, .leader_last = 5}));
  EXPECT_TRUE(a.core().may_vote());
  EXPECT_TRUE(a.hard_state_on_disk().may_vote);
  ASSERT_EQ(Only<VoteRegained>(a.events).size(), 1u);
  EXPECT_EQ(Only<VoteRegained>(a.events)[0].caught_up_to, Index{3});
}

TEST(Rejoin, ItsVoteOfThatTermGoesToThatLeader) {
  auto a = Rejoining();
  a.Ask(Append({.term = 2, .leader = "b", .entries = "2:1", .commit = 1, .leader_last = 1}));
  ASSERT_TRUE(a.core().may_vote());
  EXPECT_EQ(a.core().voted_for(), "b");
  a.Doze(150ms);
  EXPECT_EQ(a.Ask(AskVote({.term = 2, .candidate = "c", .last = "1:9"})), Denied(2));
  EXPECT_EQ(a.Ask(AskVote({.term = 3, .candidate = "c", .last = "2:9"})), Granted(3));
  EXPECT_LT(a.until_deadline(), 300ms) << "and it may campaign";
}

TEST(Rejoin, AVoteOfThatTermThatItRemembersStays) {
  auto a = Follower({.term = 2, .voted_for = "c", .rejoin = true});
  a.Doze(300ms);
  a.Ask(Append({.term = 2, .leader = "b", .entries = "2:1", .commit = 1, .leader_last = 1}));
  ASSERT_TRUE(a.core().may_vote());
  EXPECT_EQ(a.core().voted_for(), "c");
}

// The committed end must be of the leader's own term: before that nobody knows what is committed (§8).
TEST(Rejoin, AnEndOfAnEarlierTermIsNotEnough) {
  auto a = Rejoining();
  a.Ask(Append({.term = 2, .entries = "1:1", .commit = 1, .leader_last = 1}));
  EXPECT_FALSE(a.core().may_vote());
}

TEST(Rejoin, ANewLeaderIsANewTarget) {
  auto a = Rejoining();
  a.Ask(Append({.term = 2, .entries = "2:1", .commit = 0, .leader_last = 1}));
  a.Ask(Append({.term = 3, .leader = "c", .prev = "2:1", .entries = "3:2", .commit = 2, .leader_last = 9}));
  EXPECT_FALSE(a.core().may_vote());
}

// A Go peer does not say where its log ends: what it has committed and what it sends must do.
TEST(Rejoin, AGoLeadersCommitIsTheTarget) {
  auto a = Rejoining();
  a.Ask(Append({.term = 2, .commit = 3}));
  a.Ask(Append({.term = 2, .entries = "2:1 2:2", .commit = 3}));
  EXPECT_FALSE(a.core().may_vote());
  a.Ask(Append({.term = 2, .prev = "2:2", .entries = "2:3", .commit = 3}));
  EXPECT_TRUE(a.core().may_vote());
}

TEST(Rejoin, AWipedNodeComesBackAndKeepsTheClusterSafe) {
  VirtualCluster cluster({.servers = 3});
  cluster.Elect("a");
  cluster.Isolate("b");
  cluster.Propose("a");  // on a and c only
  cluster.Settle();
  ASSERT_EQ(cluster["a"].core().commit(), Index{2});
  cluster.LoseDirectory("c", /*rejoin=*/true);
  cluster.Heal();
  cluster.Isolate("a");
  cluster.Wait(3s);
  EXPECT_EQ(cluster["b"].core().role() == Role::kLeader, false) << "b lacks entry 2 and has only c to ask";
  cluster.Heal();
  cluster.Wait(3s);
  EXPECT_TRUE(cluster["c"].core().may_vote());
  EXPECT_EQ(cluster["c"].log(), cluster["a"].log());
  EXPECT_EQ(cluster["b"].core().log().TermAt(Index{2}), Term{1});
}

}  // namespace
}  // namespace raftly
