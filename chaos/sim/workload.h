// The clients of a simulated cluster, and one more that only writes, so that there is always something to commit: they
// read and write a few keys, retry what may be retried, follow leader hints, and remember what they asked and what they
// were told. Some use everything the server has (wishes).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chaos/sim/history.h"
#include "chaos/sim/sim_cluster.h"

namespace raftly {

class Workload {
 public:
  Workload(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed);
  ~Workload();

  // Clients begin. They stop asking for new things when told so; what is under way goes on.
  void Begin();
  void End() { ending_ = true; }

  // What has been asked so far; what has no answer yet counts as of unknown outcome.
  History history() const;
  // Writes that were asked for after `since` and acknowledged.
  int AcknowledgedSince(Time since) const;

 private:
  class Client;
  friend class Client;

  World& world_;
  SimCluster& cluster_;
  const Settings settings_;
  std::vector<std::unique_ptr<Client>> clients_;
  History history_;
  uint64_t values_ = 0;
  uint64_t asked_ = 0;
  int unknown_adds_ = 0;
  bool ending_ = false;
};

}  // namespace raftly
