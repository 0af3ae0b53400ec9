#include "raft/storage/wal_recovery.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "raft/env/parallel.h"
#include "raft/storage/wal_record.h"

namespace raftly::wal {
namespace {

constexpr const char* kImpossibleTerm = "holds a term that no cluster reaches";

constexpr const char* kRemedy = "; set the directory aside and start this node with -rejoin";

// Checksums take half of a recovery, so a file larger than this is cut into pieces that are checked in parallel.
constexpr uint64_t kPiece = uint64_t{1} << 20;

constexpr size_t kChunk = size_t{64} << 10;

struct Checked {
  uint64_t end = 0;      // the records before it are intact, the one that begins here is not, or there is none
  uint64_t records = 0;  // up to the end of the last one, intact or not
};

// `from` or the end of the last intact record in [from, to).
uint64_t IntactUpTo(std::string_view bytes, uint64_t from, uint64_t to) {
  while (from < to) {
    const auto frame = ReadFrame(bytes, from);
    if (!frame || !ChecksumHolds(*frame)) break;
    from += frame->size;
  }
  return from;
}

Checked CheckRecords(std::string_view bytes) {
  // Their lengths alone tell where records begin. Where one of them is wrong, its checksum will be too.
  Checked checked;
  std::vector<uint64_t> cuts{0};
  uint64_t end = 0;
  for (auto frame = ReadFrame(bytes, end); frame; frame = ReadFrame(bytes, end)) {
    if (end - cuts.back() >= kPiece) cuts.push_back(end);
    end += frame->size;
    ++checked.records;
  }
  cuts.push_back(end);
  std::vector<uint64_t> intact(cuts.size() - 1);
  ForEachInParallel(intact.size(), [&](size_t i) { intact[i] = IntactUpTo(bytes, cuts[i], cuts[i + 1]); });
  for (size_t i = 0; i < intact.size(); ++i) {
    checked.end = intact[i];
    if (intact[i] < cuts[i + 1]) break;
  }
  return checked;
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& path, const WalOptions& options, bool last, Contents& contents,
         OnRot on_rot)
      : bytes_(bytes), path_(path), options_(options), last_(last), contents_(contents), on_rot_(on_rot) {}

  absl::StatusOr<Recovery> Run() {
    const Checked checked = CheckRecords(bytes_);
    contents_.entries.reserve(contents_.entries.size() + checked.records);
    do {
      if (absl::Status status = TakeRecords(checked.end); !status.ok()) return status;
    } while (on_rot_ == OnRot::kNote && PassHole());
    return Finish();
  }

 private:
  // As far as they are intact.
  absl::Status TakeRecords(uint64_t checked) {
    while (const auto frame = ReadFrame(bytes_, offset_)) {
      const bool intact = offset_ < checked || ChecksumHolds(*frame);
      if (!intact && options_.verify_checksums) break;
      if (const char* objection = Take(frame->data)) {
        // An interrupted write does not leave a valid checksum: somebody wrote this, and nobody can say what else of
        // it was acknowledged.
        if (intact) return Refuse(objection);
        break;
      }
      offset_ += frame->size;
      ++records_;
    }
    return absl::OkStatus();
  }

  // Many commands to a chunk, so that each costs little, and none keeps a whole file in memory.
  Bytes Copy(std::string_view command) {
    if (command.empty()) return {};
    if (chunk_ == nullptr || chunk_->capacity() - chunk_->size() < command.size()) {
      chunk_ = std::make_shared<std::string>();
      chunk_->reserve(std::max(kChunk, command.size()));
    }
    const size_t at = chunk_->size();
    chunk_->append(command);
    return {chunk_, std::string_view(*chunk_).substr(at)};
  }

  // Nothing, or why this record cannot stand here.
  const char* Take(std::string_view data) {
    const auto record = Parse(data);
    if (!record) return "does not have the form of its type";
    const char* objection = std::visit([this](const auto& parsed) { return On(parsed); }, *record);
    if (objection == nullptr) found_.sealed = std::holds_alternative<Marker>(*record);
    return objection;
  }

