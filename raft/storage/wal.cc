#include "raft/storage/wal.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/entry_reader.h"
#include "raft/storage/log_file.h"
#include "raft/storage/segments.h"
#include "raft/storage/wal_record.h"

namespace raftly {
namespace {

// What a batch may cost besides its records: the first marker of a file, its own, and the one that seals it.
constexpr uint64_t kMarkersPerBatch = 3;

// A segment that is complete: the log went on in a later one.
struct PastSegment {
  uint64_t sequence = 0;
  std::string path;
  Index last;  // all that it says is about entries up to here
  uint64_t bytes = 0;
};

class SegmentedWal : public Wal {
 public:
  SegmentedWal(FileSystem& files, std::string directory, const WalOptions& options, std::unique_ptr<FileLock> lock,
               std::unique_ptr<wal::LogFile> file, const wal::FoundLog& found)
      : files_(files),
        directory_(std::move(directory)),
        options_(options),
        lock_(std::move(lock)),
        hard_state_(found.contents.hard_state),
        last_(found.contents.last()),
        written_(last_.index),
        places_(found.contents.places),
        sequence_(found.segments.back().sequence),
        path_(found.segments.back().path),
        file_(std::move(file)) {
    for (auto segment = found.segments.begin(); std::next(segment) != found.segments.end(); ++segment) {
      past_.push_back({segment->sequence, segment->path, segment->last, segment->size});
    }
    Publish();
  }

  absl::Status Mark() { return Published(file_->Mark()); }

  absl::Status Reserve(uint64_t bytes) override;
  Space space() const override { return file_->space(); }
  absl::Status Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) override;
  absl::Status Sync() override { return Written(file_->Sync()); }
  absl::Status Seal() override { return Written(file_->Seal(&hard_state_)); }
  absl::Status Close() override;
  absl::Status ThrowAway(LogPosition base) override;
  absl::Status DropThrough(Index through) override;
  absl::StatusOr<Entries> Read(Index from, size_t max_entries, size_t max_bytes) override;
  WalStats stats() const override { return {end_, reserved_, segments_}; }

 private:
  bool ShouldGoOn() const;
  absl::Status GoOn(wal::Segment segment);
  absl::StatusOr<std::unique_ptr<wal::LogFile>> Begin(const std::string& path, const wal::Segment& segment);
  absl::Status Remove(const std::vector<std::string>& paths);
  absl::Status ReadStretch(const wal::EntryPlaces::Stretch& stretch, wal::EntryReader& reader) const;
  absl::Status Written(absl::Status status) {
    if (status.ok()) written_ = last_.index;
    return Published(std::move(status));
  }
  absl::Status Published(absl::Status status) {
    Publish();
    return status;
  }
  void Publish();

  FileSystem& files_;
  const std::string directory_;
  const WalOptions options_;
  const std::unique_ptr<FileLock> lock_;
  HardState hard_state_;  // as the log says, with what waits for its sync
  LogPosition last_;      // of the log, the same
  Index written_;         // all up to there is in the files
  wal::EntryPlaces places_;
  std::vector<PastSegment> past_;
  uint64_t sequence_;  // of the segment that is written
  std::string path_;
  std::unique_ptr<wal::LogFile> file_;

  // For stats().
  std::atomic<uint64_t> end_{0};
  std::atomic<uint64_t> reserved_{0};
  std::atomic<uint64_t> segments_{1};
};

void SegmentedWal::Publish() {
  uint64_t past = 0;
  for (const PastSegment& segment : past_) past += segment.bytes;
  end_ = past + file_->end();
  reserved_ = past + file_->reserved();
  segments_ = past_.size() + 1;
}

// Going on needs space, and lack of it is mild here: then the log stays where it is for now.
absl::Status SegmentedWal::Reserve(uint64_t bytes) {
  if (ShouldGoOn()) {
    const absl::Status status = GoOn({.sequence = sequence_ + 1, .previous = last_});
    if (!status.ok() && !absl::IsResourceExhausted(status)) return Published(status);
  }
  return Published(file_->Reserve(bytes));
}

absl::Status SegmentedWal::Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) {
  for (const Entry& entry : entries) {
    RAFTLY_CHECK(entry.index && entry.index <= last_.index + 1, "the log on disk would have a gap");
    last_ = entry.position();
  }
  if (!entries.empty()) written_ = std::min(written_, entries.front().index - 1);
  if (hard_state) hard_state_ = *hard_state;
  return file_->Append(hard_state, entries, places_);
}

