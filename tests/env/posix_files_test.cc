// Against the real file system, in a directory of its own.
#include "raft/env/posix_files.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Whatever this program syncs as a whole, in order.
static std::vector<std::string> synced_paths;

// Stands in front of the library's.
extern "C" int fsync(int fd) {
  std::error_code error;
  synced_paths.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error).string());
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace raftly {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class PosixFiles : public ::testing::Test {
 protected:
  PosixFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "raftly-posix-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~PosixFiles() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::unique_ptr<File> Open(const std::string& name) { return *files_->Open(Path(name)); }
  std::string Contents(const std::string& name) { return *files_->Read(Path(name)); }

  std::string directory_;
  std::unique_ptr<FileSystem> files_ = NewPosixFileSystem();
};

TEST_F(PosixFiles, WhatIsNotThereIsNotFound) {
  const absl::Status status = files_->Read(Path("none")).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(Path("none")));
  EXPECT_TRUE(absl::IsNotFound(files_->SyncDirectory(Path("none"))));
}

TEST_F(PosixFiles, WritesAtAnyOffsetAndReadsBack) {
  auto file = Open("log");
  ASSERT_TRUE(file->WriteAt(3, "def").ok());
  ASSERT_TRUE(file->WriteAt(0, "abc").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Contents("log"), "abcdef");
}

TEST_F(PosixFiles, OpeningKeepsWhatIsThere) {
  ASSERT_TRUE(Open("log")->WriteAt(0, "kept").ok());
  ASSERT_TRUE(Open("log")->Sync().ok());
  EXPECT_EQ(Contents("log"), "kept");
}

TEST_F(PosixFiles, TruncatesAndSyncs) {
  auto file = Open("log");
  ASSERT_TRUE(file->WriteAt(0, "abcdef").ok());
  ASSERT_TRUE(file->Truncate(2).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Contents("log"), "ab");
}

TEST_F(PosixFiles, ReservedSpaceIsZeroAndAllocated) {
  constexpr uint64_t kSize = (uint64_t{2} << 20) + 17;
  auto file = Open("log");
  ASSERT_TRUE(file->WriteAt(0, "abc").ok());
  ASSERT_TRUE(file->Reserve(3, kSize).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Contents("log"), "abc" + std::string(kSize - 3, '\0'));
  struct stat info {};
  ASSERT_EQ(stat(Path("log").c_str(), &info), 0);
  EXPECT_GE(static_cast<uint64_t>(info.st_blocks) * 512, kSize);
}

// The limit on a file's size stands in for a full disk: it can be had without one.
TEST_F(PosixFiles, WhereSpaceRunsOutTheSizeIsAsBefore) {
  auto file = Open("log");
  ASSERT_TRUE(file->WriteAt(0, "abc").ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{1 << 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status status = file->Reserve(3, 8 << 20);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(Path("log")));
  EXPECT_EQ(Contents("log"), "abc");
  EXPECT_TRUE(file->Reserve(3, 8 << 20).ok());
}

TEST_F(PosixFiles, AWriteThatFindsNoSpaceDoesNotAskToBeTriedAgain) {
  auto file = Open("log");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{16, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status status = file->WriteAt(0, std::string(100, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(absl::IsInternal(status)) << status;
}

// Who made it may have died before it made its name durable.
TEST_F(PosixFiles, ADirectoryThatIsThereIsMadeDurableInItsParent) {
  std::filesystem::create_directories(Path("a/b"));
  synced_paths.clear();
  EXPECT_TRUE(files_->CreateDirectory(Path("a/b")).ok());
  EXPECT_EQ(synced_paths, std::vector<std::string>{Path("a")});
  EXPECT_TRUE(files_->CreateDirectory(Path("a/b/c")).ok());
  EXPECT_THAT(synced_paths, Contains(Path("a/b")));
}

TEST_F(PosixFiles, CreatesDirectoriesWithTheirParents) {
  EXPECT_TRUE(files_->CreateDirectory(Path("a/b/c")).ok());
  EXPECT_TRUE(files_->CreateDirectory(Path("a/b/c")).ok());
  EXPECT_TRUE(files_->CreateDirectory(Path("a/b/d/")).ok());
  EXPECT_TRUE(std::filesystem::is_directory(Path("a/b/c")));
  EXPECT_TRUE(std::filesystem::is_directory(Path("a/b/d")));
}

TEST_F(PosixFiles, AFileInTheWayOfADirectoryIsAnError) {
  ASSERT_TRUE(Open("a")->Sync().ok());
  EXPECT_TRUE(absl::IsAlreadyExists(files_->CreateDirectory(Path("a"))));
  EXPECT_TRUE(absl::IsAlreadyExists(files_->CreateDirectory(Path("a/b"))));
}

TEST_F(PosixFiles, ReplacesAtomicallyAndLeavesNothingBehind) {
  ASSERT_TRUE(files_->ReplaceAtomically(Path("x"), "old").ok());
  ASSERT_TRUE(files_->ReplaceAtomically(Path("x"), "new").ok());
  EXPECT_EQ(Contents("x"), "new");
  EXPECT_FALSE(std::filesystem::exists(Path("x.tmp")));
}

TEST_F(PosixFiles, AReplacementThatFailsLeavesTheOld) {
  std::filesystem::create_directory(Path("x"));
  std::filesystem::create_directory(Path("x/y"));
  EXPECT_FALSE(files_->ReplaceAtomically(Path("x"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_directory(Path("x/y")));
  EXPECT_FALSE(std::filesystem::exists(Path("x.tmp")));
}

TEST_F(PosixFiles, ALockHasOneHolder) {
  auto lock = files_->Lock(Path("lock"));
  ASSERT_TRUE(lock.ok());
  const absl::Status refused = files_->Lock(Path("lock")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("another process holds"));
  lock->reset();
  EXPECT_TRUE(files_->Lock(Path("lock")).ok());
}

}  // namespace
}  // namespace raftly
