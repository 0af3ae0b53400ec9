// What was seen, when: the faults that were injected, what the nodes did about them, what the story-teller noticed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "raft/core/time.h"

namespace raftly {

struct Observation {
  Time at;  // of the stage's clock
  std::string what;
};

// In order of time. On the thread of whoever directs the stage.
class Timeline {
 public:
  void Note(Time at, std::string what) { observations_.push_back({at, std::move(what)}); }
  const std::vector<Observation>& observations() const { return observations_; }

 private:
  std::vector<Observation> observations_;
};

}  // namespace raftly
