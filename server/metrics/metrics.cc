#include "server/metrics/metrics.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/metrics/text_format.h"

namespace raftly {
namespace {

void Append(std::vector<prometheus::MetricFamily>& all, std::vector<prometheus::MetricFamily> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

void AppendFilesystem(std::vector<prometheus::MetricFamily>& all, const std::string& directory) {
  struct statvfs found {};
  if (statvfs(directory.c_str(), &found) != 0) return;
  const auto block = static_cast<double>(found.f_frsize);
  all.push_back(GaugeNow("raftly_disk_free_bytes", "Space left for this process on the data directory's filesystem",
                         static_cast<double>(found.f_bavail) * block));
  all.push_back(GaugeNow("raftly_disk_size_bytes", "Size of the data directory's filesystem",
                         static_cast<double>(found.f_blocks) * block));
}

}  // namespace

Metrics::Metrics(MetricsConfig config)
    : config_(std::move(config)),
      node_(registry_, config_.self),
      snapshots_(registry_, config_.self),
      http_(registry_) {
  prometheus::BuildGauge()
      .Name("raftly_build_info")
      .Help("1; what is running is in the labels")
      .Register(registry_)
      .Add({{"version", config_.version}})
      .Set(1);
}

void Metrics::AppendStorage(std::vector<prometheus::MetricFamily>& all) const {
  if (config_.wal) {
    const WalStats wal = config_.wal();
    all.push_back(GaugeNow("raftly_wal_bytes", "Records in the write-ahead log", static_cast<double>(wal.end)));
    all.push_back(GaugeNow("raftly_wal_segments", "Files of the write-ahead log", static_cast<double>(wal.segments)));
    all.push_back(GaugeNow("raftly_wal_preallocated_bytes", "Space made ahead of the records",
                           static_cast<double>(wal.reserved - std::min(wal.end, wal.reserved))));
  }
  if (config_.log_since_snapshot) {
    all.push_back(GaugeNow("raftly_log_since_snapshot_bytes", "Records of the log that no snapshot holds",
                           static_cast<double>(config_.log_since_snapshot())));
    all.push_back(GaugeNow("raftly_snapshot_log_limit_bytes",
                           "So many of them make a new snapshot; 0: none is made (-snapshot-log-mib)",
                           static_cast<double>(config_.snapshot_log_bytes)));
  }
  AppendFilesystem(all, config_.data_dir);
}

std::string Metrics::Render() const {
  std::vector<prometheus::MetricFamily> all = registry_.Collect();
  Append(all, process_.Collect());
  AppendStorage(all);
  if (config_.event_streams) {
    all.push_back(
        GaugeNow("raftly_event_streams", "Event streams that are open", static_cast<double>(config_.event_streams())));
  }
  if (config_.watchers) {
    all.push_back(GaugeNow("raftly_watchers", "Clients that watch keys", static_cast<double>(config_.watchers())));
  }
  if (config_.log_lines_dropped) {
    all.push_back(CounterNow("raftly_log_lines_dropped_total", "Log lines dropped because nobody read them in time",
                             static_cast<double>(config_.log_lines_dropped())));
  }
  return ToText(all);
}

}  // namespace raftly