absl::Status SegmentedWal::Close() {
  // For want of a seal the log is not worse than after a crash.
  if (absl::Status status = Seal(); !status.ok() && !absl::IsResourceExhausted(status)) return status;
  if (!file_->status().ok()) return file_->status();
  if (file_->space() == Space::kPlenty) {
    if (absl::Status status = Published(file_->Shrink()); !status.ok()) return status;
  }
  file_->Fail(absl::FailedPreconditionError("the log is closed")).IgnoreError();
  return absl::OkStatus();
}

// ---- Segments ------------------------------------------------------------------------------------------------------

// A log that was cut may come by the same index again; a segment that is still needed keeps its name.
bool SegmentedWal::ShouldGoOn() const {
  if (options_.segment_bytes == 0 || file_->end() < options_.segment_bytes || !file_->status().ok()) return false;
  const std::string path = wal::SegmentPath(directory_, last_.index + 1);
  const auto has_it = [&](const PastSegment& segment) { return segment.path == path; };
  return path != path_ && std::none_of(past_.begin(), past_.end(), has_it);
}

// The new segment gets its name when it is whole and durable, and so is all before it: whenever a crash comes, the log
// is what it was. ResourceExhausted: nothing has changed.
absl::Status SegmentedWal::GoOn(wal::Segment segment) {
  if (absl::Status status = file_->Seal(); !status.ok()) return status;
  const std::string path = wal::SegmentPath(directory_, segment.previous.index + 1);
  const std::string half_made = absl::StrCat(path, std::string(wal::kHalfMade));
  auto begun = Begin(half_made, segment);
  if (!begun.ok()) {
    files_.Remove(half_made).IgnoreError();  // else the next start does
    return absl::IsResourceExhausted(begun.status()) ? begun.status() : file_->Fail(begun.status());
  }
  absl::Status named = files_.Rename(half_made, path);
  if (named.ok()) named = files_.SyncDirectory(directory_);
  if (!named.ok()) return file_->Fail(std::move(named));

  std::vector<std::string> thrown_away;
  if (segment.thrown_away) {
    for (const PastSegment& past : past_) thrown_away.push_back(past.path);
    thrown_away.push_back(path_);
    std::erase(thrown_away, path);  // the name was taken over
    past_.clear();
    places_.Clear();
  } else {
    if (absl::Status status = file_->Shrink(); !status.ok()) return status;
    past_.push_back({sequence_, path_, last_.index, file_->end()});
  }
  places_.GoOn(segment.sequence);
  file_ = *std::move(begun);
  path_ = path;
  sequence_ = segment.sequence;
  last_ = segment.previous;
  written_ = last_.index;
  return Remove(thrown_away);
}

