// Small words for what prometheus-cpp says at length: buckets, series, and values that are read when they are asked
// for.
//
//   prometheus::Gauge& term = AddGauge(registry, "raftly_current_term", "Current term");
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <string>
#include <vector>

#include "raft/core/time.h"

namespace raftly {

// What these return lives as long as the registry, and may be used from any thread.
prometheus::Counter& AddCounter(prometheus::Registry& registry, const std::string& name, const std::string& help);
prometheus::Gauge& AddGauge(prometheus::Registry& registry, const std::string& name, const std::string& help);
prometheus::Histogram& AddHistogram(prometheus::Registry& registry, const std::string& name, const std::string& help,
                                    const std::vector<double>& buckets);

// A family of one series without labels, with the value that it has now.
prometheus::MetricFamily GaugeNow(const std::string& name, const std::string& help, double value);
prometheus::MetricFamily CounterNow(const std::string& name, const std::string& help, double value);

// first, 2 * first, 4 * first …
std::vector<double> Doubling(double first, size_t buckets);

double Seconds(Duration duration);
double Milliseconds(Duration duration);

}  // namespace raftly
