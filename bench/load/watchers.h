// Clients that watch keys while a load writes them: how many changes they hear of, and how late.
//
//   Watchers watchers(options);
//   if (absl::Status status = watchers.Connect(); !status.ok()) …
//   watchers.Start();                  // reads on a thread of its own
//   …
//   Watchers::Heard heard = watchers.Stop();
//
// Watcher i of N watches prefix i % P. Values begin with when they were sent (SentAt), so a change's way includes the
// write.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "bench/load/histogram.h"
#include "bench/load/options.h"

namespace raftly::load {

// "w17/", what the i-th prefix is.
std::string WatchedPrefix(uint64_t i);
// Of now, as the beginning of a value.
std::string SentAt();

class Watchers {
 public:
  explicit Watchers(const Options& options) : options_(options) {}
  ~Watchers();

  // Unavailable: not all could connect.
  absl::Status Connect();
  void Start();
  struct Heard {
    Histogram after;    // from sending the write to reading the event
    uint64_t lost = 0;  // streams that ended
  };
  Heard Stop();

 private:
  struct Stream {
    int fd = -1;
    std::string rest;  // the end of what was read, not yet a whole line
  };

  void Read();
  void Take(Stream& stream, std::string_view data);

  const Options options_;
  int epoll_ = -1;
  std::vector<Stream> streams_;
  std::atomic<bool> stop_{false};
  Heard heard_;  // of the thread
  std::thread thread_;
};

}  // namespace raftly::load
