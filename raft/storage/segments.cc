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
  return name.ends_with(kHalfMade) && IsLater(name.substr(0, name.size() - kHalfMade.size()));
}

struct File {
  std::string path;
  Segment header;  // of raft.wal: sequence 0, from the beginning on
  std::shared_ptr<const std::string> bytes;
};

absl::Status Damaged(const std::string& path, std::string_view what) {
  return absl::DataLossError(
      absl::StrCat(path, ": ", std::string(what), "; set the directory aside and start this node with -rejoin"));
}

absl::StatusOr<std::vector<File>> ReadAll(FileSystem& files, const std::string& directory, FoundLog& found) {
  const auto names = files.List(directory);
  if (!names.ok()) return names.status();
  std::vector<File> read;
  for (const std::string& name : *names) {
    std::string path = absl::StrCat(directory, "/", name);
    if (IsHalfMade(name)) found.leftovers.push_back(path);
    if (name != kFirst && !IsLater(name)) continue;
    auto bytes = files.Read(path);
    if (!bytes.ok()) return bytes.status();
    File file{std::move(path), {}, std::make_shared<const std::string>(*std::move(bytes))};
    if (name != kFirst) {
      // It got its name when it was whole and durable.
      const auto header = SegmentRecordOf(*file.bytes);
      if (!header) return Damaged(file.path, "its first records, which were durable, are damaged");
      file.header = *header;
      if (SegmentPath(directory, header->previous.index + 1) != file.path) {
        return Damaged(file.path, absl::StrCat("is the segment that begins with index ",
                                               header->previous.index.value + 1, ", under another's name"));
      }
    }
    read.push_back(std::move(file));
  }
  std::sort(read.begin(), read.end(),
            [](const File& a, const File& b) { return a.header.sequence < b.header.sequence; });
  return read;
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

absl::StatusOr<FoundLog> FindLog(FileSystem& files, const std::string& directory, const WalOptions& options) {
  FoundLog found;
  auto read = ReadAll(files, directory, found);
  if (!read.ok()) return read.status();
  found.exists = !read->empty();
  if (read->empty()) read->push_back({FirstSegmentPath(directory), {}, std::make_shared<const std::string>()});
  DropWhatWasThrownAway(*read, found);
  found.contents.base = read->front().header.previous;
  for (size_t i = 0; i < read->size(); ++i) {
    const File& file = (*read)[i];
    if (file.header.previous != found.contents.last() ||
        (i > 0 && file.header.sequence == (*read)[i - 1].header.sequence)) {
      return Damaged(file.path, absl::StrCat("follows index ", file.header.previous.index.value, " of term ",
                                             file.header.previous.term.value, ", and the segment before ends at index ",
                                             found.contents.last().index.value, " of term ",
                                             found.contents.last().term.value, ": one between them is missing"));
    }
    const bool last = i + 1 == read->size();
    auto recovery = Recover(file.bytes, file.path, options, last, found.contents);
    if (!recovery.ok()) return recovery.status();
    found.segments.push_back(
        {file.path, file.header.sequence, found.contents.last().index, file.bytes->size(), *std::move(recovery)});
    if (last) found.last_bytes = file.bytes;
  }
  return found;
}

}  // namespace raftly::wal
