// Snapshots: §7 and Figure 13, rule by rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/core/driver.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using What = InstallationChanged::What;

Request PieceOf(std::string_view last_included, uint64_t term, uint64_t offset = 0, const NodeId& leader = "b") {
  return SnapshotRequest{.term = {term},
                         .leader = leader,
                         .last_included = PositionOf(last_included),
                         .offset = offset,
                         .size = 100,
                         .data = Bytes(std::string(100 - offset, 's'))};
}

std::optional<Reply> Stored(uint64_t term, uint64_t offset) { return SnapshotReply{{term}, offset, false}; }
std::optional<Reply> Installed(uint64_t term) { return SnapshotReply{{term}, 100, true}; }

// A leader of term 2 whose log of ten entries was compacted up to index 8; c has all of it, b has not answered.
DrivenNode Compacted(const Start& start = {.log = "1:1 1:2 1:3 1:4 1:5 1:6 1:7 1:8 1:9"}) {
  auto a = Leader(start);
  a.FinishWrites();
  a.AnswerFrom("c", Accept(2));
  EXPECT_EQ(a.core().commit(), Index{10});
  a.TakeSnapshot(8, 8);
  return a;
}

std::vector<SnapshotRequest> PiecesTo(DrivenNode& node, const NodeId& peer) {
  std::vector<SnapshotRequest> pieces;
  for (const Call& call : CallsIn(node.outbox)) {
    const auto* piece = std::get_if<SnapshotRequest>(&call.request);
    if (piece != nullptr && call.to == peer) pieces.push_back(*piece);
  }
  return pieces;
}

// Answers the calls of one kind and leaves the others open.
void AnswerPieces(DrivenNode& node, const NodeId& peer, std::optional<Reply> reply) {
  for (const Call& call : node.TakeCallsTo(peer)) {
    if (std::holds_alternative<SnapshotRequest>(call.request)) node.Answer(call, reply);
  }
}

// b says that its log is empty.
void FindEmpty(DrivenNode& node, const NodeId& peer) {
  node.Doze(50ms);
  node.Step(TimePassed{});
  for (const Call& call : node.TakeCallsTo(peer)) {
    if (std::holds_alternative<AppendRequest>(call.request)) {
      const bool from_nothing = AppendIn(call).prev.index == Index{};
      node.Answer(call, from_nothing ? Accept(2) : Reject({.term = 2, .retry_at = 1}));
    }
  }
}

// These go along with everything, and keep the leader in office.
void Beat(DrivenNode& node, std::initializer_list<const char*> peers) {
  node.Doze(50ms);
  node.Step(TimePassed{});
  for (const char* peer : peers) node.AnswerFrom(peer, Accept(2));
}

template <class Event>
std::vector<Event> EventsOf(const DrivenNode& node) {
  std::vector<Event> events;
  for (const NodeEvent& event : node.events) {
    if (const auto* one = std::get_if<Event>(&event)) events.push_back(*one);
  }
  return events;
}

// ---- One's own -----------------------------------------------------------------------------------------------------

TEST(Compaction, LetsGoOfTheLogUpToTheSnapshotAndKeepsWhatIsAskedFor) {
  auto a = Compacted();
  EXPECT_EQ(a.log(), "1:9 2:10");
  EXPECT_EQ(a.core().log().base(), PositionOf("1:8"));
  EXPECT_EQ(a.core().snapshot(), PositionOf("1:8"));
  a.TakeSnapshot(10, 9);
  EXPECT_EQ(a.log(), "2:10");
  EXPECT_EQ(a.core().snapshot(), PositionOf("2:10"));
}

TEST(Compaction, ARestartBeginsWithTheSnapshot) {
  auto a = Compacted();
  a.Crash();
  EXPECT_EQ(a.core().commit(), Index{8});
  EXPECT_EQ(a.core().delivered(), Index{8});
  EXPECT_EQ(a.log(), "1:9 2:10");
  a.BecomeLeader();
  a.FinishWrites();
  a.AnswerFrom("b", Accept(3));
  EXPECT_EQ(Text(a.committed), "1:9 2:10 3:11");
}

TEST(Compaction, AFollowerThatIsALittleLateIsStillServedFromTheLog) {
  auto a = Leader({.log = "1:1 1:2 1:3 1:4"});
  a.FinishWrites();
  a.AnswerFrom("c", Accept(2));
  a.TakeSnapshot(4, 2);
  FindEmpty(a, "c");
  for (const Call& call : a.TakeCallsTo("b")) {
    if (std::holds_alternative<AppendRequest>(call.request)) a.Answer(call, Reject({.term = 2, .retry_at = 3}));
  }
  EXPECT_TRUE(PiecesTo(a, "b").empty());
  const auto calls = a.TakeCallsTo("b");
  ASSERT_FALSE(calls.empty());
  EXPECT_EQ(Text(AppendIn(calls.back()).prev), "1:2");
}

