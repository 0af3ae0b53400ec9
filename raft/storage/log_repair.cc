#include "raft/storage/log_repair.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/entry_places.h"
#include "raft/storage/log_file.h"

namespace raftly {
namespace {

constexpr const char* kRemedy = "; set the directory aside and start this node with -rejoin";

// So much is written with one sync.
constexpr uint64_t kBatchBytes = uint64_t{8} << 20;

std::string Place(const wal::Hole& hole) {
  return absl::StrCat(hole.path, ": record ", hole.record, " at offset ", hole.offset);
}

// Whether `entries` follow `previous` without a gap and without a term that falls, and a log can hold them.
bool Follow(LogPosition previous, const Entries& entries) {
  for (const Entry& entry : entries) {
    if (entry.index != previous.index + 1 || entry.term < previous.term || !entry.term) return false;
    const auto type = static_cast<int32_t>(entry.type);
    if (entry.term > kLastTerm || type < 0 || type > UINT8_MAX) return false;
    previous = entry.position();
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogRepair>> LogRepair::Open(FileSystem& files, const std::string& directory,
                                                           WalOptions options) {
  absl::StatusOr<std::unique_ptr<FileLock>> lock = files.Lock(directory + "/raft.lock");
  if (!lock.ok()) return lock.status();
  absl::StatusOr<wal::FoundLog> found = Find(files, directory, options);
  if (!found.ok()) return found.status();
  return std::unique_ptr<LogRepair>(new LogRepair(files, directory, options, *std::move(lock), *std::move(found)));
}

absl::StatusOr<std::string> LogRepair::Inspect(FileSystem& files, const std::string& directory) {
  absl::StatusOr<wal::FoundLog> found = Find(files, directory, {});
  if (!found.ok()) return found.status();
  return LogRepair(files, directory, {}, nullptr, *std::move(found)).Describe();
}

absl::StatusOr<wal::FoundLog> LogRepair::Find(FileSystem& files, const std::string& directory,
                                              const WalOptions& options) {
  absl::StatusOr<wal::FoundLog> found = wal::FindLog(files, directory, options, wal::OnRot::kNote);
  if (!found.ok() || found->contents.holes.empty()) return found;
  const wal::Contents& contents = found->contents;
  const auto refuse = [&](const char* why) {
    return absl::DataLossError(absl::StrCat(Place(contents.holes.back()), " is damaged, and ", why, kRemedy));
  };
  if (!contents.state_known) return refuse("no term and vote lie behind it: the last ones may have been lost");
  if (!contents.rooted && contents.entries.empty()) {
    return refuse("no entry lies behind it: nobody can tell which had been acknowledged");
  }
  return found;
}

LogRepair::LogRepair(FileSystem& files, std::string directory, WalOptions options, std::unique_ptr<FileLock> lock,
                     wal::FoundLog found)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      lock_(std::move(lock)),
      found_(std::move(found)),
      first_(last_before().index + 1),
      whole_(found_.contents.rooted) {
  // What was said of it in the hole is not known: nobody is harmed by a vote that is not given.
  if (!found_.contents.may_vote_known) found_.contents.hard_state.may_vote = false;
  if (!whole_) first_ = std::min(first_, proof().index);
}

LogPosition LogRepair::last_before() const { return before().empty() ? base() : before().back().position(); }

std::string LogRepair::Describe() const {
  std::string text;
  for (const wal::Hole& hole : holes()) {
    absl::StrAppend(&text, text.empty() ? "" : ", and ", Place(hole), " is damaged, though it was durable");
  }
  if (whole_) return text;
  if (first_ == proof().index) {
    return absl::StrCat(text, "; it may have replaced entries before index ", first_.value);
  }
  return absl::StrCat(text, "; missing are the entries from index ", first_.value, " to ", proof().index.value - 1);
}

void LogRepair::BeginWith(LogPosition snapshot) {
  wal::Contents& contents = found_.contents;
  if (whole_) return;
  const bool reaches = snapshot.index >= proof().index;
  if (!reaches && snapshot.index < first_) return;  // what it holds is here
  // Rule 6: it reaches what is behind the hole, and what follows it there stays. Rule 7: nothing does.
  if (reaches) {
    Entries& behind = contents.entries;
    const uint64_t covered = snapshot.index - proof().index + 1;
    const bool follows = covered <= behind.size() && behind[covered - 1].term == snapshot.term;
    if (!follows) {
      replaced_from_ = base().index + 1;
      replaced_ = behind.size();
    }
    behind.erase(behind.begin(), follows ? behind.begin() + static_cast<std::ptrdiff_t>(covered) : behind.end());
    whole_ = contents.rooted = true;
  }
  contents.before.clear();
  contents.base = snapshot;
  first_ = snapshot.index + 1;
}

absl::Status LogRepair::Take(Proof proof_of, LogPosition previous, const Entries& entries) {
  RAFTLY_CHECK(!whole_, "a log that is whole would be mended");
  const Index end = proof_of == Proof::kReplaced ? proof().index + 1 : proof().index;
  const Index last = entries.empty() ? previous.index : entries.back().index;
  if (previous.index + 1 != first_ || last >= end || !Follow(previous, entries)) {
    return absl::InvalidArgumentError("it sent other entries than it was asked for");
  }
  if (proof_of == Proof::kHeld && !entries.empty() && entries.back().term > proof().term) {
    return absl::InvalidArgumentError("it sent entries of later terms than that which follows them");
  }
  Entries& before = found_.contents.before;
  const uint64_t kept = previous.index - base().index;
  const Term ours = kept == 0 ? base().term : before[kept - 1].term;
  if (previous.term != ours) {
    // What lies here before the hole had been replaced by what was in it.
    if (kept == 0) return absl::InvalidArgumentError("its log differs from ours where ours begins");
    const Index back{std::min(step_.value, kept)};
    first_ = Index{first_.value - back.value};
    step_ = Index{2 * step_.value};
    return absl::OkStatus();
  }
  if (last + 1 < end && entries.empty()) return absl::InvalidArgumentError("it sent no entries");
  joined_ = std::min(joined_, previous.index);
  before.resize(kept);
  before.insert(before.end(), entries.begin(), entries.end());
  taken_ += entries.size();
  first_ = last + 1;
  if (first_ != end) return absl::OkStatus();
  Entries& behind = found_.contents.entries;
  if (proof_of == Proof::kHeld) {
    before.insert(before.end(), behind.begin(), behind.end());
  } else {
    replaced_from_ = joined_ + 1;
    replaced_ = behind.size();
  }
  behind = std::exchange(before, {});
  whole_ = found_.contents.rooted = true;
  return absl::OkStatus();
}

absl::Status LogRepair::Finish() {
  RAFTLY_CHECK(whole_, "a log with a hole would be written");
  // One file for ever stays one, for a Go server; else what is new begins a log, and says so, and the next start
  // removes the segments before it.
  const wal::FoundSegment& last = found_.segments.back();
  const bool one_file = found_.segments.size() == 1 && last.sequence == 0 && !base().index;
  const std::string path =
      one_file ? wal::FirstSegmentPath(directory_) : wal::SegmentPath(directory_, base().index + 1);
  std::optional<wal::Segment> segment;
  if (!one_file) segment = wal::Segment{.sequence = last.sequence + 1, .previous = base(), .thrown_away = true};
  const std::string half_made = absl::StrCat(path, std::string(wal::kHalfMade));
  absl::Status status = Write(half_made, segment);
  if (status.ok()) status = files_.Rename(half_made, path);
  if (status.ok()) status = files_.SyncDirectory(directory_);
  if (absl::IsResourceExhausted(status)) files_.Remove(half_made).IgnoreError();
  if (status.ok()) lock_.reset();
  return status;
}

absl::Status LogRepair::Write(const std::string& path, const std::optional<wal::Segment>& segment) const {
  if (absl::Status status = files_.Remove(path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(path);
  if (!file.ok()) return file.status();
  const HardState& hard_state = found_.contents.hard_state;
  wal::LogFile log(*std::move(file), options_, wal::Recovery{}, 0, /*may_vote=*/true);
  wal::EntryPlaces places;
  const Entries& entries = behind();
  const auto write = [&](const std::optional<HardState>& state, absl::Span<const Entry> some) -> absl::Status {
    if (absl::Status status = log.Reserve(wal::kSegmentRecordBytes + Wal::EncodedSize(state, some)); !status.ok()) {
      return status;
    }
    if (state && segment) return log.Begin(*segment, *state);
    if (absl::Status status = log.Append(state, some, places); !status.ok()) return status;
    return log.Sync();
  };
  if (absl::Status status = write(hard_state, {}); !status.ok()) return status;
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin;
    for (uint64_t bytes = 0; end < entries.size() && bytes < kBatchBytes; ++end) bytes += entries[end].data.size();
    if (absl::Status status = write(std::nullopt, absl::MakeConstSpan(entries).subspan(begin, end - begin));
        !status.ok())
      return status;
    begin = end;
  }
  if (absl::Status status = log.Seal(&hard_state); !status.ok()) return status;
  return log.Shrink();
}

}  // namespace raftly
