// A log with a hole, and what peers can and cannot mend of it: a test for each row of the table in log_repair.h that is
// about the log alone. tests/node/repair_test.cc has those that need peers.
#include "raft/storage/log_repair.h"

#include <algorithm>
#include <vector>

#include "raft/storage/segments.h"
#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

using ::testing::HasSubstr;

// A batch for each, and a pause after it, in which an idle log is sealed.
void Write(Wal& log, const Entries& entries) {
  for (const Entry& entry : entries) ASSERT_TRUE(Store(log, std::nullopt, {entry}).ok());
  ASSERT_TRUE(log.Seal().ok());
}

// As a peer has it that holds all of `log`, which begins with index 1.
struct Peer {
  Entries log;
  Index commit = {};
  size_t at_once = 1000;

  LogPosition At(Index index) const { return index ? log[index.value - 1].position() : LogPosition{}; }
  // What it makes of what `repair` wants.
  absl::Status Help(LogRepair& repair) const {
    const LogPosition proof = repair.proof();
    if (proof.index.value > log.size()) return absl::NotFoundError("shorter");
    const bool held = At(proof.index) == proof;
    if (!held && commit < proof.index) return absl::NotFoundError("another one");
    const uint64_t end = held ? proof.index.value : proof.index.value + 1;
    Entries entries;
    for (uint64_t i = repair.first().value; i < end && entries.size() < at_once; ++i) entries.push_back(log[i - 1]);
    return repair.Take(held ? Proof::kHeld : Proof::kReplaced, At(repair.first() - 1), entries);
  }
  absl::Status HelpToTheEnd(LogRepair& repair) const {
    absl::Status status;
    for (int turn = 0; status.ok() && !repair.whole(); ++turn)
      status = turn < 1000 ? Help(repair) : absl::AbortedError("endless");
    return status;
  }
};

class LogRepairTest : public ::testing::Test {
 protected:
  // Flips a bit in the last record of an entry of this index.
  void Damage(uint64_t index, const std::string& path = kLog) {
    std::string bytes = files_.Contents(path);
    uint64_t at = 0, found = 0;
    for (auto frame = wal::ReadFrame(bytes, at); frame; frame = wal::ReadFrame(bytes, at)) {
      const auto record = wal::Parse(frame->data);
      const auto* entry = record ? std::get_if<wal::EntryView>(&*record) : nullptr;
      if (entry != nullptr && entry->index == Index{index}) found = at + frame->size - 5;
      at += frame->size;
    }
    ASSERT_GT(found, 0u) << index;
    bytes[found] ^= 1;
    files_.Put(path, bytes);
    ASSERT_TRUE(absl::IsDataLoss(TryOpen(files_)));
  }
  std::unique_ptr<LogRepair> Repair() {
    auto repair = LogRepair::Open(files_, kDirectory, Small());
    EXPECT_TRUE(repair.ok()) << repair.status();
    return repair.ok() ? *std::move(repair) : nullptr;
  }
  std::string Refusal() {
    const auto before = files_.Everything();
    const absl::Status status = LogRepair::Open(files_, kDirectory, Small()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_EQ(files_.Everything(), before);
    EXPECT_THAT(std::string(status.message()), HasSubstr("-rejoin"));
    return std::string(status.message());
  }
  // Entries 1 to 4 of term 2, then 5 and 6 of term 3; the vote in term 3 is the last.
  void WriteSix() {
    auto opened = Open(files_);
    ASSERT_TRUE(Store(*opened.log, Vote(2, "a"), {}).ok());
    Write(*opened.log, {six_.begin(), six_.begin() + 4});
    ASSERT_TRUE(Store(*opened.log, Vote(3, "b"), {}).ok());
    Write(*opened.log, {six_.begin() + 4, six_.end()});
    ASSERT_TRUE(opened.log->Close().ok());
  }

  FaultyFiles files_;
  const Entries six_{E(1, 2, "one"),  E(2, 2, "two"),  E(3, 2, "three"),
                     E(4, 2, "four"), E(5, 3, "five"), E(6, 3, "six")};
};

TEST_F(LogRepairTest, Sec5_3_AHoleIsMendedFromALogThatHoldsTheEntryBehindIt) {
  WriteSix();
  Damage(2);
  auto repair = Repair();
  ASSERT_EQ(repair->holes().size(), 1u);
  EXPECT_EQ(repair->first(), Index{2});
  EXPECT_EQ(repair->proof(), (LogPosition{{2}, {3}}));
  EXPECT_THAT(repair->Describe(), HasSubstr("missing are the entries from index 2 to 2"));
  ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
  EXPECT_EQ(repair->taken(), 1u);
  ASSERT_TRUE(repair->Finish().ok());
  auto opened = Open(files_);
  EXPECT_EQ(opened.entries, six_);
  EXPECT_EQ(opened.hard_state, Vote(3, "b"));
  // It goes on like any other.
  ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(7, 3, "seven")}).ok());
  opened.log.reset();
  EXPECT_EQ(Open(files_).entries.size(), 7u);
}

