// The door to what the log is for: a deterministic machine that entries are applied to.
#pragma once

#include <string>

#include "raft/core/types.h"

namespace raftly {

class StateMachine {
 public:
  virtual ~StateMachine() = default;
  // From the apply executor's thread, for each entry exactly once and in order of index, from 1 after each start.
  // Deterministic; never fails: what cannot be understood is a no-op. The result goes to the client that proposed.
  virtual std::string Apply(const Entry& entry) = 0;
};

}  // namespace raftly
