// The follower's side of replication: §5.3 and Figure 2, AppendEntries.
#include <gtest/gtest.h>

#include "tests/core/driver.h"

namespace raftly {
namespace {

TEST(Replication, Sec5_1_AnOldLeaderIsRejectedWithTheCurrentTerm) {
  auto b = Follower({.term = 4});
  EXPECT_EQ(b.Ask(Append({.term = 3})), Reject({.term = 4}));
}

TEST(Replication, Sec5_3_FollowerRejectsAGap) {
  auto b = Follower({.log = "1:1"});
  EXPECT_EQ(b.Ask(Append({.prev = "1:5"})), Reject({.retry_at = 2}));
}

TEST(Replication, Sec5_3_FollowerRejectsAnotherTermAtPrev) {
  auto b = Follower({.log = "1:1 1:2", .term = 2});
  EXPECT_EQ(b.Ask(Append({.term = 2, .prev = "2:2", .entries = "2:3", .leader_last = 3})),
            Reject({.term = 2, .conflict_term = 1, .retry_at = 1}));
  EXPECT_EQ(b.log(), "1:1 1:2") << "a rejection removes nothing";

  auto careless = Follower({.log = "1:1 1:2", .term = 2, .defences = Without(&Defences::log_matching)});
  EXPECT_EQ(careless.Ask(Append({.term = 2, .prev = "2:2", .entries = "2:3", .leader_last = 3})), Accept(2))
      << "a log nobody else has";
}

TEST(Replication, Sec5_3_TheHintIsTheFirstIndexOfTheConflictingTerm) {
  auto b = Follower({.log = "1:1 1:2 4:3 4:4 4:5", .term = 6});
  EXPECT_EQ(b.Ask(Append({.term = 6, .prev = "6:5", .leader_last = 5})),
            Reject({.term = 6, .conflict_term = 4, .retry_at = 3}));
}

TEST(Replication, Sec5_3_FollowerAppendsWhatIsNew) {
  auto b = Follower({.log = "1:1"});
  EXPECT_EQ(b.Ask(Append({.term = 2, .prev = "1:1", .entries = "1:2 2:3"})), Accept(2));
  EXPECT_EQ(b.log(), "1:1 1:2 2:3");
  EXPECT_EQ(b.core().leader(), "b");
}

TEST(Replication, Sec5_3_AConflictRemovesTheEntryAndAllThatFollow) {
  auto b = Follower({.log = "1:1 1:2 1:3 1:4"});
  EXPECT_EQ(b.Ask(Append({.term = 2, .prev = "1:1", .entries = "2:2"})), Accept(2));
  EXPECT_EQ(b.log(), "1:1 2:2");
  const auto truncated = Only<LogTruncated>(b.events);
  ASSERT_EQ(truncated.size(), 1u);
  EXPECT_EQ(truncated[0].from, Index{2});
  EXPECT_EQ(truncated[0].entries, 3u);
}

TEST(Replication, Figure2_ARepeatedAppendRemovesNothing) {
  auto b = Follower();
  const auto first = Append({.entries = "1:1"});
  b.Ask(first);
  b.Ask(Append({.prev = "1:1", .entries = "1:2 1:3"}));
  EXPECT_EQ(b.Ask(first), Accept());
  EXPECT_EQ(b.Ask(Append({})), Accept()) << "nor does a late heartbeat";
  EXPECT_EQ(b.log(), "1:1 1:2 1:3") << "what followed may be acknowledged";
}

TEST(Replication, Figure2_ReorderedAppendsEndInTheSameLog) {
  auto b = Follower();
  EXPECT_EQ(b.Ask(Append({.prev = "1:1", .entries = "1:2"})), Reject({.retry_at = 1}));
  EXPECT_EQ(b.Ask(Append({.entries = "1:1"})), Accept());
  EXPECT_EQ(b.Ask(Append({.prev = "1:1", .entries = "1:2"})), Accept());
  EXPECT_EQ(b.log(), "1:1 1:2");
}

TEST(Replication, AStrangerLeadsNobody) {
  auto b = Follower({.term = 1});
  EXPECT_EQ(b.Ask(Append({.term = 9, .leader = "stranger", .entries = "9:1"})), kNoAnswer);
  EXPECT_EQ(b.core().term(), Term{1});
  EXPECT_EQ(b.core().leader(), "");
}

struct Malformed {
  const char* what;
  AppendSpec append;
};

class MalformedAppend : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedAppend, IsRefusedAndChangesNothing) {
  auto b = Follower({.log = "1:1 2:2", .term = 3});
  EXPECT_EQ(b.Ask(Append(GetParam().append)), kNoAnswer) << GetParam().what;
  const auto refused = Only<MessageRefused>(b.events);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].why, Objection::kMalformed);
  EXPECT_EQ(b.log(), "1:1 2:2");
  EXPECT_EQ(b.core().term(), Term{3});
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MalformedAppend,
    testing::Values(Malformed{"a gap after prev", {.term = 3, .prev = "2:2", .entries = "3:4"}},
                    Malformed{"a gap between entries", {.term = 3, .prev = "2:2", .entries = "3:3 3:5"}},
                    Malformed{"an index twice", {.term = 3, .prev = "2:2", .entries = "3:3 3:3"}},
                    Malformed{"terms that fall", {.term = 3, .prev = "2:2", .entries = "3:3 2:4"}},
                    Malformed{"a term below that of prev", {.term = 3, .prev = "2:2", .entries = "1:3"}},
                    Malformed{"an entry of the future", {.term = 3, .prev = "2:2", .entries = "4:3"}},
                    Malformed{"a prev of the future", {.term = 3, .prev = "4:2"}},
                    Malformed{"a term before the first entry", {.term = 3, .prev = "2:0"}},
                    Malformed{"an entry without a term", {.term = 3, .prev = "", .entries = "0:1"}}));