TEST_F(LogRepairTest, WhatLiesBetweenTwoHolesComesFromPeersToo) {
  WriteSix();
  Damage(2);
  Damage(4);
  auto repair = Repair();
  EXPECT_EQ(repair->holes().size(), 2u);
  EXPECT_EQ(repair->proof().index, Index{5});
  ASSERT_TRUE((Peer{.log = six_, .at_once = 1}.HelpToTheEnd(*repair).ok()));
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).entries, six_);
}

// What the hole held had replaced entries before it, and nobody would know from here.
TEST_F(LogRepairTest, EntriesBeforeTheHoleThatWereReplacedInItAreReplacedAgain) {
  Entries now{E(1, 1), E(2, 2, "b2"), E(3, 2, "b3"), E(4, 2, "b4"), E(5, 2, "b5")};
  {
    auto opened = Open(files_);
    ASSERT_TRUE(Store(*opened.log, Vote(1, "a"), {}).ok());
    Write(*opened.log, {E(1, 1), E(2, 1, "a2"), E(3, 1, "a3"), E(4, 1, "a4")});
    ASSERT_TRUE(Store(*opened.log, Vote(2, "b"), {now[1], now[2]}).ok());
    ASSERT_TRUE(opened.log->Seal().ok());
    Write(*opened.log, {now[3], now[4]});
    ASSERT_TRUE(opened.log->Close().ok());
  }
  Damage(2);
  auto repair = Repair();
  EXPECT_EQ(repair->before().size(), 4u);
  EXPECT_EQ(repair->first(), Index{4});
  ASSERT_TRUE((Peer{now}.HelpToTheEnd(*repair).ok()));
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).entries, now);
}

TEST_F(LogRepairTest, Figure13_ASnapshotThatReachesBehindTheHoleStandsForWhatWasInIt) {
  WriteSix();
  Damage(2);
  auto repair = Repair();
  repair->BeginWith({{3}, {5}});
  ASSERT_TRUE(repair->whole());
  EXPECT_FALSE(repair->replaced_from());
  ASSERT_TRUE(repair->Finish().ok());
  const auto opened = Open(files_);
  EXPECT_EQ(opened.base, (LogPosition{{3}, {5}}));
  EXPECT_EQ(opened.entries, Entries{six_[5]});
  EXPECT_EQ(opened.hard_state, Vote(3, "b"));
}

TEST_F(LogRepairTest, Figure13_ASnapshotThatContradictsWhatIsBehindTheHoleTakesItsPlace) {
  WriteSix();
  Damage(2);
  for (const LogPosition snapshot : {LogPosition{{4}, {5}}, LogPosition{{4}, {9}}}) {
    auto repair = Repair();
    repair->BeginWith(snapshot);
    ASSERT_TRUE(repair->whole());
    EXPECT_EQ(repair->replaced_from(), Index{1});
    EXPECT_EQ(repair->behind(), Entries());
    EXPECT_EQ(repair->base(), snapshot);
  }
}

TEST_F(LogRepairTest, ASnapshotThatEndsInTheHoleLeavesTheRestToPeers) {
  WriteSix();
  Damage(2);
  Damage(4);
  auto repair = Repair();
  repair->BeginWith({{2}, {1}});  // all of it is here
  EXPECT_EQ(repair->first(), Index{2});
  repair->BeginWith({{2}, {3}});
  EXPECT_EQ(repair->first(), Index{4});
  ASSERT_FALSE(repair->whole());
  ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
  ASSERT_TRUE(repair->Finish().ok());
  const auto opened = Open(files_);
  EXPECT_EQ(opened.base, (LogPosition{{2}, {3}}));
  EXPECT_EQ(opened.entries, Entries(six_.begin() + 3, six_.end()));
}

