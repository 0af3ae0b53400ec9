// What happens in a node, as numbers (SPEC section 6).
//
// The hooks run where the node works, so each costs a few atomic operations: every series is made by the constructor
// and known by address, and a gauge is set only when its value has changed.
#pragma once

#include <atomic>
#include <vector>

#include "raft/core/types.h"
#include "raft/node/observer.h"
#include "server/metrics/samples.h"

namespace raftly {

// A counter for each value of one label, all there from the start.
class CounterPerValue {
 public:
  CounterPerValue(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels, const std::string& label,
                  const std::vector<std::string>& values);
  void Increment(size_t value) { counters_[value]->Increment(); }

 private:
  std::vector<prometheus::Counter*> counters_;
};

class NodeMetrics : public NodeObserver {
 public:
  // How far each peer is behind is observed this often, while this node leads.
  static constexpr Duration kLagEvery = std::chrono::seconds(1);

  // The registry outlives it.
  NodeMetrics(prometheus::Registry& registry, NodeId self);

  void OnRecovered(const Wal::Opened& opened, Duration took) override;
  void OnEvent(Time now, const NodeEvent& event) override;
  void OnStep(Time now, const RaftCore& core) override;
  void OnCallFailed(const NodeId& peer, const absl::Status& why) override;
  void OnSynced(size_t entries, Duration took) override;
  void OnApplied(const Entry& entry) override;
  void OnStateLoaded(LogPosition at) override;
  void OnBatchApplied(size_t entries, Duration took) override;
  void OnProposalSettled(const absl::Status& status, Duration took) override;
  void OnRepair(const RepairNews& news) override;
  void OnMisdirected(const NodeId& from, const std::string& why) override;
  void OnFatal(const absl::Status& why) override;
  void OnMembers(const Members& members) override;

 private:
  // A gauge that is written by one thread.
  class Cached {
   public:
    explicit Cached(prometheus::Gauge& gauge) : gauge_(&gauge) {}
    void Set(uint64_t value) {
      if (value == value_) return;
      value_ = value;
      gauge_->Set(static_cast<double>(value));
    }

   private:
    prometheus::Gauge* gauge_;
    uint64_t value_ = 0;
  };

  struct Peer {
    NodeId id;
    prometheus::Histogram* lag;
    Cached in_flight;
    CounterPerValue failures;
  };

  Peer AddPeer(const NodeId& peer);
  void WatchPeers(Time now, const RaftCore& core);
  void StopLeading();
  void CountFailure(const NodeId& peer, size_t kind);

  // Gauges are collected in the order in which they were made: what is applied before what is committed, so that no
  // scrape shows more of the former.
  prometheus::Gauge& applied_index_;
  prometheus::Gauge& committed_index_;
  prometheus::Gauge& recovery_duration_;
  prometheus::Counter& elections_;
  prometheus::Counter& leader_changes_;
  prometheus::Counter& log_entries_;
  prometheus::Counter& repaired_entries_;
  prometheus::Histogram& wal_fsync_duration_;
  prometheus::Histogram& append_batch_entries_;
  prometheus::Histogram& apply_duration_;
  prometheus::Histogram& proposal_duration_;
  CounterPerValue proposals_;
  CounterPerValue refused_;
  prometheus::Family<prometheus::Histogram>& lags_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Gauge& members_;
  prometheus::Gauge& learners_;
  prometheus::Gauge& changing_;

  // Loop only.
  Cached current_term_;
  Cached state_;
  const NodeId self_;
  // By id, as RaftCore::progress. Who is a member no more keeps its series: what it counted stays counted.
  std::vector<Peer> peers_;
  Term last_leaders_term_;
  bool leads_ = false;
  Time next_lag_{};  // while it leads

  std::atomic<bool> disk_failed_{false};
};

}  // namespace raftly
