// The simulated disk keeps its word about sync and nothing else.
#include "chaos/sim/sim_disk.h"

#include <gtest/gtest.h>

#include <set>

namespace raftly {
namespace {

class SimDiskTest : public testing::Test {
 protected:
  SimDiskTest() { MakeDisk(1); }

  void MakeDisk(uint64_t seed, DiskSettings settings = {}) {
    file_ = nullptr;
    disk_ = std::make_unique<SimDisk>(settings, seed);
    ASSERT_TRUE(disk_->CreateDirectory("d").ok());
    OpenFile();
  }
  void OpenFile() { file_ = std::move(disk_->Open("d/f").value()); }
  void Write(uint64_t offset, std::string_view data) { ASSERT_TRUE(file_->WriteAt(offset, data).ok()); }
  void Sync() {
    ASSERT_TRUE(file_->Sync().ok());
    ASSERT_TRUE(disk_->SyncDirectory("d").ok());
  }
  void PowerFails() { disk_->Fail(SimDisk::Crash::kPower); }
  std::string Contents() { return disk_->Read("d/f").value_or("(no file)"); }

  std::unique_ptr<SimDisk> disk_;
  std::unique_ptr<File> file_;
};

TEST_F(SimDiskTest, KeepsWhatWasSynced) {
  Write(0, "hello");
  Sync();
  PowerFails();
  EXPECT_EQ(Contents(), "hello");
}

TEST_F(SimDiskTest, LosesUnsyncedWritesAsARandomSubset) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    MakeDisk(seed, {.damaged_permille = 0});
    Write(0, "..");
    Sync();
    Write(0, "a");
    Write(1, "b");
    PowerFails();
    outcomes.insert(Contents());
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"..", "a.", ".b", "ab"}));
}

TEST_F(SimDiskTest, TearsALongWriteAtSectorsOnly) {
  bool torn = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    MakeDisk(seed, {.damaged_permille = 0});
    Write(0, std::string(2048, '.'));
    Sync();
    Write(100, std::string(1500, 'x'));
    PowerFails();
    const std::string contents = Contents();
    ASSERT_EQ(contents.size(), 2048u);
    EXPECT_EQ(contents.substr(0, 100), std::string(100, '.'));
    EXPECT_EQ(contents.substr(1600), std::string(448, '.'));
    for (size_t sector = 0; sector < 2048; sector += 512) {
      const size_t from = std::max<size_t>(sector, 100), to = std::min<size_t>(sector + 512, 1600);
      if (from >= to) continue;
      EXPECT_EQ(contents.substr(from, to - from), std::string(to - from, contents[from]));
    }
    torn =
        torn || (contents.find('x') != std::string::npos && contents.substr(100, 1500).find('.') != std::string::npos);
  }
  EXPECT_TRUE(torn);
}

TEST_F(SimDiskTest, DamagesUnsyncedBytesNowAndThen) {
  bool damaged = false;
  for (uint64_t seed = 1; seed <= 50 && !damaged; ++seed) {
    MakeDisk(seed, {.lost_permille = 0, .damaged_permille = 500});
    ASSERT_TRUE(disk_->SyncDirectory("d").ok());
    Write(0, "hello");
    PowerFails();
    damaged = Contents() != "hello";
  }
  EXPECT_TRUE(damaged);
}

TEST_F(SimDiskTest, ACrashDuringASyncLeavesItUndone) {
  bool lost = false, kept = false;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    MakeDisk(seed);
    ASSERT_TRUE(disk_->SyncDirectory("d").ok());
    disk_->BeginToDie();
    Write(0, "hello");
    EXPECT_FALSE(file_->Sync().ok());
    PowerFails();
    (Contents() == "hello" ? kept : lost) = true;
  }
  EXPECT_TRUE(lost);
  EXPECT_TRUE(kept);
}

TEST_F(SimDiskTest, AFailedSyncIsNotMadeGoodByTheNext) {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    MakeDisk(seed);
    Write(0, "hello");
    disk_->FailNextSync();
    EXPECT_FALSE(file_->Sync().ok());
    Sync();
    PowerFails();
    lost = lost || Contents() != "hello";
  }
  EXPECT_TRUE(lost);
}

TEST_F(SimDiskTest, AWriteOrASyncMayFindNoSpaceWhereItWasPromised) {
  int no_space = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    MakeDisk(seed);
    Write(0, "hello");
    disk_->FailNextSync();
    const bool full = absl::IsResourceExhausted(file_->Sync());
    disk_->FailNextWrite();
    no_space += full + absl::IsResourceExhausted(file_->WriteAt(0, "hello"));
  }
  EXPECT_GT(no_space, 10);
  EXPECT_LT(no_space, 90) << "mostly it is an error of another kind";
}

TEST_F(SimDiskTest, AProcessCrashLosesNothingButMakesNothingDurable) {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    MakeDisk(seed);
    Write(0, "hello");
    disk_->Fail(SimDisk::Crash::kProcess);
    EXPECT_EQ(Contents(), "hello");
    OpenFile();
    PowerFails();
    lost = lost || Contents() != "hello";
  }
  EXPECT_TRUE(lost);
}

TEST_F(SimDiskTest, ANewFileNeedsItsDirectorySynced) {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    MakeDisk(seed);
    Write(0, "hello");
    ASSERT_TRUE(file_->Sync().ok());
    PowerFails();
    lost = lost || Contents() == "(no file)";
  }
  EXPECT_TRUE(lost);
}

TEST_F(SimDiskTest, FilesOfACrashedProcessAreDead) {
  PowerFails();
  EXPECT_FALSE(file_->WriteAt(0, "late").ok());
  EXPECT_FALSE(file_->Sync().ok());
}

TEST_F(SimDiskTest, LocksExcludeAndAreReleasedByDestructionAndByCrash) {
  auto lock = disk_->Lock("d/lock");
  EXPECT_TRUE(lock.ok());
  EXPECT_FALSE(disk_->Lock("d/lock").ok());
  *lock = nullptr;
  auto second = disk_->Lock("d/lock");
  EXPECT_TRUE(second.ok());
  disk_->Fail(SimDisk::Crash::kProcess);
  EXPECT_TRUE(disk_->Lock("d/lock").ok());
}

TEST_F(SimDiskTest, AFullDiskTakesOnlyWhatIsAllocated) {
  ASSERT_TRUE(file_->Reserve(0, 10).ok());
  disk_->FillUp(true);
  EXPECT_TRUE(file_->WriteAt(0, "0123456789").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(file_->WriteAt(5, "0123456789")));
  EXPECT_TRUE(absl::IsResourceExhausted(file_->Reserve(10, 20)));
  disk_->FillUp(false);
  EXPECT_TRUE(file_->Reserve(10, 20).ok());
}

}  // namespace
}  // namespace raftly
