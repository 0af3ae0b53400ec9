// Random histories with crashes: what was synced is never lost, what was not is there in part or not at all, and a
// crash alone never makes a log that a node refuses.
#include <algorithm>
#include <random>

#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) { Reopen(); }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) Step();
  }

 private:
  struct Contents {
    HardState hard_state;
    Entries entries;
    bool operator==(const Contents&) const = default;
  };

  uint64_t Below(uint64_t n) { return random_() % n; }

  void Step() {
    switch (Below(10)) {
      case 0:
        CrashInTheMiddle();
        break;
      case 1:
        ASSERT_TRUE(opened_->log->Seal().ok());
        Synced();
        break;
      case 2:
        ASSERT_TRUE(opened_->log->Close().ok());
        Synced();
        Reopen();
        break;
      case 3:
      case 4:
        ASSERT_TRUE(opened_->log->Sync().ok());
        Synced();
        break;
      default:
        Append();
    }
  }

  // Every record is a step that a crash may stop after.
  void Append() {
    std::optional<HardState> hard_state;
    Contents now = possible_.back();
    if (Below(3) == 0) {
      hard_state = Vote(now.hard_state.term.value + Below(2), Below(2) == 0 ? "" : "node2", Below(4) != 0);
      if (hard_state->may_vote != now.hard_state.may_vote) {
        now.hard_state.may_vote = hard_state->may_vote;
        possible_.push_back(now);
      }
      now.hard_state = *hard_state;
      possible_.push_back(now);
    }
    Entries entries;
    uint64_t index = now.entries.size() + 1;
    if (Below(4) == 0) index -= Below(index);
    for (uint64_t n = Below(5); n > 0; --n, ++index) {
      entries.push_back(E(std::max<uint64_t>(index, 1), ++term_, std::string(Below(200), 'x')));
      now.entries.resize(entries.back().index.value - 1);
      now.entries.push_back(entries.back());
      possible_.push_back(now);
    }
    ASSERT_TRUE(opened_->log->Reserve(Wal::EncodedSize(hard_state, entries)).ok());
    ASSERT_TRUE(opened_->log->Append(hard_state, entries).ok());
  }

  void Synced() { possible_ = {possible_.back()}; }

  // The batch is written, its sync never returns; sometimes the crash comes again while the log is being recovered.
  void CrashInTheMiddle() {
    files_.fail_syncs = true;
    if (Below(4) != 0) (void)opened_->log->Sync();
    do {
      opened_.reset();
      files_.Crash(random_, size_t{1} << Below(10));
      files_.fail_syncs = Below(3) == 0;
      if (files_.fail_syncs) (void)TryOpen(files_);
    } while (files_.fail_syncs);
    Reopen();
  }

  void Reopen() {
    opened_.reset();
    opened_ = Open(files_);
    const Contents found{opened_->hard_state, opened_->entries};
    ASSERT_NE(std::find(possible_.begin(), possible_.end(), found), possible_.end());
    possible_ = {found};
  }

  std::mt19937_64 random_;
  FaultyFiles files_;
  std::optional<Wal::Opened> opened_;
  std::vector<Contents> possible_ = {{}};  // front: what is durable; back: what has been appended
  uint64_t term_ = 0;
};

TEST(WalCrash, NoHistoryLosesWhatWasSynced) {
  for (uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History(seed).Run(150);
  }
}

TEST(WalCrash, WhatIsSyncedAfterATornTailSurvivesTheNextCrash) {
  std::mt19937_64 random(7);
  FaultyFiles files;
  ASSERT_TRUE(Store(*Open(files).log, Vote(1, ""), {E(1, 1, "first")}).ok());
  files.Put(kLog, files.Contents(kLog) + Length(60) + "torn");
  {
    auto opened = Open(files);
    ASSERT_TRUE(opened.torn_tail);
    ASSERT_TRUE(Store(*opened.log, std::nullopt, {E(2, 1, "second")}).ok());
  }
  files.Crash(random, 1);
  EXPECT_EQ(Open(files).entries, (Entries{E(1, 1, "first"), E(2, 1, "second")}));
}

TEST(WalCrash, AnUnsyncedTailThatSurvivedIsDurableBeforeTheNodeActsOnIt) {
  std::mt19937_64 random(7);
  FaultyFiles files;
  {
    auto opened = Open(files);
    ASSERT_TRUE(opened.log->Append(Vote(1, "node2"), {}).ok());
    files.fail_syncs = true;
    (void)opened.log->Sync();  // in the page cache; then the process dies, the machine does not
    files.fail_syncs = false;
  }
  const HardState seen = Open(files).hard_state;
  EXPECT_EQ(seen, Vote(1, "node2"));
  files.Crash(random, 1);
  EXPECT_EQ(Open(files).hard_state, seen);
}

}  // namespace
}  // namespace raftly::testing