  const char* On(const State& state) {
    if (state.term > kLastTerm) return kImpossibleTerm;
    contents_.state_known = true;
    contents_.hard_state.term = state.term;
    contents_.hard_state.voted_for = state.voted_for;
    return nullptr;
  }
  const char* On(const EntryView& entry) {
    Entries& entries = contents_.entries;
    // Behind a hole the log goes on anywhere.
    const bool anywhere = !contents_.rooted && (entries.empty() || entry.index < entries.front().index);
    if (!entry.index || entry.index > kLastIndex || (!anywhere && entry.index > contents_.last().index + 1)) {
      return "leaves a gap in the log's indexes";
    }
    if (!entry.term) return "holds an entry without a term";
    if (entry.term > kLastTerm) return kImpossibleTerm;
    if (entry.index <= contents_.base.index) {
      // The log was cut to before where it went on here. What it was cut to went with a segment that was let go, so a
      // snapshot holds it, and this entry too.
      entries.clear();
      contents_.before.clear();
      contents_.rooted = true;
      contents_.base = {entry.term, entry.index};
      contents_.places.Clear();
      return nullptr;
    }
    const Index first = anywhere ? entry.index : contents_.rooted ? contents_.base.index + 1 : entries.front().index;
    const uint64_t before = entry.index - first;
    const Term root = contents_.rooted ? contents_.base.term : Term{};
    const Term previous = before > 0 ? entries[before - 1].term : root;
    if (entry.term < previous) return "holds a term below that of the entry before";
    entries.resize(before);
    entries.push_back({entry.index, entry.term, entry.type, Copy(entry.command)});
    contents_.places.Add(entry.index, offset_);
    return nullptr;
  }
  const char* On(const Marker& marker) {
    if (marker.offset != offset_ || marker.synced_to > offset_) return "is a marker that belongs elsewhere";
    found_.marked = true;
    found_.proven = std::max(found_.proven, marker.synced_to);
    return nullptr;
  }
  const char* On(const MayVote& may_vote) {
    contents_.may_vote_known = true;
    contents_.hard_state.may_vote = may_vote.value;
    return nullptr;
  }
  // Whether it follows what came before is for who reads all segments to say.
  const char* On(const Segment& segment) const {
    if (records_ > 1) return "begins a segment in the middle of another";
    if (segment.previous.index > kLastIndex || segment.previous.term > kLastTerm) return kImpossibleTerm;
    return nullptr;
  }
  const char* On(const Unknown&) { return nullptr; }

  absl::StatusOr<Recovery> Finish() {
    found_.end = offset_;
    const size_t last = bytes_.find_last_not_of('\0');
    if (last == std::string_view::npos || last < offset_) return found_;  // nothing but space ahead
    if (!last_) return Refuse("is damaged, but the log goes on in a later segment");
    if (!options_.truncate_torn_tail) {
      // The classic mistake, whole: what follows is not looked at, stays, and the next record goes after it.
      found_.end = bytes_.size();
      return found_;
    }
    if (const auto proof = ProofOfRot()) return Refuse(absl::StrCat("is damaged, but ", *proof));
    found_.torn_tail = TornTail{offset_, last + 1 - offset_};
    return found_;
  }

  // Why the bytes at offset_ had been durable, or nothing: then they were never acknowledged.
  std::optional<std::string> ProofOfRot() {
    bool marked = found_.marked;
    for (auto marker = NextMarker(offset_ + 1); marker; marker = NextMarker(marker->offset + 1)) {
      marked = true;
      if (marker->synced_to <= offset_) continue;
      return absl::StrCat("a marker at offset ", marker->offset, " says that all before ", marker->synced_to,
                          " was durable");
    }
    if (marked) return std::nullopt;
    if (const auto offset = NextIntactRecord()) {
      return absl::StrCat("an intact record follows at offset ", *offset);
    }
    return std::nullopt;
  }

