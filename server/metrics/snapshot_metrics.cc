#include "server/metrics/snapshot_metrics.h"

#include <chrono>

namespace raftly {
namespace {

prometheus::Family<prometheus::Counter>& MadeFamily(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("raftly_snapshots_total")
      .Help("Snapshots that this node set out to make, by what became of them")
      .Register(registry);
}

// In the order of InstallationChanged::What.
std::vector<std::string> SentOutcomes() { return {"begun", "done", "given_up", "not_taken"}; }

}  // namespace

SnapshotMetrics::SnapshotMetrics(prometheus::Registry& registry, NodeId self)
    : index_(AddGauge(registry, "raftly_snapshot_index", "Last index that the newest snapshot holds; 0: none")),
      made_at_(AddGauge(registry, "raftly_snapshot_timestamp_seconds",
                        "When this process last made a snapshot, in Unix time; 0: not yet")),
      bytes_(AddGauge(registry, "raftly_snapshot_bytes", "Size of the snapshot that this process made last")),
      first_index_(AddGauge(registry, "raftly_log_first_index", "First index that the log in memory still has")),
      memory_bytes_(AddGauge(registry, "raftly_log_memory_bytes", "Bytes of the log that are in memory")),
      duration_(AddHistogram(registry, "raftly_snapshot_duration_seconds",
                             "From the decision to make a snapshot until it is durable", Doubling(0.01, 14))),
      pauses_(AddHistogram(registry, "raftly_apply_pause_seconds",
                           "How long nothing was applied while a piece of the state was read for a snapshot",
                           Doubling(0.00005, 14))),
      received_(AddCounter(registry, "raftly_snapshots_installed_total",
                           "Leaders' snapshots that took the place of this node's state")),
      made_(MadeFamily(registry), {}, "outcome", {"made", "failed"}),
      sent_family_(prometheus::BuildCounter()
                       .Name("raftly_snapshots_sent_total")
                       .Help("Snapshots for a peer that needs what the log no longer has, by what became of them")
                       .Register(registry)),
      self_(std::move(self)) {}

void SnapshotMetrics::OnMembers(const Members& members) {
  for (const NodeId& peer : members.configuration.Others(self_)) {
    if (sent_.contains(peer)) continue;
    sent_.emplace(peer, CounterPerValue(sent_family_, {{"peer", peer}}, "outcome", SentOutcomes()));
  }
}

void SnapshotMetrics::OnEvent(Time, const NodeEvent& event) {
  if (const auto* changed = std::get_if<InstallationChanged>(&event)) {
    const auto peer = sent_.find(changed->peer);
    if (peer != sent_.end()) peer->second.Increment(static_cast<size_t>(changed->what));
  } else if (std::holds_alternative<SnapshotInstalled>(event)) {
    received_.Increment();
  }
}

void SnapshotMetrics::OnStep(Time, const RaftCore& core) {
  index_.Set(static_cast<double>(core.snapshot().index.value));
  first_index_.Set(static_cast<double>(core.log().first().value));
  memory_bytes_.Set(static_cast<double>(core.log().bytes_in_memory()));
}

void SnapshotMetrics::OnSnapshotTaken(LogPosition, uint64_t bytes, Duration took, const absl::Status& status) {
  made_.Increment(status.ok() ? 0 : 1);
  if (!status.ok()) return;
  bytes_.Set(static_cast<double>(bytes));
  duration_.Observe(Seconds(took));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  made_at_.Set(std::chrono::duration<double>(now).count());
}

void SnapshotMetrics::OnApplyPaused(Duration paused) { pauses_.Observe(Seconds(paused)); }

}  // namespace raftly
