// The snapshots of one node: files beside its log, each made under another name and in place only once it is whole and
// durable (SPEC section 3.1).
//
//   SnapshotStore store(files, "data/node1");
//   RETURN_IF_ERROR(store.Open());
//   auto writer = store.Create(header);
//   writer->Append(bytes) ...
//   writer->Commit();                      // durable: log may go
//   store.Read(index, on_block);
//
// One thread at a time, the disk's. Errors name the file and, where it is damaged, the offset. A full disk is
// ResourceExhausted: what there was before is still there, and nothing half made stays behind.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/env/files.h"
#include "raft/storage/snapshot_format.h"

namespace raftly {

class SnapshotStore {
 public:
  // Makes a snapshot of ours. Destroyed without Commit, it leaves nothing.
  class Writer;
  // Takes a snapshot in that another node sends, piece by piece, the same.
  class Receiver;

  // How many are kept: where the newest turns out to be damaged, the one before and the log since serve.
  static constexpr size_t kKept = 2;

  // `files` outlives it. `sync`: laboratories switch it off (Defences::sync_before_rename).
  SnapshotStore(FileSystem& files, std::string directory, bool sync = true)
      : files_(files), directory_(std::move(directory)), sync_(sync) {}

  // Finds what there is and changes nothing.
  absl::Status List();
  // Finds what there is and removes what a crash left half made. Once, before all else; the directory is there.
  absl::Status Open();
  // Last included indexes, ascending.
  const std::vector<Index>& indexes() const { return indexes_; }
  std::string PathOf(Index index) const;

  absl::StatusOr<std::unique_ptr<Writer>> Create(const SnapshotHeader& header);
  // For the bytes of a whole file, header and end included.
  absl::StatusOr<std::unique_ptr<Receiver>> Receive(Index index);

  // Gives every block to `on_block`, in order, until that returns an error; whole and intact where this returns OK.
  // What was given before an error is to be thrown away. DataLoss, Unimplemented as SnapshotDecoder; NotFound. `size`:
  // of the file.
  absl::StatusOr<SnapshotHeader> Read(Index index, SnapshotDecoder::OnBlock on_block, uint64_t* size = nullptr) const;
  // Of the newest file whose header is intact, whatever the rest of it is, those set aside included; nothing: none is.
  // For what helps to replace it.
  std::optional<SnapshotHeader> NewestHeader() const;
  // The file's own bytes: all from `offset` to the end, piece by piece; at most `size` of them; the same of one that is
  // being received, as far as it is here (NotFound once it is in place).
  absl::Status ReadAllBytes(Index index, uint64_t offset,
                            absl::FunctionRef<absl::Status(std::string_view)> on_bytes) const;
  absl::StatusOr<std::string> ReadBytes(Index index, uint64_t offset, uint64_t size) const;
  absl::StatusOr<std::string> ReadReceived(Index index, uint64_t offset, uint64_t size) const;

  // Removes all but the newest kKept and those that are `needed` besides.
  absl::Status Prune(const std::set<Index>& needed = {});
  // A snapshot that turned out to be damaged is not listed any more; its file stays for whoever wants to look.
  absl::Status SetAside(Index index);

 private:
  std::string ReceivedPathOf(Index index) const;
  absl::Status Adopt(const std::string& temporary, Index index);

  FileSystem& files_;
  const std::string directory_;
  const bool sync_;
  std::vector<Index> indexes_;
};

class SnapshotStore::Writer {
 public:
  Writer(SnapshotStore& store, const SnapshotHeader& header, std::string path, std::unique_ptr<File> file);
  ~Writer();

  // Bytes of the state in any pieces. The first error is final.
  absl::Status Append(std::string_view data);
  // Whole, durable and in place when it returns OK. The last call.
  absl::Status Commit();
  uint64_t bytes() const { return written_ + buffer_.size(); }  // of the file so far

 private:
  absl::Status WriteBlock(std::string_view data);
  absl::Status Flush();

  SnapshotStore& store_;
  const Index index_;
  const std::string path_;
  std::unique_ptr<File> file_;
  SnapshotEncoder encoder_;
  absl::Status status_;
  std::string block_;   // bytes of the state, less than a block
  std::string buffer_;  // encoded, not yet written
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
  bool committed_ = false;
};

class SnapshotStore::Receiver {
 public:
  Receiver(SnapshotStore& store, Index index, std::string path, std::unique_ptr<File> file);
  ~Receiver();

  // How much is here: where the sender goes on after a break.
  uint64_t offset() const { return offset_; }
  // OutOfRange where `offset` is not offset(): nothing has changed then. DataLoss where what came is no snapshot of
  // this index; final.
  absl::Status Append(uint64_t offset, std::string_view bytes);
  // Whether it is whole: its header, or DataLoss. Nothing is in place yet.
  absl::StatusOr<SnapshotHeader> Check();
  // As Writer's. DataLoss where it is not whole.
  absl::StatusOr<SnapshotHeader> Commit();

 private:
  SnapshotStore& store_;
  const Index index_;
  const std::string path_;
  std::unique_ptr<File> file_;
  SnapshotDecoder decoder_;
  absl::Status status_;
  uint64_t offset_ = 0;
  uint64_t on_its_way_ = 0;  // to the disk
  bool committed_ = false;
};

}  // namespace raftly