absl::StatusOr<std::unique_ptr<wal::LogFile>> SegmentedWal::Begin(const std::string& path,
                                                                  const wal::Segment& segment) {
  if (absl::Status status = files_.Remove(path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(path);
  if (!file.ok()) return file.status();
  auto begun = std::make_unique<wal::LogFile>(*std::move(file), options_, wal::Recovery{}, 0, /*may_vote=*/true);
  if (absl::Status status = begun->Reserve(wal::kSegmentRecordBytes + EncodedSize(hard_state_, {})); !status.ok())
    return status;
  // What is kept back for later is in the old segment; it is given up only for as much.
  if (begun->space() > file_->space()) return absl::ResourceExhaustedError(absl::StrCat(path, ": no space to go on"));
  if (absl::Status status = begun->Begin(segment, hard_state_); !status.ok()) return status;
  return begun;
}

absl::Status SegmentedWal::ThrowAway(LogPosition base) {
  if (absl::Status status = file_->Sync(); !status.ok()) return Published(status);
  return Published(GoOn({.sequence = sequence_ + 1, .previous = base, .thrown_away = true}));
}

absl::Status SegmentedWal::DropThrough(Index through) {
  std::vector<std::string> paths;
  auto segment = past_.begin();
  for (; segment != past_.end() && segment->last <= through; ++segment) paths.push_back(segment->path);
  past_.erase(past_.begin(), segment);
  places_.DropBefore(past_.empty() ? sequence_ : past_.front().sequence);
  return Published(Remove(paths));
}

// In their order: what a crash leaves is the end of a log, without a gap.
absl::Status SegmentedWal::Remove(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    absl::Status status = files_.Remove(path);
    if (status.ok()) status = files_.SyncDirectory(directory_);
    if (!status.ok()) return file_->Fail(std::move(status));
  }
  return absl::OkStatus();
}

// ---- Reading back --------------------------------------------------------------------------------------------------

absl::StatusOr<Entries> SegmentedWal::Read(Index from, size_t max_entries, size_t max_bytes) {
  if (!file_->status().ok()) return file_->status();
  wal::EntryReader reader(from, max_entries, max_bytes, options_.verify_checksums);
  while (!reader.full() && reader.next() <= written_) {
    const auto stretch = places_.Find(reader.next());
    if (!stretch) break;
    if (absl::Status status = ReadStretch(*stretch, reader); !status.ok()) return status;
  }
  if (reader.next() == from) {
    return absl::NotFoundError(absl::StrCat("the log on disk does not hold index ", from.value));
  }
  return reader.TakeEntries();
}

// All of it was written, so what is not there now is damage.
absl::Status SegmentedWal::ReadStretch(const wal::EntryPlaces::Stretch& stretch, wal::EntryReader& reader) const {
  const wal::EntryPlaces::Place& begin = stretch.begin;
  const std::optional<wal::EntryPlaces::Place>& end = stretch.end;
  const auto past = std::find_if(past_.begin(), past_.end(),
                                 [&](const PastSegment& segment) { return segment.sequence == begin.sequence; });
  const std::string& path = past == past_.end() ? path_ : past->path;
  uint64_t to = past == past_.end() ? file_->end() : past->bytes;
  if (end && end->sequence == begin.sequence) to = std::min(to, end->offset);
  absl::StatusOr<std::string> bytes = files_.ReadPart(path, begin.offset, to - begin.offset);
  if (absl::IsNotFound(bytes.status())) return wal::DamagedSince(path, "is gone");
  if (!bytes.ok()) return bytes.status();
  const Index until = end ? std::min(end->index, written_ + 1) : written_ + 1;
  absl::Status taken = reader.Take(std::make_shared<const std::string>(*std::move(bytes)), until, path, begin.offset);
  if (!taken.ok() || reader.full() || reader.next() == until) return taken;
  return wal::DamagedSince(path, absl::StrCat("does not hold index ", reader.next().value, " any more"));
}

// ---- Opening -------------------------------------------------------------------------------------------------------

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

  absl::StatusOr<wal::FoundLog> found = wal::FindLog(files, directory, options);
  if (!found.ok()) return found.status();
  const wal::FoundSegment& last = found->segments.back();
  const bool empty = found->segments.size() == 1 && last.recovery.end == 0;
  if (options.must_exist && empty) {
    return absl::FailedPreconditionError(absl::StrCat(
        last.path, found->exists ? " is empty" : " is missing", ", and the directory's identity says that there ",
        "was a log: its votes and entries are lost; set the directory aside and start this node with ", "-rejoin"));
  }
  for (const std::string& path : found->leftovers) {
    if (absl::Status status = files.Remove(path); !status.ok()) return status;
  }

  absl::StatusOr<std::unique_ptr<File>> file =
      OpenForAppend(files, directory, last.path, found->last_bytes, last.recovery);
  if (!file.ok()) return file.status();
  const uint64_t size = last.recovery.torn_tail ? last.recovery.end : last.size;
  auto segment = std::make_unique<wal::LogFile>(*std::move(file), options, last.recovery, size,
                                                found->contents.hard_state.may_vote);
  auto log = std::make_unique<SegmentedWal>(files, directory, options, *std::move(lock), std::move(segment), *found);
  // A full disk is no reason not to start; the marker then waits for the first batch.
  if (absl::Status status = log->Mark(); !status.ok() && !absl::IsResourceExhausted(status)) return status;
  return Opened{.log = std::move(log),
                .hard_state = std::move(found->contents.hard_state),
                .base = found->contents.base,
                .entries = std::move(found->contents.entries),
                .torn_tail = last.recovery.torn_tail};
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
