#include "raft/storage/entry_reader.h"

#include <optional>
#include <variant>

#include "absl/strings/str_cat.h"
#include "raft/storage/wal_record.h"

namespace raftly::wal {

absl::Status DamagedSince(const std::string& path, const std::string& what) {
  return absl::DataLossError(absl::StrCat(
      path, ": ", what, ", although it was durable; set the directory aside and start this node with -rejoin"));
}

absl::Status EntryReader::Take(const std::shared_ptr<const std::string>& bytes, Index end, const std::string& path,
                               uint64_t offset) {
  const auto damaged = [&](uint64_t at) {
    return DamagedSince(path, absl::StrCat("has a damaged record at offset ", offset + at));
  };
  uint64_t at = 0;
  while (at < bytes->size() && next_ < end && !full_) {
    const auto frame = ReadFrame(*bytes, at);
    if (!frame || (verify_checksums_ && !ChecksumHolds(*frame))) return damaged(at);
    const auto record = Parse(frame->data);
    if (!record) return damaged(at);
    at += frame->size;
    const auto* entry = std::get_if<EntryView>(&*record);
    if (entry == nullptr || entry->index != next_) continue;
    if (!Fits(entry->command.size())) {
      full_ = true;
      break;
    }
    bytes_ += entry->command.size();
    entries_.push_back({entry->index, entry->term, entry->type, Bytes(bytes, entry->command)});
    ++next_;
    full_ = entries_.size() == max_entries_;
  }
  return absl::OkStatus();
}

}  // namespace raftly::wal
