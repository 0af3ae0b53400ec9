// A failure taken from a real incident, shown both ways: with the defence on nothing is lost, with it off the damage
// is found. One script serves all runs; the runner throws the switches and looks for the damage.
//
//   const Report report = Perform(*FindScenario("split-brain-2011"), {.seed = 7});
//   std::cout << report.text;
//
// How to add one: a file with a function that makes a Scenario, and a line in Scenarios().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/evidence.h"
#include "chaos/stage.h"
#include "raft/core/config.h"
#include "scenarios/run.h"

namespace raftly {

// A defence that may be switched off.
struct Switch {
  std::string name;  // as in Defences
  bool Defences::*defence = nullptr;
  std::string rule;  // what it demands, and where that is written
};

// What a switch must be seen to do when it is off.
struct Demonstration {
  Switch off;
  Damage::Kind shows = Damage::Kind::kLostWrite;
};

struct Scenario {
  std::string name;                    // "split-brain-2011"
  std::string test;                    // "TestChaosSplitBrain"
  std::vector<std::string> incidents;  // of the laboratory's catalogue: what is documented of this
  std::string remark;                  // what is to be said besides; may be empty
  std::string lesson;
  std::vector<Demonstration> demonstrations;  // one run with the defence off for each
  std::vector<Switch> masks;                  // would hide it: off in every run
  std::function<void(Run&)> script;
  int nodes = 3;
  int spares = 0;  // the last of them: see StageOptions
};

// All of them, in the order in which they are shown.
const std::vector<Scenario>& Scenarios();
// Null where there is none of this name.
const Scenario* FindScenario(std::string_view name);

struct PerformOptions {
  uint64_t seed = 1;
  bool real = false;   // threads and files instead of the simulator
  bool trace = false;  // adds every run's timeline to the text
};

struct Report {
  bool passed = false;
  bool defended = false;      // the run with the defences on passed
  std::vector<bool> damaged;  // by demonstration: the damage was found
  std::string text;           // a block for each run
};
Report Perform(const Scenario& scenario, const PerformOptions& options);

Scenario SplitBrain();
Scenario LeaderIsolation();
Scenario TornWrite();
Scenario StaleLog();
Scenario AmnesiacVoter();
Scenario SingleServerChange();

}  // namespace raftly
