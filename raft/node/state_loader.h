// The bytes of a snapshot on their way into the state machine: read from the disk, or as they come from a leader.
//
//   StateLoader loader(machine, format, index, "what errors name");
//   loader.Feed(bytes); ...                 // in order, in any pieces
//   auto header = loader.Finish();          // from here on the machine has this state
//
// On the apply executor. Destroyed before Finish, it leaves the machine as it was.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/env/state_machine.h"
#include "raft/storage/snapshot_format.h"

namespace raftly {

// Unimplemented: a snapshot of another machine than one of format `ours`, or of a newer version of it.
absl::Status Loadable(const SnapshotHeader& header, const StateMachine::Format& ours);

class StateLoader {
 public:
  // `source` is named in errors.
  StateLoader(StateMachine& machine, StateMachine::Format ours, Index index, std::string source)
      : machine_(machine), ours_(std::move(ours)), index_(index), decoder_(std::move(source)) {}

  // DataLoss, Unimplemented: damaged, or not for this machine; every later call says the same.
  absl::Status Feed(std::string_view bytes);
  uint64_t size() const { return size_; }  // bytes fed so far
  absl::StatusOr<SnapshotHeader> Finish();

 private:
  absl::Status BeginState();

  StateMachine& machine_;
  const StateMachine::Format ours_;
  const Index index_;
  SnapshotDecoder decoder_;
  std::unique_ptr<StateWriter> writer_;  // null before the header is known
  absl::Status status_;
  uint64_t size_ = 0;
};

}  // namespace raftly
