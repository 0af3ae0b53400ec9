#include "server/restore.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/identity.h"
#include "raft/storage/snapshot_format.h"
#include "raft/storage/snapshot_store.h"
#include "raft/storage/wal.h"

namespace raftly {
namespace {

constexpr uint64_t kReadAtOnce = uint64_t{1} << 20;

// Each block goes to `on_block`; the header is known before the first.
absl::StatusOr<SnapshotHeader> ReadBackup(FileSystem& files, const std::string& backup, SnapshotDecoder& decoder,
                                          SnapshotDecoder::OnBlock on_block) {
  for (uint64_t offset = 0;;) {
    const auto bytes = files.ReadPart(backup, offset, kReadAtOnce);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) break;
    if (absl::Status status = decoder.Feed(*bytes, on_block); !status.ok()) return status;
    offset += bytes->size();
  }
  if (absl::Status status = decoder.Finish(); !status.ok()) return status;
  return decoder.header();
}

absl::Status CheckEmpty(FileSystem& files, const std::string& directory) {
  const auto names = files.List(directory);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  if (names->empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(directory, ": is not empty (", names->front(),
                                               "), and -restore makes a new directory; where it has ",
                                               "restored already, start without -restore"));
}

}  // namespace

absl::Status RestoreBackup(FileSystem& files, const std::string& backup, const std::string& directory,
                           const NodeId& self, const FreshIds& fresh) {
  if (absl::Status status = CheckEmpty(files, directory); !status.ok()) return status;
  // Once to see that it is whole, before anything is made of it.
  SnapshotDecoder check(backup);
  auto header = ReadBackup(files, backup, check, [](std::string_view) { return absl::OkStatus(); });
  if (!header.ok()) return header.status();

  auto opened = Wal::Open(files, directory, {});
  if (!opened.ok()) return opened.status();
  Wal& log = *opened->log;
  const HardState state{.term = header->last_included.term, .voted_for = self};
  if (absl::Status status = log.Reserve(Wal::EncodedSize(state, {})); !status.ok()) return status;
  if (absl::Status status = log.Append(state, {}); !status.ok()) return status;
  if (absl::Status status = log.Sync(); !status.ok()) return status;

  header->configuration = EncodeClusterId(fresh.cluster_id);
  SnapshotStore store(files, directory);
  if (absl::Status status = store.Open(); !status.ok()) return status;
  auto writer = store.Create(*header);
  if (!writer.ok()) return writer.status();
  SnapshotDecoder again(backup);
  const auto copied =
      ReadBackup(files, backup, again, [&](std::string_view block) { return (*writer)->Append(block); });
  if (!copied.ok()) return copied.status();
  if (absl::Status status = (*writer)->Commit(); !status.ok()) return status;
  if (absl::Status status = log.ThrowAway(header->last_included); !status.ok()) return status;
  if (absl::Status status = log.Close(); !status.ok()) return status;
  return WriteIdentity(files, directory,
                       {.cluster_id = fresh.cluster_id, .node_id = self, .incarnation = fresh.incarnation});
}

}  // namespace raftly
