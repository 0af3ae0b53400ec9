#include "raft/storage/wal.h"

#include <atomic>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/wal_record.h"
#include "raft/storage/wal_recovery.h"

namespace raftly {
namespace {

// What a batch may cost besides its records: the first marker of a file, its own, and the one that seals it.
constexpr uint64_t kMarkersPerBatch = 3;
// A batch buffer that one huge batch made larger than this is given back.
constexpr size_t kBufferKept = size_t{4} << 20;

uint64_t RoundUp(uint64_t n, uint64_t step) { return step == 0 ? n : (n + step - 1) / step * step; }

class FileWal : public Wal {
 public:
  FileWal(std::unique_ptr<FileLock> lock, std::unique_ptr<File> file, const WalOptions& options,
          const wal::Recovery& found, uint64_t size)
      : options_(options),
        lock_(std::move(lock)),
        file_(std::move(file)),
        last_index_{found.entries.size()},
        may_vote_(found.hard_state.may_vote),
        marked_(found.marked),
        sealed_(found.sealed),
        durable_(found.end),
        end_(found.end),
        reserved_(size) {}

  // A file without any marker is judged by a weaker rule: there, an intact record after a damaged one is rot. A first
  // batch of which only the later pages reached the disk would look like that. So its marker goes ahead, alone.
  absl::Status Mark() { return marked_ ? absl::OkStatus() : WriteMarker(); }

  absl::Status Reserve(uint64_t bytes) override;
  Space space() const override { return space_; }
  absl::Status Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) override;
  absl::Status Sync() override;
  absl::Status Seal() override;
  absl::Status Close() override;
  WalStats stats() const override { return {end_, reserved_}; }

 private:
  absl::Status CheckSizes(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) const;
  absl::Status BeginBatch();
  absl::Status WriteMarker();
  absl::Status WriteBuffer();
  absl::Status SyncFile();
  absl::Status Fail(absl::Status status);

  const WalOptions options_;
  const std::unique_ptr<FileLock> lock_;
  const std::unique_ptr<File> file_;
  absl::Status status_;  // the failure that ended this log, if any
  std::string buffer_;   // the batch under way; empty or beginning with a marker. It belongs at end_
  Index last_index_;     // of the log, the buffer included
  bool may_vote_;        // as the log says, the buffer included
  bool marked_;          // a durable marker is in the file
  bool sealed_;          // the last record is a marker, or there is none
  Space space_ = Space::kPlenty;
  uint64_t durable_;  // durable_ <= end_, equal after each Sync (but with `sync` off)
  // Written by the owner's thread, read by stats() from any.
  std::atomic<uint64_t> end_;       // all before it is written
  std::atomic<uint64_t> reserved_;  // size of the file; end_ <= reserved_
};

absl::Status FileWal::Reserve(uint64_t bytes) {
  if (!status_.ok()) return status_;
  const uint64_t reserved = reserved_;
  const uint64_t need = end_ + buffer_.size() + bytes;
  const uint64_t least = need + options_.low_water_bytes;
  const uint64_t kept_back = options_.kept_back_bytes;
  const uint64_t want = least + kept_back;
  const auto left = [&](uint64_t size) {
    return want <= size ? Space::kPlenty : least <= size ? Space::kReserve : Space::kNone;
  };
  space_ = left(reserved);
  if (space_ == Space::kPlenty) return absl::OkStatus();
  absl::Status full;
  for (const uint64_t size : {reserved + RoundUp(want - reserved, options_.reserve_bytes), want, least + kept_back / 2,
                              least + kept_back / 4, least, need}) {
    if (size <= reserved) break;
    absl::Status status = file_->Reserve(reserved, size);
    if (status.ok()) {
      reserved_ = size;
      space_ = left(size);
      return absl::OkStatus();
    }
    if (!absl::IsResourceExhausted(status)) return Fail(std::move(status));
    full = std::move(status);
  }
  return need <= reserved ? absl::OkStatus() : full;
}

absl::Status FileWal::Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) {
  if (!status_.ok()) return status_;
  if (!hard_state && entries.empty()) return absl::OkStatus();
  if (absl::Status status = CheckSizes(hard_state, entries); !status.ok()) return status;
  if (buffer_.empty()) {
    if (absl::Status status = BeginBatch(); !status.ok()) return status;
  }
  if (hard_state) {
    // Before the state: whoever reads a new term here must know already if it may vote in it.
    if (hard_state->may_vote != may_vote_) wal::AppendMayVote(buffer_, hard_state->may_vote);
    may_vote_ = hard_state->may_vote;
    wal::AppendState(buffer_, *hard_state);
  }
  for (const Entry& entry : entries) {
    RAFTLY_CHECK(entry.index && entry.index <= last_index_ + 1, "the log on disk would have a gap");
    wal::AppendEntry(buffer_, entry);
    last_index_ = entry.index;
  }
  return absl::OkStatus();
}

