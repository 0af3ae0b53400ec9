#include "raft/storage/snapshot_format.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/big_endian.h"
#include "raft/storage/checksum.h"

namespace raftly {
namespace {

constexpr size_t kMagicBytes = kSnapshotMagic.size();
constexpr size_t kSizeBytes = 4;
constexpr size_t kCrcBytes = 4;
constexpr size_t kEndFields = 8 + 8 + 4;

// A string behind its length.
void PutString(std::string& out, std::string_view text) {
  PutBigEndian(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

// Takes numbers and strings from the front of the fields; once there are too few bytes, nothing any more.
class FieldReader {
 public:
  explicit FieldReader(std::string_view rest) : rest_(rest) {}

  template <class Int>
  Int Number() {
    const std::string_view bytes = Take(sizeof(Int));
    return bytes.empty() ? Int{} : GetBigEndian<Int>(bytes, 0);
  }
  std::string String() { return std::string(Take(Number<uint32_t>())); }
  bool whole() const { return whole_ && rest_.empty(); }

 private:
  std::string_view Take(size_t size) {
    whole_ = whole_ && size <= rest_.size();
    if (!whole_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool whole_ = true;
};

}  // namespace

// ---- Writing -------------------------------------------------------------------------------------------------------

void SnapshotEncoder::Header(const SnapshotHeader& header, std::string& out) {
  std::string fields;
  PutBigEndian(fields, kSnapshotFormat);
  PutBigEndian(fields, header.last_included.index.value);
  PutBigEndian(fields, header.last_included.term.value);
  PutBigEndian(fields, header.configuration_index.value);
  PutString(fields, header.configuration);
  PutString(fields, header.machine);
  PutBigEndian(fields, header.machine_version);
  RAFTLY_CHECK(fields.size() <= kLongestSnapshotFields, "a snapshot would have a header that nobody believes");

  out.append(kSnapshotMagic);
  PutString(out, fields);
  all_ = Checksum(fields);
  PutBigEndian(out, all_);
}

void SnapshotEncoder::Block(std::string_view data, std::string& out) {
  RAFTLY_CHECK(!data.empty() && data.size() <= kLongestSnapshotBlock,
               "a snapshot would have a block that nobody believes");
  const uint32_t checksum = Checksum(data);
  PutString(out, data);
  PutBigEndian(out, checksum);
  ++blocks_;
  bytes_ += data.size();
  all_ = CombinedChecksum(all_, checksum, data.size());
}

void SnapshotEncoder::End(std::string& out) const {
  PutBigEndian(out, uint32_t{0});
  const size_t begin = out.size();
  PutBigEndian(out, blocks_);
  PutBigEndian(out, bytes_);
  PutBigEndian(out, all_);
  PutBigEndian(out, Checksum(std::string_view(out).substr(begin)));
}

// ---- Reading -------------------------------------------------------------------------------------------------------

absl::Status SnapshotDecoder::Feed(std::string_view bytes, OnBlock on_block) {
  if (!status_.ok()) return status_;
  // What is whole is taken where it lies; only what has to wait for more is copied, and once.
  while (!kept_.empty() && !bytes.empty() && status_.ok()) {
    const size_t more = std::min(needed_ - kept_.size(), bytes.size());
    kept_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    if (const size_t taken = TakePiece(kept_, on_block)) {
      offset_ += taken;
      kept_.clear();
    }
  }
  while (const size_t taken = TakePiece(bytes, on_block)) {
    bytes.remove_prefix(taken);
    offset_ += taken;
  }
  kept_.append(bytes);
  return status_;
}

size_t SnapshotDecoder::TakePiece(std::string_view bytes, OnBlock on_block) {
  if (!status_.ok() || bytes.empty()) return 0;
  if (ended_) return Refuse("more follows after the end");
  if (!has_header_) return TakeHeader(bytes);
  if (bytes.size() < kSizeBytes) return Await(kSizeBytes);
  return GetBigEndian<uint32_t>(bytes, 0) == 0 ? TakeEnd(bytes) : TakeBlock(bytes, on_block);
}

size_t SnapshotDecoder::TakeHeader(std::string_view bytes) {
  const std::string_view magic = bytes.substr(0, kMagicBytes);
  if (magic != kSnapshotMagic.substr(0, magic.size())) return Refuse("this is no snapshot of Raftly");
  if (bytes.size() < kMagicBytes + kSizeBytes) return Await(kMagicBytes + kSizeBytes);
  const size_t size = GetBigEndian<uint32_t>(bytes, kMagicBytes);
  if (size > kLongestSnapshotFields) return Refuse("the header's length is damaged");
  const size_t whole = kMagicBytes + kSizeBytes + size + kCrcBytes;
  if (bytes.size() < whole) return Await(whole);
  const std::string_view fields = bytes.substr(kMagicBytes + kSizeBytes, size);
  all_ = Checksum(fields);
  if (GetBigEndian<uint32_t>(bytes, whole - kCrcBytes) != all_) return Refuse("the header is damaged");
  return ParseFields(fields) ? whole : 0;
}

// The format comes first, so that a version that does not know it can say so.
bool SnapshotDecoder::ParseFields(std::string_view fields) {
  FieldReader reader(fields);
  if (const auto format = reader.Number<uint32_t>(); format != kSnapshotFormat && fields.size() >= sizeof format) {
    status_ = absl::UnimplementedError(
        absl::StrCat(source_, ": is a snapshot of format ", format, ", this version reads format ", kSnapshotFormat));
    return false;
  }
  header_.last_included.index.value = reader.Number<uint64_t>();
  header_.last_included.term.value = reader.Number<uint64_t>();
  header_.configuration_index.value = reader.Number<uint64_t>();
  header_.configuration = reader.String();
  header_.machine = reader.String();
  header_.machine_version = reader.Number<uint32_t>();
  has_header_ = reader.whole() || Refuse("the header does not have the form of its format") != 0;
  return has_header_;
}

size_t SnapshotDecoder::TakeBlock(std::string_view bytes, OnBlock on_block) {
  const size_t size = GetBigEndian<uint32_t>(bytes, 0);
  if (size > kLongestSnapshotBlock) return Refuse("a block's length is damaged");
  const size_t whole = kSizeBytes + size + kCrcBytes;
  if (bytes.size() < whole) return Await(whole);
  const std::string_view data = bytes.substr(kSizeBytes, size);
  const uint32_t checksum = Checksum(data);
  if (GetBigEndian<uint32_t>(bytes, whole - kCrcBytes) != checksum) return Refuse("a block is damaged");
  status_ = on_block(data);
  if (!status_.ok()) return 0;
  ++blocks_;
  bytes_ += size;
  all_ = CombinedChecksum(all_, checksum, size);
  return whole;
}

size_t SnapshotDecoder::TakeEnd(std::string_view bytes) {
  constexpr size_t kWhole = kSizeBytes + kEndFields + kCrcBytes;
  if (bytes.size() < kWhole) return Await(kWhole);
  const std::string_view fields = bytes.substr(kSizeBytes, kEndFields);
  if (GetBigEndian<uint32_t>(bytes, kWhole - kCrcBytes) != Checksum(fields)) return Refuse("the end is damaged");
  const bool ours = GetBigEndian<uint64_t>(fields, 0) == blocks_ && GetBigEndian<uint64_t>(fields, 8) == bytes_ &&
                    GetBigEndian<uint32_t>(fields, 16) == all_;
  if (!ours) return Refuse("the end belongs to other blocks than these");
  ended_ = true;
  return kWhole;
}

absl::Status SnapshotDecoder::Finish() const {
  if (!status_.ok() || ended_) return status_;
  return absl::DataLossError(absl::StrCat(source_, ": ends at offset ", offset_ + kept_.size(),
                                          " in the middle: a whole snapshot has an end block"));
}

absl::Status SnapshotDecoder::CheckIndex(Index index) const {
  if (header_.last_included.index == index) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(source_, ": is the snapshot of index ", header_.last_included.index.value,
                                          ", not of ", index.value));
}

size_t SnapshotDecoder::Await(size_t bytes) {
  needed_ = bytes;
  return 0;
}

size_t SnapshotDecoder::Refuse(const char* what) {
  status_ = absl::DataLossError(absl::StrCat(source_, ": at offset ", offset_, ": ", what));
  return 0;
}

}  // namespace raftly
