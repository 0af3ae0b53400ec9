#include "raft/storage/directory_report.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/log_repair.h"
#include "raft/storage/segments.h"
#include "raft/storage/snapshot_store.h"

namespace raftly {
namespace {

absl::Status ReadLog(FileSystem& files, const std::string& directory, DirectoryReport& report) {
  absl::StatusOr<wal::FoundLog> found = wal::FindLog(files, directory, WalOptions{});
  if (!found.ok()) {
    report.has_log = true;
    report.log_status = found.status();
    report.repair = LogRepair::Inspect(files, directory);
    return absl::IsDataLoss(found.status()) ? absl::OkStatus() : found.status();
  }
  for (const wal::FoundSegment& segment : found->segments) {
    report.file_bytes += segment.size;
    report.log_bytes += segment.recovery.end;
  }
  report.segments = found->exists ? found->segments.size() : 0;
  report.has_log = report.log_bytes != 0;
  report.hard_state = std::move(found->contents.hard_state);
  report.base = found->contents.base;
  report.entries = std::move(found->contents.entries);
  report.torn_tail = found->segments.back().recovery.torn_tail;
  for (const Entry& entry : report.entries) {
    if (!report.cluster_in_log) report.cluster_in_log = ClusterIdOf(entry);
    if (entry.type != EntryType::kConfig) continue;
    if (auto members = MembersIn(entry.data.view())) report.members_in_log = std::move(members);
  }
  return absl::OkStatus();
}

absl::Status ReadSnapshots(FileSystem& files, const std::string& directory, DirectoryReport& report) {
  const bool log_says = report.members_in_log.has_value();
  SnapshotStore store(files, directory);
  if (absl::Status status = store.List(); !status.ok()) return status;
  for (const Index index : store.indexes()) {
    SnapshotReport snapshot{.last_included = {Term{}, index}};
    const auto header = store.Read(
        index, [](std::string_view) { return absl::OkStatus(); }, &snapshot.bytes);
    if (header.ok()) snapshot.last_included = header->last_included;
    if (header.ok() && !log_says) {
      if (auto members = MembersIn(header->configuration)) report.members_in_log = std::move(members);
    }
    snapshot.status = header.status();
    report.snapshots.push_back(std::move(snapshot));
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
  if (absl::Status status = ReadLog(files, directory, report); !status.ok()) return status;
  if (absl::Status status = ReadSnapshots(files, directory, report); !status.ok()) return status;
  const bool anything =
      report.identity || !report.identity_status.ok() || report.file_bytes != 0 || !report.log_status.ok();
  if (!anything) return absl::NotFoundError(absl::StrCat(directory, ": holds neither an identity nor a log"));
  return report;
}

}  // namespace raftly