// Nothing is written that recovery would not believe.
absl::Status FileWal::CheckSizes(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) const {
  if (hard_state && hard_state->voted_for.size() > wal::kLongestData - wal::kStateBytes) {
    return absl::InvalidArgumentError("the id voted for is too long for the log");
  }
  for (const Entry& entry : entries) {
    if (entry.data.size() <= wal::kLongestData - wal::kEntryBytes) continue;
    return absl::InvalidArgumentError(absl::StrCat("entry ", entry.index.value, " is too long for the log"));
  }
  return absl::OkStatus();
}

absl::Status FileWal::BeginBatch() {
  if (absl::Status status = Mark(); !status.ok()) return status;
  wal::AppendMarker(buffer_, {.offset = end_, .synced_to = durable_});
  return absl::OkStatus();
}

absl::Status FileWal::Sync() {
  if (!status_.ok()) return status_;
  if (buffer_.empty()) return absl::OkStatus();
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  sealed_ = false;
  // Not durable_: a marker never claims more than was really synced, so the laboratory sees what a lost write does
  // and not how recovery would have noticed it.
  return options_.sync ? SyncFile() : absl::OkStatus();
}

absl::Status FileWal::Seal() {
  if (absl::Status status = Sync(); !status.ok()) return status;
  if (sealed_ || !options_.sync) return absl::OkStatus();
  return WriteMarker();
}

absl::Status FileWal::Close() {
  // For want of a seal the log is not worse than after a crash.
  if (absl::Status status = Seal(); !status.ok() && !absl::IsResourceExhausted(status)) return status;
  if (!status_.ok()) return status_;
  if (reserved_ != end_ && space_ == Space::kPlenty) {
    if (absl::Status status = file_->Truncate(end_); !status.ok()) return Fail(std::move(status));
    reserved_ = end_.load();
    if (options_.sync) {
      if (absl::Status status = SyncFile(); !status.ok()) return status;
    }
  }
  status_ = absl::FailedPreconditionError("the log is closed");
  return absl::OkStatus();
}

// A batch of a marker alone, durable when it returns. ResourceExhausted changes nothing and may be tried again.
absl::Status FileWal::WriteMarker() {
  RAFTLY_CHECK(buffer_.empty() && durable_ == end_, "a marker would vouch for bytes that are not durable");
  const uint64_t need = end_ + wal::kMarkerRecordBytes;
  if (need > reserved_) {
    absl::Status status = file_->Reserve(reserved_, need);
    if (absl::IsResourceExhausted(status)) return status;
    if (!status.ok()) return Fail(std::move(status));
    reserved_ = need;
  }
  wal::AppendMarker(buffer_, {.offset = end_, .synced_to = durable_});
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  if (absl::Status status = SyncFile(); !status.ok()) return status;
  marked_ = true;
  sealed_ = true;
  return absl::OkStatus();
}

absl::Status FileWal::WriteBuffer() {
  if (absl::Status status = file_->WriteAt(end_, buffer_); !status.ok()) return Fail(std::move(status));
  end_ += buffer_.size();
  if (reserved_ < end_) reserved_ = end_.load();
  buffer_.clear();
  if (buffer_.capacity() > kBufferKept) buffer_ = std::string();
  return absl::OkStatus();
}

