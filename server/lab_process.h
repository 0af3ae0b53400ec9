// Runs the laboratory as a process of its own, so that nothing that somebody tries there can touch the node.
//
//   LabProcesses lab(LabProgram());
//   auto output = lab.Run({"run"}, experiment);
//
// The program bounds itself (raftly-lab --seconds, --mib) and is killed where it takes longer all the same.
// Thread-safe.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "raft/core/time.h"

namespace raftly {

inline constexpr int kLabSeconds = 10;
inline constexpr int kLabMib = 512;
inline constexpr int kLabsAtOnce = 2;

// raftly-lab beside the program that runs.
std::string LabProgram();

class LabProcesses {
 public:
  explicit LabProcesses(std::string program) : program_(std::move(program)) {}

  // What the program writes, given `input`; it ended by itself, and found damage or none. InvalidArgument: it refuses
  // the input, in its words. ResourceExhausted: too many run already. DeadlineExceeded: it took too long, or too much
  // memory. Unimplemented: it is not there. Internal: it ended otherwise. Waits for it.
  absl::StatusOr<std::string> Run(const std::vector<std::string>& arguments, const std::string& input);

 private:
  const std::string program_;
  std::atomic<int> running_ = 0;
};

}  // namespace raftly
