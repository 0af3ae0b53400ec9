// Files that are read again when they change, or when somebody says so: certificates, tokens.
//
//   FileWatch watch({{"the certificates of -tls-cert", {"node1.crt", "node1.key"}, [] { return ReadThem(); }}}, log);
//   watch.Start();
//   watch.ReadNow();   // SIGHUP
//
// What cannot be used is one WARN line, and what was there stays.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/env/thread_loop.h"
#include "server/log.h"

namespace raftly {

class FileWatch {
 public:
  struct Files {
    std::string what;  // for log lines
    std::vector<std::string> paths;
    // On the watch's thread. Whether what was read is new; an error says what is wrong with it.
    std::function<absl::StatusOr<bool>()> read;
  };

  // `log` outlives it. They have just been read.
  FileWatch(std::vector<Files> files, const Logger& log);
  // Stops.
  ~FileWatch() { Stop(); }

  // Once.
  void Start();
  // From any thread: does not wait until files that are being replaced one after the other have come to rest.
  void ReadNow();
  // When it returns nothing is read any more. Idempotent.
  void Stop() { loop_.Stop(); }

 private:
  struct Watched {
    Files files;
    std::string read;  // what they looked like when they were read
    std::string seen;  // and a moment ago
  };

  void Look();
  void Read(Watched& watched) const;

  const Logger& log_;
  std::vector<Watched> watched_;  // loop only
  ThreadLoop loop_{"raftly-files"};
};

}  // namespace raftly
