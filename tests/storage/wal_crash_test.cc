// Random histories with crashes: what was synced is never lost, what was not is there in part or not at all, and a
// crash alone never makes a log that a node refuses.
#include <algorithm>
#include <random>

#include "tests/storage/wal_fixture.h"

namespace raftly::testing {
namespace {

class History {
 public:
  // Where `segment_bytes` is not 0, log is let go and thrown away as well, as for snapshots.
  explicit History(uint64_t seed, uint64_t segment_bytes = 0) : random_(seed), options_(Small()) {
    options_.segment_bytes = segment_bytes;
    Reopen();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) Step();
  }

 private:
  struct Contents {
    HardState hard_state;
    LogPosition base;
    Entries entries;

    LogPosition last() const { return entries.empty() ? base : entries.back().position(); }
  };
  // What was let go may still be there.
  bool Same(const Contents& wanted, const Contents& found) const {
    if (wanted.hard_state != found.hard_state || wanted.last() != found.last()) return false;
    const Index from = std::max({let_go_, wanted.base.index, found.base.index});
    if (found.base.index > std::max(let_go_, wanted.base.index)) return false;
    return After(wanted, from) == After(found, from);
  }
  static Entries After(const Contents& contents, Index from) {
    Entries entries = contents.entries;
    std::erase_if(entries, [&](const Entry& entry) { return entry.index <= from; });
    return entries;
  }

  uint64_t Below(uint64_t n) { return random_() % n; }

  void Step() {
    if (options_.segment_bytes > 0 && Below(12) == 0) return Below(3) == 0 ? ThrowAway() : LetGo();
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
    // What a snapshot holds is never replaced.
    const uint64_t first = std::max(now.base.index, let_go_).value + 1;
    uint64_t index = now.last().index.value + 1;
    if (Below(4) == 0) index -= Below(index - first + 1);
    for (uint64_t n = Below(5); n > 0; --n, ++index) {
      entries.push_back(E(index, ++term_, std::string(Below(200), 'x')));
      now.entries.resize(index - now.base.index.value - 1);
      now.entries.push_back(entries.back());
      possible_.push_back(now);
    }
    ASSERT_TRUE(opened_->log->Reserve(Wal::EncodedSize(hard_state, entries)).ok());
    ASSERT_TRUE(opened_->log->Append(hard_state, entries).ok());
  }

  void LetGo() {
    ASSERT_TRUE(opened_->log->Sync().ok());
    Synced();
    const LogPosition last = possible_.back().last();
    const uint64_t span = last.index.value - std::min(last.index, let_go_).value;
    let_go_ = Index{std::min(last.index, let_go_).value + Below(span + 1)};
    DieWithin(opened_->log->DropThrough(let_go_));
  }

  void ThrowAway() {
    Contents now = possible_.back();
    now.base = {{++term_}, now.last().index + Below(3)};
    if (Below(2) == 0 && !now.entries.empty()) now.base.index = now.entries[Below(now.entries.size())].index;
    if (now.base.index <= let_go_) return;
    now.entries.clear();
    possible_.push_back(now);
    files_.power_for = Below(2) == 0 ? -1 : static_cast<int>(Below(12));
    DieWithin(opened_->log->ThrowAway(now.base));
    if (!::testing::Test::HasFailure() && possible_.size() > 1) Synced();
  }

  // Where the power went in the middle of it, the node is gone.
  void DieWithin(const absl::Status& status) {
    if (status.ok()) {
      files_.power_for = -1;
      return;
    }
    opened_.reset();
    files_.Crash(random_, size_t{1} << Below(10));
    Reopen();
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
      if (files_.fail_syncs) (void)TryOpen(files_, options_);
    } while (files_.fail_syncs);
    Reopen();
  }

  void Reopen() {
    opened_.reset();
    opened_ = Open(files_, options_);
    const Contents found{opened_->hard_state, opened_->base, opened_->entries};
    ASSERT_TRUE(
        std::any_of(possible_.begin(), possible_.end(), [&](const Contents& wanted) { return Same(wanted, found); }));
    possible_ = {found};
    let_go_ = std::max(let_go_, found.base.index);
  }

  std::mt19937_64 random_;
  WalOptions options_;
  FaultyFiles files_;
  std::optional<Wal::Opened> opened_;
  std::vector<Contents> possible_ = {{}};  // front: what is durable; back: what has been appended
  uint64_t term_ = 0;
  Index let_go_;  // a snapshot, somewhere else, holds all up to here
};

TEST(WalCrash, NoHistoryLosesWhatWasSynced) {
  for (uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History(seed).Run(150);
  }
}

TEST(WalCrash, NoHistoryOfSegmentsLosesWhatWasSynced) {
  for (uint64_t seed = 1; seed <= 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History(seed, 300 + seed % 3 * 500).Run(150);
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
