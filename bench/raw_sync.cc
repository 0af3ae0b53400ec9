#include "bench/raw_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <barrier>
#include <cstdlib>
#include <thread>

#include "raft/core/check.h"

namespace raftly::bench {

ScratchDirectory::ScratchDirectory() {
  const char* base = std::getenv("RAFTLY_BENCH_DIR");
  std::string path = std::string(base != nullptr ? base : ".") + "/raftly-bench-XXXXXX";
  RAFTLY_CHECK(mkdtemp(path.data()) != nullptr, "no temporary directory can be made");
  path_ = path;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RawSyncFile::RawSyncFile(const std::string& path)
    : fd_(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)), zeros_(kSpace, '\0') {
  RAFTLY_CHECK(fd_ >= 0, "the file cannot be made");
  RAFTLY_CHECK(pwrite(fd_, zeros_.data(), zeros_.size(), 0) == static_cast<ssize_t>(zeros_.size()),
               "the file cannot be filled");
  RAFTLY_CHECK(fsync(fd_) == 0, "the file cannot be synced");
}

RawSyncFile::~RawSyncFile() { close(fd_); }

Duration RawSyncFile::WriteAndSync(size_t bytes) {
  if (end_ + bytes > kSpace) end_ = 0;
  const std::string data(bytes, 'x');
  const Time begin = Now();
  RAFTLY_CHECK(pwrite(fd_, data.data(), bytes, static_cast<off_t>(end_)) == static_cast<ssize_t>(bytes),
               "a record cannot be written");
  RAFTLY_CHECK(fdatasync(fd_) == 0, "a record cannot be synced");
  const Duration took = Now() - begin;
  end_ += bytes;
  return took;
}

RawSyncGroup::RawSyncGroup(const ScratchDirectory& directory, size_t writers) {
  for (size_t i = 0; i < writers; ++i) {
    files_.push_back(std::make_unique<RawSyncFile>(directory.Path("raw" + std::to_string(i))));
  }
}

Samples RawSyncGroup::Run(size_t bytes, int times) {
  std::vector<Samples> samples(files_.size());
  std::barrier begin(static_cast<ptrdiff_t>(files_.size()));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < files_.size(); ++i) {
    threads.emplace_back([&, i] {
      begin.arrive_and_wait();
      for (int n = 0; n < times; ++n) samples[i].Add(files_[i]->WriteAndSync(bytes));
    });
  }
  for (std::thread& thread : threads) thread.join();
  Samples all;
  for (const Samples& one : samples) all.Add(one);
  return all;
}

}  // namespace raftly::bench
