// The defences that tests run with: all on, but for those that a mutation names in the environment.
//
//   RAFTLY_WITHOUT=quorum_commit build/release/bin/core_test
//
// The only place that reads the variable. tests/mutations sets it, and expects the test that it runs to fail.
#pragma once

#include <cstdlib>
#include <string>

#include "chaos/sim/defence_names.h"
#include "raft/core/check.h"

namespace raftly {

inline constexpr char kMutationVariable[] = "RAFTLY_WITHOUT";

inline Defences DefencesUnderTest() {
  Defences defences;
  const char* const value = std::getenv(kMutationVariable);
  std::string names = value == nullptr ? "" : value;
  while (!names.empty()) {
    const size_t comma = names.find(',');
    RAFTLY_CHECK(SwitchOff(names.substr(0, comma), defences), "a misspelt mutation is none");
    names = comma == names.npos ? "" : names.substr(comma + 1);
  }
  return defences;
}

}  // namespace raftly
