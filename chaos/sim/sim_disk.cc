#include "chaos/sim/sim_disk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"

namespace raftly {
namespace {

constexpr uint64_t kSector = 512;

absl::Status DeadError(const std::string& path) { return absl::InternalError(absl::StrCat(path, ": process is dead")); }

}  // namespace

class SimDisk::OpenFile : public File {
 public:
  OpenFile(SimDisk& disk, std::string path, std::shared_ptr<Inode> inode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), life_(disk.life_) {}

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    if (life_ != disk_.life_) return DeadError(path_);
    if (std::exchange(disk_.fail_next_write_, false)) {
      // Some of it got through: the caller is told nothing about which part.
      const size_t done = disk_.random_.Below(data.size() + 1);
      if (done > 0) Record(*inode_, {.offset = offset, .data = std::string(data.substr(0, done))});
      return disk_.Broken(path_, "write");
    }
    if (disk_.full_ && offset + data.size() > inode_->current.size()) {
      return absl::ResourceExhaustedError(absl::StrCat(path_, ": write: No space left on device"));
    }
    Record(*inode_, {.offset = offset, .data = std::string(data)});
    return absl::OkStatus();
  }

  absl::Status Reserve(uint64_t from, uint64_t to) override {
    if (life_ != disk_.life_) return DeadError(path_);
    if (disk_.full_ && to > inode_->current.size()) {
      return absl::ResourceExhaustedError(absl::StrCat(path_, ": fallocate: No space left on device"));
    }
    const uint64_t size = inode_->current.size();
    if (from < size) Record(*inode_, {.offset = from, .data = std::string(std::min(to, size) - from, '\0')});
    if (to > size) Record(*inode_, {.kind = Change::Kind::kResize, .offset = to});
    return absl::OkStatus();
  }

  absl::Status Truncate(uint64_t size) override {
    if (life_ != disk_.life_) return DeadError(path_);
    Record(*inode_, {.kind = Change::Kind::kResize, .offset = size});
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (life_ != disk_.life_) return DeadError(path_);
    return disk_.SyncInode(path_, *inode_);
  }

 private:
  SimDisk& disk_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  uint64_t life_;
};

class SimDisk::HeldLock : public FileLock {
 public:
  HeldLock(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)), life_(disk.life_) {}
  ~HeldLock() override {
    if (life_ == disk_.life_) disk_.locks_.erase(path_);
  }

 private:
  SimDisk& disk_;
  std::string path_;
  uint64_t life_;
};

class SimDisk::OneLife : public FileSystem {
 public:
  explicit OneLife(SimDisk& disk) : disk_(disk), life_(disk.life_) {}

  absl::Status CreateDirectory(const std::string& path) override {
    return dead() ? DeadError(path) : disk_.CreateDirectory(path);
  }
  absl::StatusOr<std::string> Read(const std::string& path) override {
    if (dead()) return DeadError(path);
    return disk_.Read(path);
  }
  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override {
    if (dead()) return DeadError(path);
    return disk_.ReadPart(path, offset, size);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    if (dead()) return DeadError(directory);
    return disk_.List(directory);
  }
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    if (dead()) return DeadError(path);
    return disk_.Open(path);
  }
  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override {
    return dead() ? DeadError(path) : disk_.ReplaceAtomically(path, contents);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return dead() ? DeadError(from) : disk_.Rename(from, to);
  }
  absl::Status Remove(const std::string& path) override { return dead() ? DeadError(path) : disk_.Remove(path); }
  absl::Status SyncDirectory(const std::string& path) override {
    return dead() ? DeadError(path) : disk_.SyncDirectory(path);
  }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    if (dead()) return DeadError(path);
    return disk_.Lock(path);
  }

 private:
  bool dead() const { return life_ != disk_.life_; }

  SimDisk& disk_;
  const uint64_t life_;
};

std::unique_ptr<FileSystem> SimDisk::ForThisLife() { return std::make_unique<OneLife>(*this); }

