// Real files that lose power: what was not synced is gone, as if the machine had been switched off.
//
//   CrashableFiles files(NewPosixFileSystem());
//   files.CutPower();        // from here on nothing gets through
//   ... end the process ...
//   files.RestorePower();    // every file is what its last sync made it
//
// The kernel keeps what a dead process wrote, so ending a process loses nothing. This remembers beside each file what
// it was when it was last synced, and puts that back.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "raft/env/files.h"
#include "raft/env/mutex.h"

namespace raftly {

// Thread-safe. What happens to names (new, renamed, removed) survives without a sync of the directory.
class CrashableFiles : public FileSystem {
 public:
  explicit CrashableFiles(std::unique_ptr<FileSystem> real) : real_(std::move(real)) {}

  // Every write and sync fails until RestorePower.
  void CutPower();
  // Requires that no file is open. The error of putting things back, if any.
  absl::Status RestorePower();

  absl::Status CreateDirectory(const std::string& path) override { return real_->CreateDirectory(path); }
  absl::StatusOr<std::string> Read(const std::string& path) override { return real_->Read(path); }
  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override {
    return real_->ReadPart(path, offset, size);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return real_->List(directory);
  }
  // What the file holds now counts as synced.
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override;
  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override { return real_->SyncDirectory(path); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override { return real_->Lock(path); }

 private:
  class OpenFile;

  struct Change {
    uint64_t offset = 0;
    std::string data;
    bool resize = false;  // to `offset` bytes
  };
  struct Image {
    std::string synced;
    std::vector<Change> since;
  };
  static void Apply(std::string& bytes, const Change& change);

  const std::unique_ptr<FileSystem> real_;
  Mutex mutex_;
  bool power_ ABSL_GUARDED_BY(mutex_) = true;
  std::map<std::string, Image> images_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
