// The real file system with two faults that a test may switch on from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/env/posix_files.h"

namespace raftly::testing {

class FaultyDisk : public FileSystem {
 public:
  std::atomic<bool> full{false};  // no space beyond what is reserved
  std::atomic<bool> syncs_fail{false};
  std::atomic<bool> snapshots_fail{false};  // nothing can be written into one
  // With which error; the lack of space that no sync may report as such included.
  std::atomic<absl::StatusCode> sync_error{absl::StatusCode::kInternal};

  absl::Status CreateDirectory(const std::string& path) override { return real_->CreateDirectory(path); }
  absl::StatusOr<std::string> Read(const std::string& path) override { return real_->Read(path); }
  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override {
    return real_->ReadPart(path, offset, size);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return real_->List(directory);
  }
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    auto file = real_->Open(path);
    if (!file.ok()) return file.status();
    const bool snapshot = path.find("/snapshot-") != std::string::npos;
    return std::make_unique<FaultyFile>(*this, *std::move(file), snapshot);
  }
  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override {
    return real_->ReplaceAtomically(path, contents);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override { return real_->Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return real_->Remove(path); }
  absl::Status SyncDirectory(const std::string& path) override { return real_->SyncDirectory(path); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override { return real_->Lock(path); }

 private:
  class FaultyFile : public File {
   public:
    FaultyFile(FaultyDisk& disk, std::unique_ptr<File> real, bool snapshot)
        : disk_(disk), real_(std::move(real)), snapshot_(snapshot) {}
    absl::Status WriteAt(uint64_t offset, std::string_view data) override {
      if (snapshot_ && disk_.snapshots_fail) return absl::InternalError("write: No space left on device");
      return real_->WriteAt(offset, data);
    }
    absl::Status Reserve(uint64_t from, uint64_t to) override {
      return disk_.full ? absl::ResourceExhaustedError("full") : real_->Reserve(from, to);
    }
    absl::Status Truncate(uint64_t size) override { return real_->Truncate(size); }
    absl::Status Sync() override {
      return disk_.syncs_fail ? absl::Status(disk_.sync_error, "sync failed") : real_->Sync();
    }

   private:
    FaultyDisk& disk_;
    const std::unique_ptr<File> real_;
    const bool snapshot_;
  };

  const std::unique_ptr<FileSystem> real_ = NewPosixFileSystem();
};

}  // namespace raftly::testing