absl::Status SimDisk::CreateDirectory(const std::string& path) {
  directories_.insert(path);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimDisk::Read(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return absl::NotFoundError(absl::StrCat(path, ": No such file or directory"));
  return found->second->current;
}

absl::StatusOr<std::unique_ptr<File>> SimDisk::Open(const std::string& path) {
  if (!directories_.contains(DirectoryOf(path))) {
    return absl::NotFoundError(absl::StrCat(path, ": No such file or directory"));
  }
  if (!files_.contains(path)) {
    Relist([path, inode = std::make_shared<Inode>()](Names& names) { names.emplace(path, inode); });
  }
  return std::make_unique<OpenFile>(*this, path, files_[path]);
}

absl::StatusOr<std::string> SimDisk::ReadPart(const std::string& path, uint64_t offset, uint64_t size) {
  auto whole = Read(path);
  if (!whole.ok()) return whole;
  return offset < whole->size() ? whole->substr(offset, size) : std::string();
}

absl::StatusOr<std::vector<std::string>> SimDisk::List(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [path, inode] : files_) {
    if (DirectoryOf(path) == directory) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

absl::Status SimDisk::Rename(const std::string& from, const std::string& to) {
  if (dying_) return DeadError(from);
  const auto found = files_.find(from);
  if (found == files_.end()) return absl::NotFoundError(absl::StrCat(from, ": No such file or directory"));
  Relist([from, to, inode = found->second](Names& names) {
    names.erase(from);
    names[to] = inode;
  });
  return absl::OkStatus();
}

absl::Status SimDisk::Remove(const std::string& path) {
  if (dying_) return DeadError(path);
  Relist([path](Names& names) { names.erase(path); });
  return absl::OkStatus();
}

absl::Status SimDisk::ReplaceAtomically(const std::string& path, std::string_view contents) {
  auto inode = std::make_shared<Inode>();
  Record(*inode, {.offset = 0, .data = std::string(contents)});
  absl::Status synced = SyncInode(path, *inode);
  if (!synced.ok()) return synced;
  // A rename is one step, and the caller sees it as durable; that a crash finds the old file is left to other tests.
  listed_[path] = files_[path] = std::move(inode);
  return absl::OkStatus();
}

// Of the one directory that has files: syncing the one above it concerns no name here.
absl::Status SimDisk::SyncDirectory(const std::string& path) {
  if (dying_) return DeadError(path);
  if (!directories_.contains(path)) return absl::OkStatus();
  listed_ = files_;
  unlisted_.clear();
  return absl::OkStatus();
}

void SimDisk::Relist(std::function<void(Names&)> change) {
  change(files_);
  unlisted_.push_back(std::move(change));
}

absl::StatusOr<std::unique_ptr<FileLock>> SimDisk::Lock(const std::string& path) {
  if (!locks_.insert(path).second) return absl::FailedPreconditionError(absl::StrCat(path, ": locked"));
  return std::make_unique<HeldLock>(*this, path);
}

void SimDisk::Fail(Crash crash) {
  ++life_;
  locks_.clear();
  dying_ = fail_next_write_ = fail_next_sync_ = false;
  if (crash == Crash::kProcess) return;
  for (const auto& relist : std::exchange(unlisted_, {})) {
    if (!random_.Chance(settings_.lost_permille)) relist(listed_);
  }
  files_ = listed_;
  for (auto& [path, inode] : files_) LosePower(*inode);
  tears_ = false;
}

void SimDisk::Tell(Seen what, const Inode& inode) const {
  if (watch_ == nullptr || inode.changes.empty()) return;
  uint64_t bytes = 0;
  for (const Change& change : inode.changes) bytes += change.data.size();
  if (bytes > 0) watch_(what, bytes);
}

void SimDisk::LosePower(Inode& inode) {
  Tell(Seen::kFoundUnsynced, inode);
  for (size_t i = 0; i < inode.changes.size(); ++i) {
    Change& change = inode.changes[i];
    if (!tears_) {
      SurviveInPart(inode.durable, change);
      continue;
    }
    if (i + 1 == inode.changes.size()) change.data.resize(change.data.size() * 3 / 4);
    Apply(inode.durable, change);
  }
  inode.changes.clear();
  inode.current = inode.durable;
}

void SimDisk::SurviveInPart(std::string& image, const Change& change) {
  if (change.kind == Change::Kind::kResize) {
    if (!random_.Chance(settings_.lost_permille)) Apply(image, change);
    return;
  }
  for (uint64_t at = change.offset; at < change.offset + change.data.size();) {
    const uint64_t end = std::min((at / kSector + 1) * kSector, change.offset + change.data.size());
    Change piece{.offset = at, .data = change.data.substr(at - change.offset, end - at)};
    at = end;
    if (random_.Chance(settings_.lost_permille)) continue;
    if (random_.Chance(settings_.damaged_permille)) {
      piece.data[random_.Below(piece.data.size())] ^= static_cast<char>(1 << random_.Below(8));
    }
    Apply(image, piece);
  }
}

void SimDisk::Wipe() {
  ++life_;
  files_.clear();
  listed_.clear();
  unlisted_.clear();
  locks_.clear();
}

void SimDisk::FlipBit(const std::string& path, uint64_t offset, int bit) {
  const auto found = files_.find(path);
  if (found == files_.end()) return;
  Inode& inode = *found->second;
  RAFTLY_CHECK(offset < inode.durable.size(), "a bit beyond what is durable would be flipped");
  inode.durable[offset] ^= static_cast<char>(1 << bit);
  inode.current[offset] ^= static_cast<char>(1 << bit);
}

std::string SimDisk::DurableContents(const std::string& path) const {
  const auto found = listed_.find(path);
  return found == listed_.end() ? std::string() : found->second->durable;
}

void SimDisk::Record(Inode& inode, Change change) {
  Apply(inode.current, change);
  inode.changes.push_back(std::move(change));
}

absl::Status SimDisk::SyncInode(const std::string& path, Inode& inode) {
  if (dying_) return DeadError(path);
  if (std::exchange(fail_next_sync_, false)) {
    Tell(Seen::kSyncFailed, inode);
    // Some of it may have got there. The rest never will, unless it is written again: its pages count as clean.
    for (const Change& change : inode.changes) SurviveInPart(inode.durable, change);
    inode.changes.clear();
    return Broken(path, "sync");
  }
  Tell(Seen::kSynced, inode);
  for (const Change& change : inode.changes) Apply(inode.durable, change);
  inode.changes.clear();
  return absl::OkStatus();
}

absl::Status SimDisk::Broken(const std::string& path, const char* call) {
  if (which_error_.Chance(333)) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": ", call, ": No space left on device"));
  }
  return absl::InternalError(absl::StrCat(path, ": ", call, ": Input/output error"));
}

Duration SimDisk::ServiceTime(Time now) {
  Duration time = random_.Between(settings_.sync_low, settings_.sync_high) + slower_by_;
  if (random_.Chance(settings_.slow_permille)) time += random_.Between(Duration(0), settings_.slow);
  return std::max(time, stuck_until_ - now);
}

void SimDisk::Apply(std::string& image, const Change& change) {
  if (change.kind == Change::Kind::kResize) {
    image.resize(change.offset);
    return;
  }
  if (image.size() < change.offset + change.data.size()) image.resize(change.offset + change.data.size());
  image.replace(change.offset, change.data.size(), change.data);
}

}  // namespace raftly