// ---- Sending -------------------------------------------------------------------------------------------------------

TEST(InstallSnapshot, IsForWhoNeedsWhatIsNoLongerInTheLog) {
  auto a = Compacted();
  FindEmpty(a, "b");
  const auto pieces = PiecesTo(a, "b");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].last_included, PositionOf("1:8"));
  EXPECT_EQ(pieces[0].offset, 0u);
  EXPECT_TRUE(PiecesTo(a, "c").empty());
}

TEST(InstallSnapshot, GoesOnFromWhereTheAnswerSays) {
  auto a = Compacted();
  FindEmpty(a, "b");
  AnswerPieces(a, "b", Stored(2, 40));
  ASSERT_EQ(PiecesTo(a, "b").size(), 1u);
  EXPECT_EQ(PiecesTo(a, "b")[0].offset, 40u);
  AnswerPieces(a, "b", Stored(2, 20));  // it knows better what it has
  EXPECT_EQ(PiecesTo(a, "b").back().offset, 20u);
}

TEST(InstallSnapshot, OnePieceAtATimeAndHeartbeatsBeside) {
  auto a = Compacted();
  FindEmpty(a, "b");
  for (int i = 0; i < 4; ++i) {
    Beat(a, {"c"});
  }
  size_t pieces = 0;
  size_t heartbeats = 0;
  for (const Call& call : a.TakeCallsTo("b")) {
    std::holds_alternative<SnapshotRequest>(call.request) ? ++pieces : ++heartbeats;
  }
  EXPECT_EQ(pieces, 1u);
  EXPECT_GE(heartbeats, 4u);
}

TEST(InstallSnapshot, AfterItTheLogGoesOnWhereTheSnapshotEnds) {
  auto a = Compacted();
  FindEmpty(a, "b");
  AnswerPieces(a, "b", Installed(2));
  EXPECT_EQ(a.core().progress().at("b").match, Index{8});
  const auto calls = a.TakeCallsTo("b");
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(Text(AppendIn(calls[0]).prev), "1:8");
  EXPECT_EQ(Text(AppendIn(calls[0]).entries), "1:9 2:10");
  ASSERT_EQ(EventsOf<InstallationChanged>(a).size(), 2u);
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[1].what, What::kDone);
}

TEST(InstallSnapshot, ALostPieceIsSentAgainAfterAPause) {
  auto a = Compacted();
  FindEmpty(a, "b");
  AnswerPieces(a, "b", Stored(2, 40));
  AnswerPieces(a, "b", std::nullopt);
  EXPECT_TRUE(PiecesTo(a, "b").empty()) << "it may be down";
  a.Doze(50ms);
  a.Step(TimePassed{});
  ASSERT_EQ(PiecesTo(a, "b").size(), 1u);
  EXPECT_EQ(PiecesTo(a, "b")[0].offset, 40u);
}

// The log behind a snapshot that is under way stays, or the peer would need the next one as soon as it has this.
TEST(InstallSnapshot, ANewerSnapshotDoesNotReplaceOneThatMoves) {
  auto a = Compacted();
  FindEmpty(a, "b");
  a.TakeSnapshot(10, 10);
  EXPECT_EQ(a.log(), "1:9 2:10") << "b will need it";
  AnswerPieces(a, "b", Stored(2, 40));
  EXPECT_EQ(PiecesTo(a, "b").back().last_included, PositionOf("1:8"));
  AnswerPieces(a, "b", Installed(2));
  EXPECT_EQ(Text(AppendIn(a.TakeCallsTo("b").back()).entries), "1:9 2:10");
}

TEST(InstallSnapshot, OneThatHasStalledIsGivenUpAndTheLogLetGo) {
  Limits limits;
  limits.installation_patience = 3s;
  auto a = Compacted({.log = "1:1 1:2 1:3 1:4 1:5 1:6 1:7 1:8 1:9", .limits = limits});
  FindEmpty(a, "b");
  a.TakeSnapshot(10, 10);
  for (int i = 0; i < 70; ++i) {
    Beat(a, {"c"});
  }
  EXPECT_EQ(a.log(), "");
  ASSERT_EQ(EventsOf<InstallationChanged>(a).size(), 2u);
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[1].what, What::kGivenUp);
  a.TakeCallsTo("b");
  for (int i = 0; i < 4; ++i) {  // it is back
    Beat(a, {"c"});
    FindEmpty(a, "b");
  }
  ASSERT_GE(EventsOf<InstallationChanged>(a).size(), 3u);
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[2].what, What::kBegun);
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[2].last_included, PositionOf("2:10"));
}