TEST_F(LogRepairTest, Sec5_4_WhereAPeerHasCommittedAnotherEntryOursGoFromThereOn) {
  WriteSix();
  Damage(4);
  Entries theirs{six_.begin(), six_.begin() + 2};
  for (uint64_t i = 3; i <= 7; ++i) theirs.push_back(E(i, 4, "theirs"));
  auto repair = Repair();
  ASSERT_EQ(repair->proof(), (LogPosition{{3}, {5}}));
  EXPECT_FALSE((Peer{.log = theirs, .commit = {4}}.Help(*repair).ok()));
  ASSERT_TRUE((Peer{.log = theirs, .commit = {5}}.HelpToTheEnd(*repair).ok()));
  EXPECT_EQ(repair->replaced_from(), Index{3});
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).entries, Entries(theirs.begin(), theirs.begin() + 5));
}

TEST_F(LogRepairTest, WithoutAStateRecordBehindTheHoleItIsRefused) {
  {
    auto opened = Open(files_);
    ASSERT_TRUE(Store(*opened.log, Vote(2, "a"), {six_[0]}).ok());
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {six_[1]}).ok());
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {six_[2]}).ok());
  }
  Damage(1);
  EXPECT_THAT(Refusal(), HasSubstr("no term and vote lie behind it"));
}

TEST_F(LogRepairTest, WithoutAnEntryBehindTheHoleItIsRefused) {
  WriteSix();
  Damage(6);
  EXPECT_THAT(Refusal(), HasSubstr("no entry lies behind it"));
}

TEST_F(LogRepairTest, AFileWithoutMarkersIsRefused) {
  std::string bytes = Golden("go.wal.hex");
  bytes[10] ^= 1;
  files_.Put(kLog, bytes);
  EXPECT_THAT(Refusal(), HasSubstr("an intact record follows"));
}

TEST_F(LogRepairTest, ARecordThatMakesNoSenseIsRefused) {
  files_.Put(kLog, Golden("raftly.wal.hex") + Record(E(9, 3)));
  EXPECT_THAT(Refusal(), HasSubstr("gap"));
}

// Versions before this one did not say with each state whether the node may vote.
TEST_F(LogRepairTest, WhereNothingBehindTheHoleSaysSoTheNodeMayNotVote) {
  {
    auto opened = Open(files_);
    ASSERT_TRUE(Store(*opened.log, Vote(2, "a"), {six_[0]}).ok());
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {six_[1]}).ok());
    ASSERT_TRUE(Store(*opened.log, Vote(3, "b"), {six_[2]}).ok());
  }
  Damage(2);
  auto repair = Repair();
  ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).hard_state, Vote(3, "b", /*may_vote=*/false));
}

TEST_F(LogRepairTest, WhatWasNotAskedForChangesNothing) {
  WriteSix();
  Damage(2);
  Damage(4);
  auto repair = Repair();
  const LogPosition one = six_[0].position();
  for (const Entries& wrong : {Entries{six_[2]},                             // not the first
                               Entries{six_[1], six_[3]},                    // a gap
                               Entries{six_[1], E(3, 1)},                    // a term that falls
                               Entries{six_[1], E(3, 0)},                    // none
                               Entries{six_[1], E(3, 9)},                    // later than what follows
                               Entries{six_[1], six_[2], six_[3], six_[4]},  // beyond the proof
                               Entries{}}) {
    EXPECT_FALSE(repair->Take(Proof::kHeld, one, wrong).ok());
  }
  EXPECT_FALSE(repair->Take(Proof::kHeld, {{2}, {2}}, {six_[2]}).ok());
  EXPECT_EQ(repair->first(), Index{2});
  ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).entries, six_);
}

TEST_F(LogRepairTest, OnAFullDiskNothingIsLostAndItIsTriedAgain) {
  WriteSix();
  Damage(2);
  auto repair = Repair();
  ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
  files_.capacity = files_.Contents(kLog).size() + 10;
  const auto before = files_.Everything();
  EXPECT_TRUE(absl::IsResourceExhausted(repair->Finish()));
  EXPECT_EQ(files_.Everything(), before);
  files_.capacity = UINT64_MAX;
  ASSERT_TRUE(repair->Finish().ok());
  EXPECT_EQ(Open(files_).entries, six_);
}