absl::Status FileWal::SyncFile() {
  if (absl::Status status = file_->Sync(); !status.ok()) return Fail(std::move(status));
  durable_ = end_;
  return absl::OkStatus();
}

// fsyncgate (PostgreSQL, 2018): after a failed sync the kernel may drop the dirty pages and report success to whoever
// tries again. So the first failure is the last word.
absl::Status FileWal::Fail(absl::Status status) {
  // Lack of space that shows so late is a failure like any other. ResourceExhausted would say "try again".
  status_ = absl::IsResourceExhausted(status) ? absl::InternalError(status.message()) : std::move(status);
  return status_;
}

// Only after recovery has found nothing wrong. What no marker proves to have been durable may be in the page cache
// alone, and after a failed sync the kernel takes such pages for written: a sync would pass over them. The node acts on
// what it has read, so it is written once more and synced first.
absl::StatusOr<std::unique_ptr<File>> OpenForAppend(FileSystem& files, const std::string& directory,
                                                    const std::string& path, std::string_view bytes,
                                                    const wal::Recovery& found) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path);
  if (!file.ok()) return file.status();
  if (found.torn_tail) {
    if (absl::Status status = (*file)->Truncate(found.end); !status.ok()) return status;
  }
  if (found.proven < found.end) {
    const std::string_view unproven = bytes.substr(found.proven, found.end - found.proven);
    if (absl::Status status = (*file)->WriteAt(found.proven, unproven); !status.ok()) return status;
  }
  if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  if (absl::Status status = files.SyncDirectory(directory); !status.ok()) return status;
  return file;
}

}  // namespace

absl::StatusOr<Wal::Opened> Wal::Open(FileSystem& files, const std::string& directory, WalOptions options) {
  if (absl::Status status = files.CreateDirectory(directory); !status.ok()) {
    // It may be a parent that cannot be made; name what was asked for as well.
    return absl::Status(status.code(), absl::StrCat("data directory ", directory, ": ", status.message()));
  }
  absl::StatusOr<std::unique_ptr<FileLock>> lock = files.Lock(directory + "/raft.lock");
  if (!lock.ok()) return lock.status();

  const std::string path = directory + "/raft.wal";
  absl::StatusOr<std::string> read = files.Read(path);
  if (!read.ok() && !absl::IsNotFound(read.status())) return read.status();
  const auto bytes = std::make_shared<const std::string>(read.ok() ? *std::move(read) : std::string());
  absl::StatusOr<wal::Recovery> found = wal::Recover(bytes, path, options);
  if (!found.ok()) return found.status();
  if (options.must_exist && found->end == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, read.ok() ? " is empty" : " is missing", ", and the directory's identity says that there ",
        "was a log: its votes and entries are lost; set the directory aside and start this node with ", "-rejoin"));
  }

  absl::StatusOr<std::unique_ptr<File>> file = OpenForAppend(files, directory, path, *bytes, *found);
  if (!file.ok()) return file.status();
  const uint64_t size = found->torn_tail ? found->end : bytes->size();
  auto log = std::make_unique<FileWal>(*std::move(lock), *std::move(file), options, *found, size);
  // A full disk is no reason not to start; the marker then waits for the first batch.
  if (absl::Status status = log->Mark(); !status.ok() && !absl::IsResourceExhausted(status)) return status;
  return Opened{std::move(log), std::move(found->hard_state), std::move(found->entries), found->torn_tail};
}

uint64_t Wal::EncodedSize(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) {
  uint64_t bytes = kMarkersPerBatch * wal::kMarkerRecordBytes;
  if (hard_state) {
    bytes += wal::kMayVoteRecordBytes + wal::kFrameBytes + wal::kStateBytes + hard_state->voted_for.size();
  }
  for (const Entry& entry : entries) bytes += wal::kFrameBytes + wal::kEntryBytes + entry.data.size();
  return bytes;
}

}  // namespace raftly
