#include "raft/storage/segments.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace raftly::wal {
namespace {

constexpr std::string_view kFirst = "raft.wal";
constexpr std::string_view kPrefix = "raft-";
constexpr std::string_view kSuffix = ".wal";
constexpr size_t kDigits = 20;

bool IsLater(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return false;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsHalfMade(std::string_view name) {
  if (!name.ends_with(kHalfMade)) return false;
  const std::string_view made = name.substr(0, name.size() - kHalfMade.size());
  return made == kFirst || IsLater(made);
}

struct File {
  std::string path;
  Segment header;  // of raft.wal: sequence 0, from the beginning on
};

// Room for a marker and a segment record.
constexpr uint64_t kHeaderBytes = kMarkerRecordBytes + kSegmentRecordBytes;

absl::Status Damaged(const std::string& path, std::string_view what) {
  return absl::DataLossError(
      absl::StrCat(path, ": ", std::string(what), "; set the directory aside and start this node with -rejoin"));
}

// In their order.
absl::StatusOr<std::vector<File>> ListSegments(FileSystem& files, const std::string& directory, FoundLog& found) {
  const auto names = files.List(directory);
  if (!names.ok()) return names.status();
  std::vector<File> segments;
  for (const std::string& name : *names) {
    std::string path = absl::StrCat(directory, "/", name);
    if (IsHalfMade(name)) found.leftovers.push_back(path);
    if (name != kFirst && !IsLater(name)) continue;
    File file{std::move(path), {}};
    if (name != kFirst) {
      const auto beginning = files.ReadPart(file.path, 0, kHeaderBytes);
      if (!beginning.ok()) return beginning.status();
      // It got its name when it was whole and durable.
      const auto header = SegmentRecordOf(*beginning);
      if (!header) return Damaged(file.path, "its first records, which were durable, are damaged");
      file.header = *header;
      if (SegmentPath(directory, header->previous.index + 1) != file.path) {
        return Damaged(file.path, absl::StrCat("is the segment that begins with index ",
                                               header->previous.index.value + 1, ", under another's name"));
      }
    }
    segments.push_back(std::move(file));
  }
  std::sort(segments.begin(), segments.end(),
            [](const File& a, const File& b) { return a.header.sequence < b.header.sequence; });
  return segments;
}

// What was thrown away may still be there, where a crash came before it was removed.
void DropWhatWasThrownAway(std::vector<File>& files, FoundLog& found) {
  const auto anew =
      std::find_if(files.rbegin(), files.rend(), [](const File& file) { return file.header.thrown_away; });
  if (anew == files.rend()) return;
  const auto first = std::prev(anew.base());
  for (auto file = files.begin(); file != first; ++file) found.leftovers.push_back(file->path);
  files.erase(files.begin(), first);
}

}  // namespace

std::string FirstSegmentPath(const std::string& directory) { return absl::StrCat(directory, "/", std::string(kFirst)); }

std::string SegmentPath(const std::string& directory, Index first) {
  return absl::StrFormat("%s/%s%020d%s", directory, std::string(kPrefix), first.value, std::string(kSuffix));
}

absl::StatusOr<FoundLog> FindLog(FileSystem& files, const std::string& directory, const WalOptions& options,
                                 OnRot on_rot) {
  FoundLog found;
  auto segments = ListSegments(files, directory, found);
  if (!segments.ok()) return segments.status();
  found.exists = !segments->empty();
  if (!found.exists) segments->push_back({FirstSegmentPath(directory), {}});
  DropWhatWasThrownAway(*segments, found);
  found.contents.base = segments->front().header.previous;
  for (size_t i = 0; i < segments->size(); ++i) {
    const File& file = (*segments)[i];
    if (!found.contents.MayEndAt(file.header.previous) ||
        (i > 0 && file.header.sequence == (*segments)[i - 1].header.sequence)) {
      return Damaged(file.path, absl::StrCat("follows index ", file.header.previous.index.value, " of term ",
                                             file.header.previous.term.value, ", and the segment before ends at index ",
                                             found.contents.last().index.value, " of term ",
                                             found.contents.last().term.value, ": one between them is missing"));
    }
    const bool last = i + 1 == segments->size();
    absl::StatusOr<std::string> bytes = found.exists ? files.Read(file.path) : std::string();
    if (!bytes.ok()) return bytes.status();
    found.contents.places.GoOn(file.header.sequence);
    auto recovery = Recover(*bytes, file.path, options, last, found.contents, on_rot);
    if (!recovery.ok()) return recovery.status();
    found.segments.push_back(
        {file.path, file.header.sequence, found.contents.last().index, bytes->size(), *std::move(recovery)});
    if (last) found.last_bytes = *std::move(bytes);
  }
  return found;
}

}  // namespace raftly::wal