// ---- Commit on the follower's side ---------------------------------------------------------------------------------

TEST(Commit, Figure2_FollowsTheLeaders) {
  auto b = Follower({.log = "1:1 1:2 1:3"});
  b.Ask(Append({.prev = "1:3", .commit = 2}));
  EXPECT_EQ(b.core().commit(), Index{2});
  EXPECT_EQ(Text(b.committed), "1:1 1:2");
  b.Ask(Append({.prev = "1:3", .commit = 3}));
  EXPECT_EQ(Text(b.committed), "1:1 1:2 1:3") << "each exactly once";
}

TEST(Commit, NeverMovesBack) {
  auto b = Follower({.log = "1:1 1:2 1:3"});
  b.Ask(Append({.prev = "1:3", .commit = 3}));
  b.Ask(Append({.prev = "1:1", .commit = 1}));
  EXPECT_EQ(b.core().commit(), Index{3});
}

// Entries 2 and 3 are an old leader's tail that the new one has not compared yet.
TEST(Commit, IsClampedOnReceiptToWhatTheMessageProves) {
  const auto heartbeat = Append({.term = 2, .prev = "1:1", .commit = 3});
  auto b = Follower({.log = "1:1 1:2 1:3"});
  b.Ask(heartbeat);
  EXPECT_EQ(b.core().commit(), Index{1});

  auto careless = Follower({.log = "1:1 1:2 1:3", .defences = Without(&Defences::clamp_commit_on_receive)});
  careless.Ask(heartbeat);
  EXPECT_EQ(careless.core().commit(), Index{3}) << "entries that the leader may not have";
}

TEST(Commit, IsNeverBeyondTheOwnLog) {
  auto b = Follower({.log = "1:1", .defences = Without(&Defences::clamp_commit_on_receive)});
  b.Ask(Append({.prev = "1:1", .commit = 100}));
  EXPECT_EQ(b.core().commit(), Index{1});
}

// The sender's clamp, by itself.
TEST(Commit, IsClampedOnSendingToWhatTheMessageProves) {
  const auto heartbeat_to_the_laggard = [](Defences defences) {
    auto a = Leader({.log = "1:1 1:2", .defences = defences});
    a.FinishWrites();
    a.AnswerFrom("b", Accept(2));
    EXPECT_EQ(a.core().commit(), Index{3});
    a.TakeCallsTo("c");
    a.Wait(std::chrono::milliseconds(50));
    return AppendIn(a.TakeCallsTo("c").back());
  };
  const AppendRequest clamped = heartbeat_to_the_laggard(DefencesUnderTest());
  EXPECT_EQ(clamped.prev.index, Index{0}) << "nothing is known of c yet";
  EXPECT_EQ(clamped.commit, Index{0});
  EXPECT_EQ(heartbeat_to_the_laggard(Without(&Defences::clamp_commit_on_send)).commit, Index{3});
}

}  // namespace
}  // namespace raftly
