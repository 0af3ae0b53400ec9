#include "raft/storage/directory_report.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/wal_recovery.h"

namespace raftly {
namespace {

absl::Status ReadLog(FileSystem& files, const std::string& path, DirectoryReport& report) {
  absl::StatusOr<std::string> read = files.Read(path);
  if (absl::IsNotFound(read.status())) return absl::OkStatus();
  if (!read.ok()) return read.status();
  report.file_bytes = read->size();
  absl::StatusOr<wal::Recovery> found =
      wal::Recover(std::make_shared<const std::string>(*std::move(read)), path, WalOptions{});
  if (!found.ok()) {
    report.log_status = found.status();
    return absl::OkStatus();
  }
  report.has_log = found->end != 0;
  report.log_bytes = found->end;
  report.hard_state = std::move(found->hard_state);
  report.entries = std::move(found->entries);
  report.torn_tail = found->torn_tail;
  for (const Entry& entry : report.entries) {
    if (report.cluster_in_log = ClusterIdOf(entry); report.cluster_in_log) break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DirectoryReport> ReadDirectory(FileSystem& files, const std::string& directory) {
  const auto names = files.List(directory);
  if (!names.ok()) return names.status();
  DirectoryReport report;
  absl::StatusOr<std::optional<Identity>> identity = ReadIdentity(files, directory);
  if (identity.ok()) {
    report.identity = *std::move(identity);
  } else if (absl::IsDataLoss(identity.status())) {
    report.identity_status = identity.status();
  } else {
    return identity.status();
  }
  if (absl::Status status = ReadLog(files, directory + "/raft.wal", report); !status.ok()) return status;
  const bool anything = report.identity || !report.identity_status.ok() || report.file_bytes != 0;
  if (!anything) return absl::NotFoundError(absl::StrCat(directory, ": holds neither an identity nor a log"));
  return report;
}

}  // namespace raftly
