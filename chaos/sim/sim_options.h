// The command line of raftly-sim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chaos/sim/settings.h"
#include "raft/core/config.h"

namespace raftly {

struct SimOptions {
  uint64_t first_seed = 1;
  uint64_t last_seed = 100;
  bool trace = false;         // print every line of what happened
  uint64_t minutes = 0;       // of real time from first_seed on; 0: until last_seed
  uint64_t threads = 0;       // 0: one for each core
  uint64_t again_every = 16;  // every n-th seed runs twice and must be the same; 0: none
  Defences defences;          // all on, but for those named by --without
  MemberChanging members = MemberChanging::kBySeed;
  bool experiment = false;  // print it as one for raftly-lab, and run nothing
  std::string pages;        // directory for what raftly-lab makes of seeds that fail; empty: it makes nothing
  bool help = false;
};

extern const char* const kSimUsage;

// InvalidArgument names the flag and the value. Flags take one dash or two, `--seed 7` or `--seed=7`.
absl::StatusOr<SimOptions> ParseSimOptions(const std::vector<std::string>& arguments);

}  // namespace raftly
