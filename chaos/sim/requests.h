// What clients ask for as commands of the server, and the server's answers as what they were told.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "chaos/sim/history.h"
#include "server/kv/outcome.h"

namespace raftly {

// Of anything but a get. `once`: its Idempotency-Key; empty: none.
std::string CommandOf(const Operation& operation, const std::string& once);
// What nodes must have to understand that (server/kv/command.h).
uint32_t FeaturesOf(const Operation& operation, const std::string& once);
// What the machine made of it: outcome, version, values. DataLoss: it is no answer to that.
absl::Status TakeAnswer(const WriteOutcome& answer, Operation& operation);

}  // namespace raftly
