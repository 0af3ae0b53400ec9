#include "raft/node/pending.h"

#include <gtest/gtest.h>

#include <optional>

#include "raft/node/errors.h"
#include "tests/support/mutation.h"

namespace raftly {
namespace {

constexpr Time kSoon{std::chrono::seconds(1)};
constexpr Time kLate{std::chrono::seconds(9)};

// A client, and what it was told. Told twice, it fails the test.
struct Client {
  std::optional<absl::Status> told;

  SettleProposal Proposal() {
    return SettleProposal([this](absl::StatusOr<Applied> applied) { Tell(applied.status()); });
  }
  SettleRead Read() {
    return SettleRead([this](absl::Status status) { Tell(std::move(status)); });
  }
  void Tell(absl::Status status) {
    EXPECT_FALSE(told.has_value()) << "settled twice";
    told = std::move(status);
  }
};

LogPosition At(uint64_t term, uint64_t index) { return {Term{term}, Index{index}}; }
Entries Log(uint64_t term, uint64_t index) { return {Entry{.index = {index}, .term = {term}, .data = Bytes("x")}}; }

TEST(Pending, AProposalIsSettledByTheEntryAtItsIndexAndTerm) {
  Client client;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, client.Proposal()), At(2, 5));
  auto committed = pending.Commit(Log(2, 5), /*match_term=*/true);
  ASSERT_EQ(committed.size(), 1u);
  ASSERT_EQ(committed[0].waiters.size(), 1u);
  EXPECT_FALSE(client.told) << "not before it is applied";
  committed[0].waiters[0](Applied{At(2, 5), ""});
  EXPECT_TRUE(client.told->ok());
  EXPECT_EQ(pending.next_deadline(), kNever);
}

TEST(Pending, AnotherLeadersEntryAtTheSameIndexMeansOverwritten) {
  Client client;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, client.Proposal()), At(2, 5));
  EXPECT_TRUE(pending.Commit(Log(3, 5), DefencesUnderTest().waiter_term)[0].waiters.empty());
  ASSERT_TRUE(client.told);
  EXPECT_TRUE(absl::IsAborted(*client.told));
}

TEST(Pending, WithoutTheTermTheOverwrittenWriteIsReportedAsDone) {
  Client client;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, client.Proposal()), At(2, 5));
  EXPECT_EQ(pending.Commit(Log(3, 5), /*match_term=*/false)[0].waiters.size(), 1u);
}

TEST(Pending, ACommittedEntryOfALaterTermAbortsAllThatWaitForEarlierOnesBehindIt) {
  Client client;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, client.Proposal()), At(2, 9));
  pending.Commit(Log(2, 4), true);
  EXPECT_FALSE(client.told) << "an entry of its own term may still be followed by it";
  pending.Commit(Log(3, 5), true);
  EXPECT_TRUE(absl::IsAborted(*client.told));
}

TEST(Pending, TwoTermsMayWaitAtOneIndex) {
  Client before;
  Client after;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, before.Proposal()), At(2, 5));
  pending.Accept(pending.AddProposal(kSoon, after.Proposal()), At(4, 5));
  auto committed = pending.Commit(Log(4, 5), true);
  EXPECT_TRUE(absl::IsAborted(*before.told));
  ASSERT_EQ(committed[0].waiters.size(), 1u);
  committed[0].waiters[0](Applied{At(4, 5), ""});
  EXPECT_TRUE(after.told->ok());
}

TEST(Pending, WhoWaitsTooLongIsToldThatTheOutcomeIsUnknown) {
  Client hasty;
  Client patient;
  Pending pending;
  pending.Accept(pending.AddProposal(kSoon, hasty.Proposal()), At(1, 1));
  pending.AddRead(kLate, patient.Read());
  pending.Expire(kSoon - std::chrono::nanoseconds(1));
  EXPECT_FALSE(hasty.told);
  EXPECT_EQ(pending.next_deadline(), kSoon);
  pending.Expire(kSoon);
  EXPECT_TRUE(absl::IsDeadlineExceeded(*hasty.told));
  EXPECT_FALSE(patient.told);
  EXPECT_TRUE(pending.Commit(Log(1, 1), true)[0].waiters.empty()) << "settled already";
  pending.SettleAll(StoppingError());
  EXPECT_TRUE(absl::IsUnavailable(*patient.told));
}

TEST(Pending, ADroppedWaiterIsToldAsWell) {
  Client client;
  {
    Pending pending;
    pending.AddProposal(kSoon, client.Proposal());
  }
  EXPECT_TRUE(absl::IsUnavailable(*client.told));
}

TEST(Errors, CarryWhatTheirReadersNeed) {
  EXPECT_EQ(LeaderHint(NotLeaderError("node2")), "node2");
  EXPECT_EQ(LeaderHint(NotLeaderError("")), "");
  EXPECT_TRUE(IsDiskFull(DiskFullError()));
  EXPECT_FALSE(IsDiskFull(QueueFullError()));
  EXPECT_EQ(QueueFullError().code(), DiskFullError().code());
}

}  // namespace
}  // namespace raftly
