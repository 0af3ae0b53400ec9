// Runs an experiment in the simulator and judges what came of it.
//
//   const LabResult result = RunExperiment(*ParseExperiment(text));
//   if (result.damage()) std::cout << result.trace;
//
// Equal experiments give equal traces, byte for byte, on every machine.
#pragma once

#include <string>
#include <vector>

#include "lab/experiment.h"
#include "lab/trace.h"

namespace raftly {

struct LabVerdict {
  std::string judge;  // "linearizability"
  std::string rule;   // what it demands, in a sentence
  bool holds = true;
  std::string finding;         // what was seen instead
  std::vector<size_t> events;  // of the trace, that prove it
};

struct LabResult {
  std::string trace;  // a whole document (lab/trace.h)
  std::vector<LabVerdict> verdicts;
  TraceSummary summary;
  uint64_t faults = 0;  // of the swarm that struck, or were spared

  bool damage() const;
};

LabResult RunExperiment(const Experiment& experiment);

}  // namespace raftly
