// Chance from the system: nothing here is repeatable.
#pragma once

#include <cstdint>
#include <string>

namespace raftly {

// Nodes of one cluster must not draw equal election timeouts.
uint64_t RandomSeed();

// A UniqueId (raft/storage/identity.h): 128 bits from the system, not from a seed, which has 64.
std::string FreshId();

}  // namespace raftly
