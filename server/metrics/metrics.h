// Everything that Prometheus may ask this server.
//
//   Metrics metrics({.version = "0.1.0", .self = "node1", .data_dir = "data/node1", .wal = ..., ...});
//   RaftNode node(..., &metrics.node());              // or one of several Observers
//   metrics.http().AddRoutes(router.paths());
//   router.Add("GET", "/metrics", [&](auto&) { return HttpResponse{.body = metrics.Render(), ...}; });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/core/types.h"
#include "raft/storage/wal.h"
#include "server/metrics/http_metrics.h"
#include "server/metrics/node_metrics.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/samples.h"
#include "server/metrics/snapshot_metrics.h"

namespace raftly {

struct MetricsConfig {
  std::string version;
  NodeId self;
  std::string data_dir;             // whose filesystem is measured
  uint64_t snapshot_log_bytes = 0;  // of log that make a new snapshot; 0: none is made
  // Called by Render only.
  std::function<WalStats()> wal;
  std::function<uint64_t()> log_since_snapshot;
  std::function<size_t()> event_streams;
  std::function<size_t()> watchers;
  std::function<uint64_t()> log_lines_dropped;
};

class Metrics {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit Metrics(MetricsConfig config);

  NodeMetrics& node() { return node_; }
  SnapshotMetrics& snapshots() { return snapshots_; }
  HttpMetrics& http() { return http_; }

  // From any thread: all series as Prometheus' text, sorted. A value that cannot be had right now (of a directory that
  // does not exist, of a /proc that is not there) is left out.
  std::string Render() const;

 private:
  void AppendStorage(std::vector<prometheus::MetricFamily>& all) const;

  const MetricsConfig config_;
  prometheus::Registry registry_;
  NodeMetrics node_;
  SnapshotMetrics snapshots_;
  HttpMetrics http_;
  const ProcessMetrics process_;
};

}  // namespace raftly
