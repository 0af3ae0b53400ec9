// The door to the disk: just what a log needs of a file system.
//
// All calls block and come from the disk executor's thread (or, before it runs, from the one that opens the node).
// Errors: NotFound, AlreadyExists, PermissionDenied; ResourceExhausted for a full disk or quota; FailedPrecondition
// for a lock held by another process; Internal for everything else (EIO …). Messages name the path and the cause.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raftly {

// A file open for writing at any offset.
class File {
 public:
  virtual ~File() = default;
  // All of `data` or an error. Not durable before Sync. Here and of Sync an error is final, lack of space too: it comes
  // too late to change one's mind, so neither ever says ResourceExhausted.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view data) = 0;
  // Makes [from, to) exist, allocated and read as zeros, so that later writes there need no space, and where they come
  // in order no change of metadata either. ResourceExhausted where the disk is full; the file's size is then as before.
  // Not durable before Sync.
  virtual absl::Status Reserve(uint64_t from, uint64_t to) = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  // A hint: [from, to) is written and will be synced before long, so that its way to the disk may begin. What goes
  // wrong there Sync says.
  virtual void BeginSync(uint64_t /*from*/, uint64_t /*to*/) {}
  // Everything written before is durable when this returns OK. After an error nothing is known, and nobody may retry:
  // the kernel may have dropped the dirty pages (Rebello et al., ATC'20).
  virtual absl::Status Sync() = 0;
};

// Held as long as it lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // With all missing parents, each made durable in its own parent. OK where it exists, and its name is made durable
  // then too: whoever created it may have died before.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  // The whole contents. NotFound where there is no such file.
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  // At most `size` bytes from `offset` on; fewer, or none, where the file ends before.
  virtual absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) = 0;
  // The names in a directory, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;
  // Creates the file where it is missing. Its directory entry is durable only after SyncDirectory.
  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) = 0;
  // New contents or old ones after a crash, never a mixture; durable when it returns.
  virtual absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) = 0;
  // Both within one directory, in one step, replacing what was called `to`; durable only after SyncDirectory.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // OK where there is no such file. Durable only after SyncDirectory.
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // Creates the file if needed and keeps other processes, and other callers in this one, from locking it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

}  // namespace raftly
