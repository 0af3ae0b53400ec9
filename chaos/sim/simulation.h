// One seed, one run of a whole cluster with clients and a nemesis, one verdict.
//
//   const SimulationResult result = RunSimulation({.seed = 17});
//   if (result.verdict != Verdict::kPassed) std::cerr << result.violation;
//
// Deterministic: equal options give equal results, hash included, on every machine. From any thread, several at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/sim/settings.h"
#include "raft/core/config.h"

namespace raftly {

struct SimulationOptions {
  uint64_t seed = 1;
  // Switched off by mutation tests, to see that it is noticed.
  Defences defences;
  bool trace = false;
  MemberChanging members = MemberChanging::kBySeed;
};

enum class Verdict {
  kPassed,
  kSafety,    // a promise was broken
  kLiveness,  // no progress although all faults had ended
};

struct SimulationResult {
  Verdict verdict = Verdict::kPassed;
  std::string violation;  // one sentence; empty where it passed
  uint64_t hash = 0;      // of every event
  uint64_t events = 0;
  Duration simulated{};
  size_t operations = 0;           // of clients
  size_t member_changes = 0;       // configurations that were committed
  bool undecided = false;          // the linearizability checker ran out of steps: neither proven nor refuted
  std::vector<std::string> trace;  // where asked for
};

// What a seed is to the cluster that it runs.
uint64_t ClusterSeedOf(uint64_t seed);

SimulationResult RunSimulation(const SimulationOptions& options);
// With settings of one's own.
SimulationResult RunSimulation(const SimulationOptions& options, const Settings& settings);

}  // namespace raftly