TEST(InstallSnapshot, NoMorePeersThanAllowedAtATime) {
  auto a = Leader({.servers = 7, .log = "1:1 1:2 1:3"});
  a.FinishWrites();
  for (const char* peer : {"b", "c", "d"}) a.AnswerFrom(peer, Accept(2));
  ASSERT_EQ(a.core().commit(), Index{4});
  a.TakeSnapshot(4, 4);
  for (const char* peer : {"e", "f", "g"}) {
    FindEmpty(a, peer);
    Beat(a, {"b", "c", "d"});
  }
  EXPECT_EQ(PiecesTo(a, "e").size() + PiecesTo(a, "f").size() + PiecesTo(a, "g").size(), 2u);
  AnswerPieces(a, "e", Installed(2));
  AnswerPieces(a, "f", Installed(2));
  AnswerPieces(a, "g", Installed(2));
  EXPECT_EQ(EventsOf<InstallationChanged>(a).size(), 6u) << "three begun and three done";
}

TEST(InstallSnapshot, APeerThatKnowsNoSuchCallIsNamedOnce) {
  auto a = Compacted();
  FindEmpty(a, "b");
  for (const Call& call : a.TakeCallsTo("b")) {
    if (std::holds_alternative<SnapshotRequest>(call.request)) a.Step(ReplyReceived{call.id, {}, false, true});
  }
  for (int i = 0; i < 10; ++i) FindEmpty(a, "b");
  EXPECT_TRUE(PiecesTo(a, "b").empty());
  ASSERT_EQ(EventsOf<InstallationChanged>(a).size(), 2u);
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[1].what, What::kNotTaken);
}

TEST(InstallSnapshot, ASnapshotThatCannotBeReadIsGivenUp) {
  auto a = Compacted();
  FindEmpty(a, "b");
  for (const Call& call : a.TakeCallsTo("b")) {
    if (std::holds_alternative<SnapshotRequest>(call.request)) a.Step(PieceMissing{call.id});
  }
  EXPECT_EQ(EventsOf<InstallationChanged>(a)[1].what, What::kGivenUp);
}

// ---- Taking --------------------------------------------------------------------------------------------------------

TEST(TakeSnapshotUp, AnswersEachPieceWithWhereToGoOn) {
  auto a = Follower({.log = "1:1"});
  a.Hear(PieceOf("2:9", 3));
  a.FinishWrites();
  ASSERT_EQ(a.pieces.size(), 1u);
  EXPECT_EQ(a.core().leader(), "b");
  EXPECT_EQ(a.core().term(), Term{3});
  a.StorePiece(100, /*whole=*/false);
  const auto answer = AnswerIn(a.outbox);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(Text(answer->reply), "stored up to 100, term 3");
}

// A piece of ten bytes from `offset` on, of a hundred.
Request SmallPiece(uint64_t offset) {
  auto piece = std::get<SnapshotRequest>(PieceOf("2:9", 3, offset));
  piece.data = Bytes(std::string(10, 's'));
  return piece;
}

std::vector<std::string> AnswersOf(DrivenNode& node) {
  std::vector<std::string> answers;
  for (const Message& message : std::exchange(node.outbox, {})) {
    if (const auto* answer = std::get_if<Answer>(&message)) answers.push_back(Text(answer->reply));
  }
  return answers;
}

// The next is on its way while one is stored; but no more than one is ahead of the disk.
TEST(TakeSnapshotUp, APieceThatFollowsIsAnsweredBeforeItIsStored) {
  auto a = Follower({.log = "1:1"});
  a.Hear(SmallPiece(0));
  a.FinishWrites();
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{}) << "what is there has to turn out";
  a.StorePiece(10, /*whole=*/false);
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{"stored up to 10, term 3"});
  a.Hear(SmallPiece(10));
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{"stored up to 20, term 3"});
  a.Hear(SmallPiece(20));
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{});
  a.StorePiece(20, /*whole=*/false);
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{"stored up to 30, term 3"});
  a.StorePiece(30, /*whole=*/false);
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{});
}