  // Goes on behind damaged records that were durable, at the next marker: where else a record begins nobody can tell
  // for certain. False: there are none, or nothing shows where the log goes on.
  bool PassHole() {
    const size_t last = bytes_.find_last_not_of('\0');
    const bool anything = last != std::string_view::npos && last >= offset_;
    if (!anything || (last_ && !ProofOfRot())) return false;
    const auto marker = NextMarker(offset_ + 1);
    if (!marker && last_) return false;
    const uint64_t end = marker ? marker->offset : bytes_.size();
    contents_.holes.push_back({path_, offset_, end, records_ + 1});
    if (std::exchange(contents_.rooted, false)) contents_.before = std::move(contents_.entries);
    contents_.entries.clear();
    contents_.state_known = contents_.may_vote_known = false;
    offset_ = end;
    return true;
  }

  // The first that is intact at or behind `from`.
  std::optional<Marker> NextMarker(uint64_t from) const {
    size_t magic = bytes_.find(kMagic, from + kMagicInMarkerRecord);
    for (; magic != std::string_view::npos; magic = bytes_.find(kMagic, magic + 1)) {
      if (const auto marker = MarkerAt(magic - kMagicInMarkerRecord)) return marker;
    }
    return std::nullopt;
  }

  std::optional<Marker> MarkerAt(uint64_t offset) const {
    const auto frame = ReadFrame(bytes_, offset);
    if (!frame || !ChecksumHolds(*frame)) return std::nullopt;
    const auto record = Parse(frame->data);
    const Marker* marker = record ? std::get_if<Marker>(&*record) : nullptr;
    if (marker == nullptr || marker->offset != offset) return std::nullopt;
    return *marker;
  }

  // Any byte may be the first of a record. The form is compared before the checksum: it has to agree on the length
  // twice, so few places are worth reading in full.
  std::optional<uint64_t> NextIntactRecord() const {
    constexpr auto kLargestFirstByte = static_cast<unsigned char>(kLongestData >> 24);
    for (uint64_t offset = offset_ + 1; offset + kFrameBytes < bytes_.size(); ++offset) {
      if (static_cast<unsigned char>(bytes_[offset]) > kLargestFirstByte) continue;
      const auto type = static_cast<RecordType>(bytes_[offset + 4]);
      if (type != RecordType::kState && type != RecordType::kEntry && type != RecordType::kMayVote) continue;
      const auto frame = ReadFrame(bytes_, offset);
      if (frame && Parse(frame->data) && ChecksumHolds(*frame)) return offset;
    }
    return std::nullopt;
  }

  absl::Status Refuse(const std::string& why) const {
    return absl::DataLossError(
        absl::StrCat(path_, ": record ", records_ + 1, " at offset ", offset_, " ", why, kRemedy));
  }

  const std::string_view bytes_;
  const std::string& path_;
  const WalOptions& options_;
  const bool last_;
  Contents& contents_;
  const OnRot on_rot_;
  uint64_t offset_ = 0;                 // all before it has been taken
  uint64_t records_ = 0;                // how many that are
  std::shared_ptr<std::string> chunk_;  // its bytes never move
  Recovery found_;
};

}  // namespace

std::optional<Segment> SegmentRecordOf(std::string_view bytes) {
  uint64_t offset = 0;
  for (int record = 0; record < 2; ++record) {
    const auto frame = ReadFrame(bytes, offset);
    if (!frame || !ChecksumHolds(*frame)) return std::nullopt;
    const auto parsed = Parse(frame->data);
    if (!parsed) return std::nullopt;
    if (const auto* segment = std::get_if<Segment>(&*parsed)) return *segment;
    offset += frame->size;
  }
  return std::nullopt;
}

absl::StatusOr<Recovery> Recover(std::string_view bytes, const std::string& path, const WalOptions& options, bool last,
                                 Contents& contents, OnRot on_rot) {
  return Reader(bytes, path, options, last, contents, on_rot).Run();
}

}  // namespace raftly::wal
