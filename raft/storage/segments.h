// Which files a log consists of (SPEC section 3.1), and what they say together. Changes no byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/files.h"
#include "raft/storage/wal_recovery.h"

namespace raftly::wal {

struct FoundSegment {
  std::string path;
  uint64_t sequence = 0;  // raft.wal: 0
  Index last;             // where the log ended when it went on elsewhere; of the last segment, where it ends
  uint64_t size = 0;      // of the file, space ahead included
  Recovery recovery;
};

struct FoundLog {
  Contents contents;
  std::vector<FoundSegment> segments;  // in order; at least one
  std::string last_bytes;              // of the last one's file
  std::vector<std::string> leftovers;  // paths of what a crash left half made, or half removed
  bool exists = false;                 // there is a file, if an empty one
};

std::string FirstSegmentPath(const std::string& directory);
std::string SegmentPath(const std::string& directory, Index first);
inline constexpr std::string_view kHalfMade = ".tmp";

// DataLoss as Recover, and where a segment is missing or is not what its name says.
absl::StatusOr<FoundLog> FindLog(FileSystem& files, const std::string& directory, const WalOptions& options,
                                 OnRot on_rot = OnRot::kRefuse);

}  // namespace raftly::wal