TEST(TakeSnapshotUp, TheLastPieceIsAnsweredWhenItIsStored) {
  auto a = Follower({.log = "1:1"});
  a.Hear(SmallPiece(0));
  a.FinishWrites();
  a.StorePiece(90, /*whole=*/false);  // the rest was there from before
  AnswersOf(a);
  a.Hear(SmallPiece(90));
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{});
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{"installed, term 3"});
}

TEST(TakeSnapshotUp, WhereAPieceCouldNotBeStoredTheAnswerToTheNextSaysSo) {
  auto a = Follower({.log = "1:1"});
  a.Hear(SmallPiece(0));
  a.FinishWrites();
  a.StorePiece(10, /*whole=*/false);
  a.Hear(SmallPiece(10));
  AnswersOf(a);
  a.Hear(SmallPiece(20));
  const CallId failed = a.pieces.front().call;
  a.pieces.erase(a.pieces.begin());
  a.Step(PieceStored{.call = failed, .failed = true});
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{});
  a.StorePiece(10, /*whole=*/false);  // it did not follow what is there
  EXPECT_EQ(AnswersOf(a), std::vector<std::string>{"stored up to 10, term 3"});
}

// Figure 13, rule 7.
TEST(TakeSnapshotUp, ALogThatIsShortIsThrownAway) {
  auto a = Follower({.log = "1:1 1:2"});
  a.Hear(PieceOf("2:9", 3));
  a.FinishWrites();
  a.StorePiece(100);
  EXPECT_EQ(a.loads, std::vector<LogPosition>{PositionOf("2:9")});
  EXPECT_EQ(a.core().log().base(), PositionOf("2:9"));
  EXPECT_EQ(a.core().commit(), Index{9});
  EXPECT_EQ(AnswerIn(a.outbox), std::nullopt) << "the disk does not know of it yet";
  a.FinishWrites();
  EXPECT_EQ(Text(AnswerIn(a.outbox)->reply), "installed, term 3");
  EXPECT_EQ(Text(a.Ask(Append({.term = 3, .leader = "b", .prev = "2:9", .entries = "3:10", .commit = 10}))),
            "accepted, term 3");
  EXPECT_EQ(Text(a.committed), "3:10");
}

// hashicorp/raft #697: a log that conflicts, kept in part, never agrees, and the snapshot comes again for ever.
TEST(TakeSnapshotUp, ALogThatContradictsIsThrownAwayWhole) {
  auto a = Follower({.log = "1:1 1:2 1:3 1:4 1:5 1:6", .term = 2});
  a.Hear(PieceOf("2:4", 3));
  a.FinishWrites();
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_EQ(a.log(), "");
  EXPECT_EQ(a.core().log().last(), PositionOf("2:4"));
  EXPECT_EQ(a.core().stable(), Index{4});
  a.Crash();
  EXPECT_EQ(a.core().log().last(), PositionOf("2:4"));
  EXPECT_EQ(a.core().commit(), Index{4});
}

// Figure 13, rule 6.
TEST(TakeSnapshotUp, WhatFollowsItInALogThatAgreesStays) {
  auto a = Follower({.log = "1:1 1:2 2:3 2:4 2:5"});
  a.Hear(PieceOf("2:4", 2));
  a.FinishWrites();
  a.StorePiece(100);
  EXPECT_TRUE(a.loads.empty()) << "all that it holds is in the log";
  EXPECT_EQ(a.log(), "1:1 1:2 2:3 2:4 2:5");
  EXPECT_EQ(Text(a.committed), "1:1 1:2 2:3 2:4");
  EXPECT_EQ(a.core().commit(), Index{4});
}

TEST(TakeSnapshotUp, ACrashBeforeTheLogIsThrownAwayEndsTheSame) {
  auto a = Follower({.log = "1:1 1:2 1:3 1:4 1:5", .term = 2});
  a.Hear(PieceOf("2:4", 3));
  a.FinishWrites();
  a.StorePiece(100);
  ASSERT_TRUE(a.disk_is_busy());
  a.Crash();
  EXPECT_EQ(a.core().log().last(), PositionOf("2:4"));
  EXPECT_EQ(a.core().commit(), Index{4});
}

// Writes on their way to the disk when the log went vouch for nothing behind the snapshot.
TEST(TakeSnapshotUp, AWriteUnderWayDoesNotVouchForWhatWasThrownAway) {
  auto a = Follower({.log = "1:1", .term = 2});
  a.Hear(Append({.term = 2, .leader = "c", .prev = "1:1", .entries = "2:2 2:3 2:4 2:5 2:6"}));
  ASSERT_TRUE(a.disk_is_busy());
  a.Hear(PieceOf("3:4", 4));
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_EQ(a.core().stable(), Index{4});
}

