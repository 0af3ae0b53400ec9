// Writes lines to a descriptor on a thread of its own, so that nobody who has something to say waits for whoever reads.
//
// A pipe that nobody reads fills up and blocks its writer for ever. Lines wait in memory up to a limit; what comes
// beyond it is dropped and counted, and the next line that gets through is preceded by one that says how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "raft/core/time.h"

namespace raftly {

class LogWriter {
 public:
  static constexpr size_t kMaxWaitingBytes = size_t{1} << 20;

  // `notice` makes the line that reports a number of dropped ones; it runs on the writer's thread.
  LogWriter(int fd, std::function<std::string(uint64_t dropped)> notice);
  // Gives what waits a last second to get out, then leaves the rest.
  ~LogWriter();

  // From any thread; never blocks. Each line with its end of line.
  void Write(const std::string& line);
  // Returns once everything that was written before is out, or after `patience`.
  void Flush(Duration patience);
  uint64_t dropped() const;

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);

  // Outlives this where the thread hangs in a write.
  const std::shared_ptr<State> state_;
};

}  // namespace raftly
