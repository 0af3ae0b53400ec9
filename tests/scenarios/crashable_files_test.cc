// What a power cut leaves of real files.
#include "chaos/crashable_files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "raft/env/posix_files.h"

namespace raftly {
namespace {

class CrashableFilesTest : public ::testing::Test {
 protected:
  CrashableFilesTest() : files_(NewPosixFileSystem()) {
    std::string path = (std::filesystem::temp_directory_path() / "raftly-files-XXXXXX").string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
    path_ = (directory_ / "log").string();
    file_ = *files_.Open(path_);
  }
  ~CrashableFilesTest() override {
    file_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string AfterCrash() {
    files_.CutPower();
    file_.reset();
    EXPECT_TRUE(files_.RestorePower().ok());
    return *files_.Read(path_);
  }

  CrashableFiles files_;
  std::filesystem::path directory_;
  std::string path_;
  std::unique_ptr<File> file_;
};

TEST_F(CrashableFilesTest, WhatWasSyncedSurvivesAndTheRestIsGone) {
  ASSERT_TRUE(file_->WriteAt(0, "synced").ok());
  ASSERT_TRUE(file_->Sync().ok());
  ASSERT_TRUE(file_->WriteAt(2, "overwritten and longer").ok());
  EXPECT_EQ(*files_.Read(path_), "syoverwritten and longer");
  EXPECT_EQ(AfterCrash(), "synced");
}

TEST_F(CrashableFilesTest, ReservationsAndTruncationsAreUndoneToo) {
  ASSERT_TRUE(file_->WriteAt(0, "synced").ok());
  ASSERT_TRUE(file_->Reserve(6, 8).ok());
  ASSERT_TRUE(file_->Sync().ok());
  ASSERT_TRUE(file_->Truncate(3).ok());
  ASSERT_TRUE(file_->Reserve(3, 100).ok());
  EXPECT_EQ(AfterCrash(), std::string("synced\0\0", 8));
}

TEST_F(CrashableFilesTest, WithoutPowerNothingGetsThrough) {
  ASSERT_TRUE(file_->WriteAt(0, "not yet").ok());
  files_.CutPower();
  EXPECT_FALSE(file_->Sync().ok());
  EXPECT_FALSE(file_->WriteAt(0, "too late").ok());
  EXPECT_EQ(AfterCrash(), "");
}

TEST_F(CrashableFilesTest, PowerComesBack) {
  ASSERT_TRUE(file_->WriteAt(0, "gone").ok());
  EXPECT_EQ(AfterCrash(), "");
  file_ = *files_.Open(path_);
  ASSERT_TRUE(file_->WriteAt(0, "kept").ok());
  ASSERT_TRUE(file_->Sync().ok());
  EXPECT_EQ(AfterCrash(), "kept");
}

}  // namespace
}  // namespace raftly
