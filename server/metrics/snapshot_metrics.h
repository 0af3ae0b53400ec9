// What becomes of snapshots and of the log behind them, as numbers.
#pragma once

#include <map>
#include <vector>

#include "raft/core/types.h"
#include "raft/node/observer.h"
#include "server/metrics/node_metrics.h"

namespace raftly {

class SnapshotMetrics : public NodeObserver {
 public:
  // The registry outlives it.
  SnapshotMetrics(prometheus::Registry& registry, NodeId self);

  void OnEvent(Time now, const NodeEvent& event) override;
  void OnStep(Time now, const RaftCore& core) override;
  void OnSnapshotTaken(LogPosition at, uint64_t bytes, Duration took, const absl::Status& status) override;
  void OnApplyPaused(Duration paused) override;
  void OnMembers(const Members& members) override;

 private:
  prometheus::Gauge& index_;
  prometheus::Gauge& made_at_;
  prometheus::Gauge& bytes_;
  prometheus::Gauge& first_index_;
  prometheus::Gauge& memory_bytes_;
  prometheus::Histogram& duration_;
  prometheus::Histogram& pauses_;
  prometheus::Counter& received_;
  CounterPerValue made_;
  prometheus::Family<prometheus::Counter>& sent_family_;
  const NodeId self_;
  std::map<NodeId, CounterPerValue> sent_;  // to each that was ever a member
};

}  // namespace raftly
