#include "server/file_watch.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr Duration kEvery = std::chrono::seconds(1);

// Changes whenever one of the files is written or replaced, also behind a symbolic link, as Kubernetes does it.
std::string LookOf(const std::vector<std::string>& paths) {
  std::string look;
  for (const std::string& path : paths) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) found = {};
    absl::StrAppend(&look, found.st_dev, "/", found.st_ino, "/", found.st_size, "/", found.st_mtim.tv_sec, "/",
                    found.st_mtim.tv_nsec, " ");
  }
  return look;
}

}  // namespace

FileWatch::FileWatch(std::vector<Files> files, const Logger& log) : log_(log) {
  for (Files& one : files) {
    std::string look = LookOf(one.paths);
    watched_.push_back({std::move(one), look, look});
  }
}

void FileWatch::Start() {
  if (!watched_.empty()) loop_.PostAt(loop_.Now() + kEvery, [this] { Look(); });
}

void FileWatch::Look() {
  for (Watched& watched : watched_) {
    const std::string look = LookOf(watched.files.paths);
    // A certificate and its key are two files: between the writing of one and the other they do not fit.
    if (look != watched.read && look == watched.seen) Read(watched);
    watched.seen = look;
  }
  loop_.PostAt(loop_.Now() + kEvery, [this] { Look(); });
}

void FileWatch::ReadNow() {
  loop_.Post([this] {
    for (Watched& watched : watched_) Read(watched);
  });
}

void FileWatch::Read(Watched& watched) const {
  watched.read = LookOf(watched.files.paths);
  const auto changed = watched.files.read();
  if (!changed.ok()) {
    log_.Warn("files cannot be used, what was read before stays",
              {{"what", watched.files.what}, {"reason", std::string(changed.status().message())}});
  } else if (*changed) {
    log_.Info("files read again", {{"what", watched.files.what}});
  }
}

}  // namespace raftly
