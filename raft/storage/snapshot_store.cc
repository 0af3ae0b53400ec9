#include "raft/storage/snapshot_store.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace raftly {
namespace {

constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".snap";
constexpr std::string_view kHalfMade = ".tmp";
constexpr std::string_view kDamaged = ".damaged";
constexpr size_t kDigits = 20;

// A sync carries at most so much of a snapshot that is made beside writes, whose own syncs wait behind it.
constexpr uint64_t kSyncEvery = uint64_t{1} << 20;
// One that comes from a leader is synced in the end; so much of it is on its way to the disk at a time.
constexpr uint64_t kBeginSyncEvery = uint64_t{8} << 20;
constexpr uint64_t kReadAtOnce = uint64_t{1} << 20;

// Long enough for any header.
constexpr uint64_t kHeaderBytes = kSnapshotMagic.size() + kLongestSnapshotFields + 8;

std::optional<Index> IndexOf(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return std::nullopt;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const char* const digits = name.data() + kPrefix.size();
  uint64_t index = 0;
  const auto [end, error] = std::from_chars(digits, digits + kDigits, index);
  if (error != std::errc() || end != digits + kDigits || index == 0) return std::nullopt;
  return Index{index};
}

bool IsHalfMade(std::string_view name) { return name.starts_with(kPrefix) && name.ends_with(kHalfMade); }

}  // namespace

// ---- The store -----------------------------------------------------------------------------------------------------

std::string SnapshotStore::PathOf(Index index) const {
  return absl::StrFormat("%s/%s%020d%s", directory_, std::string(kPrefix), index.value, std::string(kSuffix));
}

std::string SnapshotStore::ReceivedPathOf(Index index) const {
  return absl::StrCat(PathOf(index), ".received", std::string(kHalfMade));
}

absl::Status SnapshotStore::List() {
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  indexes_.clear();
  for (const std::string& name : *names) {
    if (const auto index = IndexOf(name)) indexes_.push_back(*index);
  }
  std::sort(indexes_.begin(), indexes_.end());
  return absl::OkStatus();
}

absl::Status SnapshotStore::Open() {
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!IsHalfMade(name)) continue;
    if (absl::Status status = files_.Remove(absl::StrCat(directory_, "/", name)); !status.ok()) return status;
  }
  return List();
}

