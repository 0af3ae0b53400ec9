#include "raft/storage/log_file.h"

#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/wal_record.h"

namespace raftly::wal {
namespace {

// A batch buffer that one huge batch made larger than this is given back.
constexpr size_t kBufferKept = size_t{4} << 20;

uint64_t RoundUp(uint64_t n, uint64_t step) { return step == 0 ? n : (n + step - 1) / step * step; }

}  // namespace

absl::Status LogFile::Reserve(uint64_t bytes) {
  if (!status_.ok() || !options_.disk_reserve) return status_;
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

absl::Status LogFile::Begin(const Segment& segment, const HardState& hard_state) {
  // One batch. Nobody reads the file before it is durable, so its marker needs not go ahead.
  AppendMarker(buffer_, {.offset = 0, .synced_to = 0});
  AppendSegment(buffer_, segment);
  // Said in any case: recovery may have to do without what lies before.
  AppendMayVote(buffer_, may_vote_ = hard_state.may_vote);
  EntryPlaces none;
  if (absl::Status status = Append(hard_state, {}, none); !status.ok()) return status;
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  sealed_ = false;
  marked_ = true;
  return options_.sync ? SyncFile() : absl::OkStatus();
}

absl::Status LogFile::Append(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries,
                             EntryPlaces& places) {
  if (!status_.ok()) return status_;
  if (!hard_state && entries.empty()) return absl::OkStatus();
  if (absl::Status status = CheckSizes(hard_state, entries); !status.ok()) return status;
  if (buffer_.empty()) {
    if (absl::Status status = BeginBatch(); !status.ok()) return status;
  }
  if (hard_state) {
    // Before the state: whoever reads a new term here must know already if it may vote in it.
    if (hard_state->may_vote != may_vote_) AppendMayVote(buffer_, hard_state->may_vote);
    may_vote_ = hard_state->may_vote;
    AppendState(buffer_, *hard_state);
  }
  for (const Entry& entry : entries) {
    places.Add(entry.index, end_ + buffer_.size());
    AppendEntry(buffer_, entry);
  }
  return absl::OkStatus();
}

// Nothing is written that recovery would not believe.
absl::Status LogFile::CheckSizes(const std::optional<HardState>& hard_state, absl::Span<const Entry> entries) const {
  if (hard_state && hard_state->voted_for.size() > kLongestData - kStateBytes) {
    return absl::InvalidArgumentError("the id voted for is too long for the log");
  }
  for (const Entry& entry : entries) {
    if (entry.data.size() <= kLongestData - kEntryBytes) continue;
    return absl::InvalidArgumentError(absl::StrCat("entry ", entry.index.value, " is too long for the log"));
  }
  return absl::OkStatus();
}

absl::Status LogFile::BeginBatch() {
  if (absl::Status status = Mark(); !status.ok()) return status;
  AppendMarker(buffer_, {.offset = end_, .synced_to = durable_});
  return absl::OkStatus();
}

absl::Status LogFile::Sync() {
  if (!status_.ok()) return status_;
  if (buffer_.empty()) return absl::OkStatus();
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  sealed_ = false;
  // Not durable_: a marker never claims more than was really synced, so the laboratory sees what a lost write does
  // and not how recovery would have noticed it.
  return options_.sync ? SyncFile() : absl::OkStatus();
}

absl::Status LogFile::Seal(const HardState* repeat) {
  if (absl::Status status = Sync(); !status.ok()) return status;
  if (sealed_ || !options_.sync) return absl::OkStatus();
  absl::Status status = WriteMarker(repeat);
  // Where there is no room for more, a marker alone seals as well.
  return repeat != nullptr && absl::IsResourceExhausted(status) ? WriteMarker() : status;
}

absl::Status LogFile::Shrink() {
  if (!status_.ok()) return status_;
  RAFTLY_CHECK(buffer_.empty(), "a log would be cut before its last batch is written");
  if (reserved_ == end_) return absl::OkStatus();
  if (absl::Status status = file_->Truncate(end_); !status.ok()) return Fail(std::move(status));
  reserved_ = end_.load();
  return options_.sync ? SyncFile() : absl::OkStatus();
}

// A batch of a marker alone, or of one, the state once more, and another to end it, durable when it returns: a log
// whose last record is a marker is sealed. ResourceExhausted changes nothing and may be tried again.
absl::Status LogFile::WriteMarker(const HardState* repeat) {
  RAFTLY_CHECK(buffer_.empty() && durable_ == end_, "a marker would vouch for bytes that are not durable");
  std::string batch;
  AppendMarker(batch, {.offset = end_, .synced_to = durable_});
  if (repeat != nullptr) {
    AppendMayVote(batch, repeat->may_vote);
    AppendState(batch, *repeat);
    AppendMarker(batch, {.offset = end_ + batch.size(), .synced_to = durable_});
  }
  const uint64_t need = end_ + batch.size();
  if (need > reserved_) {
    absl::Status status = file_->Reserve(reserved_, need);
    if (absl::IsResourceExhausted(status)) return status;
    if (!status.ok()) return Fail(std::move(status));
    reserved_ = need;
  }
  buffer_ = std::move(batch);
  if (absl::Status status = WriteBuffer(); !status.ok()) return status;
  if (absl::Status status = SyncFile(); !status.ok()) return status;
  marked_ = true;
  sealed_ = true;
  return absl::OkStatus();
}

absl::Status LogFile::WriteBuffer() {
  if (absl::Status status = file_->WriteAt(end_, buffer_); !status.ok()) return Fail(std::move(status));
  end_ += buffer_.size();
  if (reserved_ < end_) reserved_ = end_.load();
  buffer_.clear();
  if (buffer_.capacity() > kBufferKept) buffer_ = std::string();
  return absl::OkStatus();
}

absl::Status LogFile::SyncFile() {
  absl::Status status = file_->Sync();
  if (!status.ok() && !options_.final_sync_failure) status = file_->Sync();
  if (!status.ok()) return Fail(std::move(status));
  durable_ = end_;
  return absl::OkStatus();
}

// fsyncgate (PostgreSQL, 2018): after a failed sync the kernel may drop the dirty pages and report success to whoever
// tries again. So the first failure is the last word.
absl::Status LogFile::Fail(absl::Status status) {
  // Lack of space that shows so late is a failure like any other. ResourceExhausted would say "try again".
  status_ = absl::IsResourceExhausted(status) ? absl::InternalError(status.message()) : std::move(status);
  return status_;
}

}  // namespace raftly::wal
