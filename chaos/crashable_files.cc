#include "chaos/crashable_files.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

absl::Status NoPower(const std::string& path) { return absl::InternalError(absl::StrCat(path, ": no power")); }

}  // namespace

// Holds the lock across the real call, so that a file and its image never disagree about what came before a sync.
class CrashableFiles::OpenFile : public File {
 public:
  OpenFile(CrashableFiles& files, std::string path, std::unique_ptr<File> real)
      : files_(files), path_(std::move(path)), real_(std::move(real)) {}

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return Do([&] { return real_->WriteAt(offset, data); },
              [&](Image& image) { image.since.push_back({.offset = offset, .data = std::string(data)}); });
  }

  absl::Status Reserve(uint64_t from, uint64_t to) override {
    return Do([&] { return real_->Reserve(from, to); },
              [&](Image& image) { image.since.push_back({.offset = from, .data = std::string(to - from, '\0')}); });
  }

  absl::Status Truncate(uint64_t size) override {
    return Do([&] { return real_->Truncate(size); },
              [&](Image& image) { image.since.push_back({.offset = size, .data = {}, .resize = true}); });
  }

  absl::Status Sync() override {
    return Do([&] { return real_->Sync(); },
              [&](Image& image) {
                for (const Change& change : image.since) Apply(image.synced, change);
                image.since.clear();
              });
  }

 private:
  template <class Act, class Remember>
  absl::Status Do(Act act, Remember remember) {
    MutexLock lock(files_.mutex_);
    if (!files_.power_) return NoPower(path_);
    absl::Status status = act();
    if (status.ok()) remember(files_.images_[path_]);
    return status;
  }

  CrashableFiles& files_;
  const std::string path_;
  const std::unique_ptr<File> real_;
};

absl::StatusOr<std::unique_ptr<File>> CrashableFiles::Open(const std::string& path) {
  auto file = real_->Open(path);
  if (!file.ok()) return file.status();
  auto bytes = real_->Read(path);
  if (!bytes.ok()) return bytes.status();
  MutexLock lock(mutex_);
  images_[path] = {.synced = *std::move(bytes), .since = {}};
  return std::make_unique<OpenFile>(*this, path, *std::move(file));
}

absl::Status CrashableFiles::ReplaceAtomically(const std::string& path, std::string_view contents) {
  MutexLock lock(mutex_);
  if (!power_) return NoPower(path);
  images_.erase(path);
  return real_->ReplaceAtomically(path, contents);
}

absl::Status CrashableFiles::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  if (!power_) return NoPower(from);
  absl::Status status = real_->Rename(from, to);
  if (!status.ok()) return status;
  images_.erase(to);
  if (auto image = images_.extract(from)) {
    image.key() = to;
    images_.insert(std::move(image));
  }
  return status;
}

absl::Status CrashableFiles::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  if (!power_) return NoPower(path);
  images_.erase(path);
  return real_->Remove(path);
}

void CrashableFiles::CutPower() {
  MutexLock lock(mutex_);
  power_ = false;
}

absl::Status CrashableFiles::RestorePower() {
  MutexLock lock(mutex_);
  power_ = true;
  absl::Status result;
  for (auto& [path, image] : std::exchange(images_, {})) {
    if (image.since.empty()) continue;
    auto file = real_->Open(path);
    absl::Status status = file.status();
    if (status.ok()) status = (*file)->WriteAt(0, image.synced);
    if (status.ok()) status = (*file)->Truncate(image.synced.size());
    if (status.ok()) status = (*file)->Sync();
    result.Update(status);
  }
  return result;
}

void CrashableFiles::Apply(std::string& bytes, const Change& change) {
  const uint64_t end = change.offset + change.data.size();
  if (change.resize || bytes.size() < end) bytes.resize(end);
  bytes.replace(change.offset, change.data.size(), change.data);
}

}  // namespace raftly