TEST_F(LogRepairTest, ACrashAtAnyStepLeavesTheDamagedLogOrTheMendedOne) {
  WriteSix();
  Damage(2);
  const auto damaged = files_.Contents(kLog);
  std::mt19937_64 random(1);
  bool finished = false;
  for (int steps = 0; !finished; ++steps) {
    ASSERT_LT(steps, 100);
    for (int again = 0; again < 20; ++again) {
      SCOPED_TRACE(steps);
      files_ = FaultyFiles();
      files_.Put(kLog, damaged);
      {
        auto repair = Repair();
        ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
        files_.power_for = steps;
        finished = repair->Finish().ok();
      }
      files_.Crash(random, 8);
      if (absl::IsDataLoss(TryOpen(files_))) {
        ASSERT_FALSE(finished);
        auto repair = Repair();
        ASSERT_TRUE((Peer{six_}.HelpToTheEnd(*repair).ok()));
        ASSERT_TRUE(repair->Finish().ok());
      }
      EXPECT_EQ(Open(files_).entries, six_);
    }
  }
}

// ---- Wherever the damage is ----------------------------------------------------------------------------------------

// A log of several segments that was cut more than once, with what it comes to in the end.
class EveryBit : public LogRepairTest {
 protected:
  void WriteHistory() {
    WalOptions options = Small();
    options.segment_bytes = 600;
    auto opened = Open(files_, options);
    ASSERT_TRUE(Store(*opened.log, Vote(1, "a"), {}).ok());
    Append(*opened.log, 1, 9, 1);
    ASSERT_TRUE(Store(*opened.log, Vote(3, "b"), {}).ok());
    Append(*opened.log, 7, 12, 3);
    ASSERT_TRUE(Store(*opened.log, Vote(4, ""), {}).ok());
    Append(*opened.log, 12, 20, 4);
    ASSERT_TRUE(opened.log->Close().ok());
    ASSERT_GT(opened.log->stats().segments, 2u);
  }
  void Append(Wal& log, uint64_t from, uint64_t to, uint64_t term) {
    for (uint64_t i = from; i <= to; ++i) {
      Entry entry = E(i, term, "entry " + std::to_string(i) + " of term " + std::to_string(term));
      ASSERT_TRUE(Store(log, std::nullopt, {entry}).ok());
      if (i % 4 == 0) {
        ASSERT_TRUE(log.Seal().ok());
      }
      all_.resize(i - 1);
      all_.push_back(std::move(entry));
    }
  }

  Entries all_;
};

TEST_F(EveryBit, IsMendedToWhatWasThereOrRefused) {
  WriteHistory();
  const auto whole = files_.Everything();
  size_t mended = 0, refused = 0;
  for (const auto& [path, bytes] : whole) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      SCOPED_TRACE(path + " " + std::to_string(at));
      files_ = FaultyFiles();
      for (const auto& [name, contents] : whole) files_.Put(name, contents);
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      files_.Put(path, damaged);
      if (!absl::IsDataLoss(TryOpen(files_))) continue;
      auto repair = LogRepair::Open(files_, kDirectory, Small());
      if (!repair.ok()) {
        ASSERT_TRUE(absl::IsDataLoss(repair.status())) << repair.status();
        ++refused;
        continue;
      }
      ASSERT_TRUE((Peer{.log = all_, .at_once = 3}.HelpToTheEnd(**repair).ok()));
      ASSERT_TRUE((*repair)->Finish().ok());
      repair->reset();
      const auto opened = Open(files_);
      ASSERT_EQ(opened.entries, all_);
      ASSERT_EQ(opened.hard_state.term, Term{4});
      ASSERT_EQ(opened.hard_state.voted_for, "");
      ++mended;
    }
  }
  EXPECT_GT(mended, refused);
}

// Nothing shows what a segment held whose first records are damaged, or that is gone.
TEST_F(EveryBit, ASegmentWithoutABeginningIsRefused) {
  WriteHistory();
  std::string second;
  for (const auto& [path, bytes] : files_.Everything()) {
    if (path != kLog && second.empty() && path.ends_with(".wal")) second = path;
  }
  std::string bytes = files_.Contents(second);
  bytes[wal::kMarkerRecordBytes + 10] ^= 1;
  files_.Put(second, bytes);
  EXPECT_THAT(Refusal(), HasSubstr("its first records, which were durable, are damaged"));
  ASSERT_TRUE(files_.Remove(second).ok());
  EXPECT_THAT(Refusal(), HasSubstr("one between them is missing"));
}

}  // namespace
}  // namespace raftly::testing
