// The defences by name, for the laboratory's command lines and tables.
#pragma once

#include <string>
#include <vector>

#include "raft/core/config.h"

namespace raftly {

struct NamedDefence {
  const char* name;
  const char* words;  // for who does not know the code
  bool Defences::*is_on;
};

// All of them, in the order of the struct, under their fields' names.
const std::vector<NamedDefence>& AllDefences();
// Switches one off. False where there is none of this name.
bool SwitchOff(const std::string& name, Defences& defences);
// "pre_vote, check_quorum": those that are off; empty where all are on.
std::string NamesOfMissing(const Defences& defences);

}  // namespace raftly
