// A server with the mistake that Defences::conditions_when_applied rules out: it decides a write's condition by what it
// has applied when it is asked, and proposes what then needs no condition.
#pragma once

#include <string>
#include <variant>

#include "chaos/sim/kv_machine.h"
#include "server/kv/outcome.h"

namespace raftly {

// What to propose instead, or what to answer at once.
std::variant<std::string, WriteOutcome> DecideNow(const std::string& command, const KvMachine& machine);

}  // namespace raftly