absl::StatusOr<std::unique_ptr<SnapshotStore::Writer>> SnapshotStore::Create(const SnapshotHeader& header) {
  std::string path = absl::StrCat(PathOf(header.last_included.index), std::string(kHalfMade));
  if (absl::Status status = files_.Remove(path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(path);
  if (!file.ok()) return file.status();
  return std::make_unique<Writer>(*this, header, std::move(path), *std::move(file));
}

absl::StatusOr<std::unique_ptr<SnapshotStore::Receiver>> SnapshotStore::Receive(Index index) {
  std::string path = ReceivedPathOf(index);
  if (absl::Status status = files_.Remove(path); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(path);
  if (!file.ok()) return file.status();
  return std::make_unique<Receiver>(*this, index, std::move(path), *std::move(file));
}

// Rename after sync: under its own name a snapshot is whole, whenever a crash comes.
absl::Status SnapshotStore::Adopt(const std::string& temporary, Index index) {
  if (absl::Status status = files_.Rename(temporary, PathOf(index)); !status.ok()) return status;
  if (absl::Status status = files_.SyncDirectory(directory_); !status.ok()) return status;
  const auto place = std::lower_bound(indexes_.begin(), indexes_.end(), index);
  if (place == indexes_.end() || *place != index) indexes_.insert(place, index);
  return absl::OkStatus();
}

absl::StatusOr<SnapshotHeader> SnapshotStore::Read(Index index, SnapshotDecoder::OnBlock on_block,
                                                   uint64_t* size) const {
  SnapshotDecoder decoder(PathOf(index));
  uint64_t read = 0;
  absl::Status status = ReadAllBytes(index, 0, [&](std::string_view bytes) {
    read += bytes.size();
    return decoder.Feed(bytes, on_block);
  });
  if (status.ok()) status = decoder.Finish();
  if (status.ok()) status = decoder.CheckIndex(index);
  if (!status.ok()) return status;
  if (size != nullptr) *size = read;
  return decoder.header();
}

std::optional<SnapshotHeader> SnapshotStore::NewestHeader() const {
  const absl::StatusOr<std::vector<std::string>> names = files_.List(directory_);
  std::optional<SnapshotHeader> newest;
  if (!names.ok()) return newest;
  for (const std::string& name : *names) {
    std::string_view listed = name;
    if (listed.ends_with(kDamaged)) listed.remove_suffix(kDamaged.size());
    const std::optional<Index> index = IndexOf(listed);
    if (!index || (newest && newest->last_included.index > *index)) continue;
    const std::string path = absl::StrCat(directory_, "/", name);
    const absl::StatusOr<std::string> bytes = files_.ReadPart(path, 0, kHeaderBytes);
    if (!bytes.ok()) continue;
    SnapshotDecoder decoder(path);
    decoder.Feed(*bytes, [](std::string_view) { return absl::OkStatus(); }).IgnoreError();
    if (decoder.has_header() && decoder.CheckIndex(*index).ok()) newest = decoder.header();
  }
  return newest;
}

absl::Status SnapshotStore::ReadAllBytes(Index index, uint64_t offset,
                                         absl::FunctionRef<absl::Status(std::string_view)> on_bytes) const {
  while (true) {
    const absl::StatusOr<std::string> bytes = ReadBytes(index, offset, kReadAtOnce);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) return absl::OkStatus();
    if (absl::Status status = on_bytes(*bytes); !status.ok()) return status;
    offset += bytes->size();
  }
}

absl::StatusOr<std::string> SnapshotStore::ReadBytes(Index index, uint64_t offset, uint64_t size) const {
  return files_.ReadPart(PathOf(index), offset, size);
}

absl::StatusOr<std::string> SnapshotStore::ReadReceived(Index index, uint64_t offset, uint64_t size) const {
  return files_.ReadPart(ReceivedPathOf(index), offset, size);
}

absl::Status SnapshotStore::Prune(const std::set<Index>& needed) {
  if (indexes_.size() <= kKept) return absl::OkStatus();
  const auto newest = indexes_.end() - static_cast<std::ptrdiff_t>(kKept);
  std::vector<Index> kept;
  for (auto index = indexes_.begin(); index != indexes_.end(); ++index) {
    absl::Status removed = absl::OkStatus();
    const bool keep = index >= newest || needed.contains(*index);
    if (!keep) removed = files_.Remove(PathOf(*index));
    if (keep || !removed.ok()) kept.push_back(*index);
  }
  indexes_ = std::move(kept);
  return files_.SyncDirectory(directory_);
}

absl::Status SnapshotStore::SetAside(Index index) {
  std::erase(indexes_, index);
  absl::Status status = files_.Rename(PathOf(index), absl::StrCat(PathOf(index), std::string(kDamaged)));
  return status.ok() ? files_.SyncDirectory(directory_) : status;
}

// ---- Making one ----------------------------------------------------------------------------------------------------

SnapshotStore::Writer::Writer(SnapshotStore& store, const SnapshotHeader& header, std::string path,
                              std::unique_ptr<File> file)
    : store_(store), index_(header.last_included.index), path_(std::move(path)), file_(std::move(file)) {
  encoder_.Header(header, buffer_);
}

SnapshotStore::Writer::~Writer() {
  file_.reset();
  // What cannot be removed now is at the next start.
  if (!committed_) store_.files_.Remove(path_).IgnoreError();
}

absl::Status SnapshotStore::Writer::Append(std::string_view data) {
  while (status_.ok() && block_.size() + data.size() >= kLongestSnapshotBlock) {
    const size_t fits = kLongestSnapshotBlock - block_.size();
    block_.append(data.substr(0, fits));
    data.remove_prefix(fits);
    status_ = WriteBlock(std::exchange(block_, {}));
  }
  if (status_.ok()) block_.append(data);
  return status_;
}

absl::Status SnapshotStore::Writer::WriteBlock(std::string_view data) {
  encoder_.Block(data, buffer_);
  return Flush();
}

absl::Status SnapshotStore::Writer::Flush() {
  absl::Status status = file_->WriteAt(written_, buffer_);
  written_ += buffer_.size();
  buffer_.clear();
  if (!status.ok() || written_ < synced_ + kSyncEvery || !store_.sync_) return status;
  synced_ = written_;
  return file_->Sync();
}

absl::Status SnapshotStore::Writer::Commit() {
  if (!status_.ok()) return status_;
  if (!block_.empty()) encoder_.Block(std::exchange(block_, {}), buffer_);
  encoder_.End(buffer_);
  status_ = Flush();
  if (status_.ok() && store_.sync_) status_ = file_->Sync();
  if (status_.ok()) status_ = store_.Adopt(path_, index_);
  committed_ = status_.ok();
  return status_;
}

// ---- Taking one in -------------------------------------------------------------------------------------------------

SnapshotStore::Receiver::Receiver(SnapshotStore& store, Index index, std::string path, std::unique_ptr<File> file)
    : store_(store), index_(index), path_(std::move(path)), file_(std::move(file)), decoder_("the snapshot received") {}

SnapshotStore::Receiver::~Receiver() {
  file_.reset();
  if (!committed_) store_.files_.Remove(path_).IgnoreError();
}

absl::Status SnapshotStore::Receiver::Append(uint64_t offset, std::string_view bytes) {
  if (!status_.ok()) return status_;
  if (offset != offset_) {
    return absl::OutOfRangeError(absl::StrCat("a piece at offset ", offset, " where ", offset_, " follows"));
  }
  status_ = decoder_.Feed(bytes, [](std::string_view) { return absl::OkStatus(); });
  if (status_.ok() && decoder_.has_header()) status_ = decoder_.CheckIndex(index_);
  if (status_.ok()) status_ = file_->WriteAt(offset_, bytes);
  if (status_.ok()) offset_ += bytes.size();
  if (status_.ok() && offset_ >= on_its_way_ + kBeginSyncEvery) {
    file_->BeginSync(on_its_way_, offset_);
    on_its_way_ = offset_;
  }
  return status_;
}

absl::StatusOr<SnapshotHeader> SnapshotStore::Receiver::Check() {
  if (status_.ok()) status_ = decoder_.Finish();
  if (!status_.ok()) return status_;
  return decoder_.header();
}

absl::StatusOr<SnapshotHeader> SnapshotStore::Receiver::Commit() {
  if (status_.ok()) status_ = decoder_.Finish();
  if (status_.ok() && store_.sync_) status_ = file_->Sync();
  if (status_.ok()) status_ = store_.Adopt(path_, index_);
  if (!status_.ok()) return status_;
  committed_ = true;
  return decoder_.header();
}

}  // namespace raftly
