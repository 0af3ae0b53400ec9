// The door to what the log is for: a deterministic machine that entries are applied to, and whose state can be taken
// down and taken up again (§7).
//
// Everything here is called from the apply executor, one call at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly {

// A machine's state as it was when the machine was asked for it, whatever is applied meanwhile. The machine outlives
// it.
class StateReader {
 public:
  virtual ~StateReader() = default;
  // Adds the next piece of the state to `out`, about `bytes` of them; false: that was the last. The machine stands
  // still while this runs, so it takes time in proportion to `bytes`, not to the state.
  virtual bool Read(size_t bytes, std::string& out) = 0;
};

// A state on its way into a machine, which meanwhile applies entries to the one it has. The machine outlives it.
class StateWriter {
 public:
  virtual ~StateWriter() = default;
  // The bytes of the state in order, in any pieces. DataLoss where they are not what Save wrote.
  virtual absl::Status Write(std::string_view bytes) = 0;
  // That was all: from here on the machine has this state. DataLoss where something is missing; then, and where it is
  // destroyed before, the machine's state is as it was.
  virtual absl::Status Finish() = 0;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // For each entry exactly once and in order of index: from 1, or from the one after a state that was loaded.
  // Deterministic; never fails: what cannot be understood is a no-op. The result goes to the client that proposed.
  virtual std::string Apply(const Entry& entry) = 0;

  // What the bytes of Save are, so that no machine takes up another's state.
  struct Format {
    std::string name;
    uint32_t version = 0;
  };
  virtual Format format() const = 0;
  // The state after what has been applied so far. Prompt, however large the state is.
  virtual std::unique_ptr<StateReader> Save() = 0;
  // Takes up the state that another life or another node had after applying `at`. `version` is that of its format, not
  // newer than ours.
  virtual std::unique_ptr<StateWriter> Load(uint32_t version, Index at) = 0;
};

}  // namespace raftly
