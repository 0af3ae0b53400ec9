// raftly-client backup and verify: the cluster's state as a file, taken over HTTP and checked byte by byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/storage/snapshot_format.h"
#include "server/address.h"

namespace httplib {
class Client;
}

namespace raftly {

struct BackupReport {
  SnapshotHeader header;
  std::string cluster_id;  // empty: the file names none
  uint64_t bytes = 0;
  uint64_t resumed_at = 0;  // where an earlier try had stopped
};

// Asks `server`, through `client`, for a backup and writes it to `path`, through `path`.part, which a later call goes
// on with where this one breaks off. Every block and the end are checked on the way. `progress` hears how many bytes
// are there.
absl::StatusOr<BackupReport> TakeBackup(const Address& server, httplib::Client& client, const std::string& path,
                                        const std::function<void(uint64_t)>& progress);

// DataLoss where the file is damaged or cut short: names the offset.
absl::StatusOr<BackupReport> VerifyBackup(const std::string& path);

// "index 12, term 3, cluster …, 4567 bytes".
std::string Describe(const BackupReport& report);

}  // namespace raftly
