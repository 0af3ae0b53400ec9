#include "raft/env/posix_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;
constexpr size_t kZeroBlock = size_t{64} << 10;

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
    case ENOTDIR:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // the file may not grow: to whoever writes it, no different from a full disk
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ErrorAt(const std::string& path, const char* doing, int error = errno) {
  // Not strerror: it is not thread-safe.
  return absl::Status(CodeOf(error), absl::StrCat(path, ": ", doing, ": ", std::generic_category().message(error)));
}

// Of what must not fail for want of space: File promises that Reserve alone says so.
absl::Status Final(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? absl::InternalError(status.message()) : status;
}

// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::StatusOr<Descriptor> OpenPath(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return ErrorAt(path, "open");
  return Descriptor(fd);
}

absl::Status WriteAllAt(int fd, const std::string& path, uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrorAt(path, "write");
    offset += static_cast<uint64_t>(n);
    data.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAt(int fd, const std::string& path, uint64_t offset, uint64_t size) {
  std::string contents(size, '\0');
  size_t have = 0;
  while (have < contents.size()) {
    const ssize_t n = pread(fd, contents.data() + have, contents.size() - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrorAt(path, "read");
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  contents.resize(have);
  return contents;
}

class PosixFile : public File {
 public:
  PosixFile(std::string path, Descriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), zeroed_(size) {}

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    absl::Status status = WriteAllAt(fd_.get(), path_, offset, data);
    if (status.ok()) ZeroAhead(offset + data.size());
    return Final(status);
  }

  absl::Status Reserve(uint64_t from, uint64_t to) override {
    if (from >= to) return absl::OkStatus();
    struct stat info {};
    if (fstat(fd_.get(), &info) != 0) return ErrorAt(path_, "stat");
    absl::Status status = Allocate(from, to);
    if (status.ok() || !absl::IsResourceExhausted(status)) return status;
    // Half a reservation helps nobody, and the space may be what somebody else needs to make room.
    const auto before = static_cast<uint64_t>(info.st_size);
    if (fstat(fd_.get(), &info) == 0 && static_cast<uint64_t>(info.st_size) == before) return status;
    if (absl::Status undone = Truncate(before); !undone.ok()) return Final(undone);
    return status;
  }

  absl::Status Truncate(uint64_t size) override {
    resized_ = true;
    zeroed_ = std::min(zeroed_, size);
    allocated_ = std::min(allocated_, size);
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return ErrorAt(path_, "truncate");
    return absl::OkStatus();
  }

  void BeginSync(uint64_t from, uint64_t to) override {
    // Where the file system cannot, Sync does it all.
    (void)sync_file_range(fd_.get(), static_cast<off64_t>(from), static_cast<off64_t>(to - from),
                          SYNC_FILE_RANGE_WRITE);
  }

  // fdatasync makes a size durable where reading the data needs it, which is not said of a smaller one.
  absl::Status Sync() override {
    const bool resized = std::exchange(resized_, false);
    if ((resized ? fsync(fd_.get()) : fdatasync(fd_.get())) != 0) return Final(ErrorAt(path_, "sync"));
    return absl::OkStatus();
  }

 private:
  // fallocate finds a full disk before a byte is written and keeps the blocks together. Where a file system has none,
  // zeros are written instead.
  absl::Status Allocate(uint64_t from, uint64_t to) {
    int result = 0;
    do {
      result = fallocate(fd_.get(), 0, static_cast<off_t>(from), static_cast<off_t>(to - from));
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
      allocated_ = to;
      return absl::OkStatus();
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) return ErrorAt(path_, "allocate");
    return ZeroFill(from, to);
  }

  absl::Status ZeroFill(uint64_t from, uint64_t to) {
    static const std::string zeros(kZeroBlock, '\0');
    while (from < to) {
      const uint64_t n = std::min<uint64_t>(to - from, zeros.size());
      absl::Status status = WriteAllAt(fd_.get(), path_, from, std::string_view(zeros.data(), n));
      if (!status.ok()) return status;
      from += n;
    }
    return absl::OkStatus();
  }

  // The first write to an allocated but unwritten block changes metadata, which makes the sync after it a third dearer.
  // So real zeros go ahead of what is written at `end`: a little at a time, because the next sync has to carry them,
  // and megabytes would hold it up for ten milliseconds.
  void ZeroAhead(uint64_t end) {
    zeroed_ = std::max(zeroed_, end);
    if (zeroed_ - end >= kZeroBlock || zeroed_ >= allocated_) return;
    const uint64_t to = std::min(zeroed_ + kZeroBlock, allocated_);
    // Where it fails, writes are dearer but not wrong.
    zeroed_ = ZeroFill(zeroed_, to).ok() ? to : allocated_;
  }

  const std::string path_;
  const Descriptor fd_;
  bool resized_ = false;    // since the last Sync
  uint64_t zeroed_;         // what is below was written, if only with zeros, or was there when the file was opened
  uint64_t allocated_ = 0;  // zeroed_ <= allocated_ where Reserve was asked for more
};

// The kernel drops the lock with the descriptor, also when the process dies.
class PosixLock : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;
};

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string ParentOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class PosixFileSystem : public FileSystem {
 public:
  absl::Status CreateDirectory(const std::string& path) override {
    const std::string parent = ParentOf(path);
    if (IsDirectory(path)) {
      // Where we may not read the parent we cannot have made an entry there either.
      absl::Status synced = SyncDirectory(parent);
      return absl::IsPermissionDenied(synced) ? absl::OkStatus() : synced;
    }
    if (parent == path) return ErrorAt(path, "create directory", ENOENT);
    if (absl::Status status = CreateDirectory(parent); !status.ok()) return status;
    if (mkdir(path.c_str(), kDirectoryMode) != 0) {
      const int error = errno;
      if (error != EEXIST || !IsDirectory(path))
        return ErrorAt(path, "create directory", error == EEXIST ? ENOTDIR : error);
    }
    return SyncDirectory(parent);
  }

  absl::StatusOr<std::string> Read(const std::string& path) override {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_RDONLY);
    if (!fd.ok()) return fd.status();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return ErrorAt(path, "stat");
    return ReadAt(fd->get(), path, 0, static_cast<uint64_t>(info.st_size));
  }

  absl::StatusOr<std::string> ReadPart(const std::string& path, uint64_t offset, uint64_t size) override {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_RDONLY);
    if (!fd.ok()) return fd.status();
    return ReadAt(fd->get(), path, offset, size);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return ErrorAt(directory, "list", error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_RDWR | O_CREAT);
    if (!fd.ok()) return fd.status();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return ErrorAt(path, "stat");
    return std::make_unique<PosixFile>(path, *std::move(fd), static_cast<uint64_t>(info.st_size));
  }

  absl::Status ReplaceAtomically(const std::string& path, std::string_view contents) override {
    const std::string temporary = path + ".tmp";
    absl::Status status = WriteDurably(temporary, contents);
    if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = ErrorAt(path, "rename");
    if (status.ok()) return SyncDirectory(ParentOf(path));
    unlink(temporary.c_str());
    return status;
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : ErrorAt(from, "rename");
  }

  absl::Status Remove(const std::string& path) override {
    return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus() : ErrorAt(path, "remove");
  }

  absl::Status SyncDirectory(const std::string& path) override {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_RDONLY | O_DIRECTORY);
    if (!fd.ok()) return fd.status();
    if (fsync(fd->get()) != 0) return ErrorAt(path, "sync directory");
    return absl::OkStatus();
  }

  // flock belongs to the open file, not to the process: a second caller in this process is refused too, and closing
  // some other descriptor of the same file does not release it (as it would with fcntl locks).
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_RDWR | O_CREAT);
    if (!fd.ok()) return fd.status();
    int result = 0;
    do {
      result = flock(fd->get(), LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK) {
      return absl::FailedPreconditionError(absl::StrCat(path, ": another process holds this lock"));
    }
    if (result != 0) return ErrorAt(path, "lock");
    return std::make_unique<PosixLock>(*std::move(fd));
  }

 private:
  static absl::Status WriteDurably(const std::string& path, std::string_view contents) {
    absl::StatusOr<Descriptor> fd = OpenPath(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!fd.ok()) return fd.status();
    if (absl::Status status = WriteAllAt(fd->get(), path, 0, contents); !status.ok()) return status;
    if (fsync(fd->get()) != 0) return ErrorAt(path, "sync");
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<FileSystem> NewPosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

}  // namespace raftly