TEST(TakeSnapshotUp, OneThatComesLateChangesNothing) {
  auto a = Follower({.log = "1:1 1:2 1:3"});
  a.Ask(Append({.term = 1, .leader = "b", .prev = "1:3", .commit = 3}));
  a.outbox.clear();
  a.Hear(PieceOf("1:2", 1));
  const auto answer = AnswerIn(a.outbox);
  EXPECT_TRUE(a.pieces.empty());
  EXPECT_EQ(answer ? Text(answer->reply) : "none", "installed, term 1");
  EXPECT_EQ(a.log(), "1:1 1:2 1:3");
}

TEST(TakeSnapshotUp, TheLastPieceAfterTheLogHasCaughtUpChangesNothing) {
  auto a = Follower({.log = "1:1"});
  a.Hear(PieceOf("1:3", 1));
  a.Ask(Append({.term = 1, .leader = "b", .prev = "1:1", .entries = "1:2 1:3 1:4", .commit = 4}));
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_TRUE(a.loads.empty());
  EXPECT_EQ(a.log(), "1:1 1:2 1:3 1:4");
}

// Its last piece is stored while we are elected. A leader of ours would have had nothing that we lack (§5.4.3).
TEST(TakeSnapshotUp, ANodeThatLeadsByNowTakesNoneUpThatItsLogDoesNotHave) {
  auto a = Follower({.log = "1:1 1:2"});
  a.Hear(PieceOf("1:9", 1));
  a.FinishWrites();
  a.BecomeLeader();
  a.outbox.clear();
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_EQ(a.core().role(), Role::kLeader);
  EXPECT_TRUE(a.loads.empty());
  EXPECT_EQ(a.log(), "1:1 1:2 2:3");
  const auto answer = AnswerIn(a.outbox);
  EXPECT_EQ(answer ? Text(answer->reply) : "none", "stored up to 100, term 2");
}

TEST(TakeSnapshotUp, ALeaderThatWasDeposedLearnsIt) {
  auto a = Follower({.log = "1:1", .term = 5});
  EXPECT_EQ(Text(a.Ask(PieceOf("2:9", 3))), "stored up to 0, term 5");
  EXPECT_TRUE(a.pieces.empty());
}

TEST(TakeSnapshotUp, ItKeepsAFollowerFromCampaigning) {
  auto a = Follower({.log = "1:1"});
  for (int i = 0; i < 20; ++i) {
    a.Hear(PieceOf("1:9", 1));
    a.Wait(100ms);
  }
  EXPECT_EQ(a.core().role(), Role::kFollower);
}

TEST(TakeSnapshotUp, WhatNoLeaderCanSendIsRefused) {
  struct Row {
    const char* what;
    Request piece;
  };
  SnapshotRequest beyond = std::get<SnapshotRequest>(PieceOf("1:9", 2));
  beyond.offset = 101;
  SnapshotRequest more = std::get<SnapshotRequest>(PieceOf("1:9", 2, 50));
  more.data = Bytes(std::string(51, 's'));
  for (const Row& row : {Row{"a stranger's", PieceOf("1:9", 2, 0, "stranger")}, Row{"of nothing", PieceOf("", 2)},
                         Row{"of the future", PieceOf("3:9", 2)}, Row{"against what is committed", PieceOf("1:2", 3)},
                         Row{"beyond its end", beyond}, Row{"more than there is", more}}) {
    auto a = Follower({.log = "1:1 2:2 2:3", .term = 2});
    a.Ask(Append({.term = 2, .leader = "b", .prev = "2:3", .commit = 3}));
    a.events.clear();
    EXPECT_EQ(a.Ask(row.piece), std::nullopt) << row.what;
    EXPECT_EQ(EventsOf<MessageRefused>(a).size(), 1u) << row.what;
    EXPECT_TRUE(a.pieces.empty()) << row.what;
    EXPECT_EQ(a.log(), "1:1 2:2 2:3");
  }
}

TEST(TakeSnapshotUp, AnAppendThatReachesBeforeTheBaseIsTakenFromThereOn) {
  auto a = Follower({.log = "1:1"});
  a.Hear(PieceOf("1:4", 1));
  a.StorePiece(100);
  a.FinishWrites();
  EXPECT_EQ(Text(a.Ask(Append({.term = 1, .leader = "b", .prev = "1:2", .entries = "1:3 1:4 1:5", .commit = 5}))),
            "accepted, term 1");
  EXPECT_EQ(a.log(), "1:5");
  EXPECT_EQ(Text(a.committed), "1:5");
}

}  // namespace
}  // namespace raftly
