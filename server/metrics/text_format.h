// Prometheus' text format 0.0.4. prometheus::TextSerializer writes the same, but takes ten times as long.
//
//   # HELP raftly_append_in_flight Appends with entries that a peer has not answered yet; of a leader
//   # TYPE raftly_append_in_flight gauge
//   raftly_append_in_flight{peer="node2"} 1
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace raftly {

// Sorted by name, then by labels. Counters, gauges and histograms; nothing else is written.
std::string ToText(const std::vector<prometheus::MetricFamily>& families);

}  // namespace raftly
