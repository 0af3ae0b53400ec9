// What the kernel says of this process, under the names that every Prometheus client uses.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

namespace raftly {

// Reads /proc at each Collect, from any thread. What is missing or makes no sense there is left out.
class ProcessMetrics : public prometheus::Collectable {
 public:
  explicit ProcessMetrics(std::string proc = "/proc");

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // Of /proc/self/stat.
  struct Stat {
    double cpu_seconds = 0;
    double threads = 0;
    double started_at = 0;  // seconds since the machine booted
    double virtual_bytes = 0;
    double resident_bytes = 0;
  };

  std::optional<Stat> ReadStat() const;
  std::optional<double> CountDescriptors() const;

  const std::string proc_;
  const std::optional<double> booted_at_;  // seconds since 1970
};

}  // namespace raftly
