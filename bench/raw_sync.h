// What the disk can do at best: bytes into zero-filled space, then fdatasync, without any log around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/samples.h"

namespace raftly::bench {

// A directory on the disk that is measured (RAFTLY_BENCH_DIR, else the working directory), removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  std::string Path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class RawSyncFile {
 public:
  explicit RawSyncFile(const std::string& path);
  ~RawSyncFile();

  // Writes `bytes` after the former ones and syncs; how long both took.
  Duration WriteAndSync(size_t bytes);

 private:
  static constexpr uint64_t kSpace = 4 << 20;

  const int fd_;
  uint64_t end_ = 0;
  const std::string zeros_;
};

// `writers` files, synced by a thread each at the same time, `times` each. The latencies of all.
class RawSyncGroup {
 public:
  RawSyncGroup(const ScratchDirectory& directory, size_t writers);
  Samples Run(size_t bytes, int times);

 private:
  std::vector<std::unique_ptr<RawSyncFile>> files_;
};

}  // namespace raftly::bench
