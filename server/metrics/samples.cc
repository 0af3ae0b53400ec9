#include "server/metrics/samples.h"

#include <chrono>

namespace raftly {
namespace {

prometheus::MetricFamily FamilyOf(const std::string& name, const std::string& help, prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.emplace_back();
  return family;
}

}  // namespace

prometheus::Counter& AddCounter(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& AddHistogram(prometheus::Registry& registry, const std::string& name, const std::string& help,
                                    const std::vector<double>& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

prometheus::MetricFamily GaugeNow(const std::string& name, const std::string& help, double value) {
  prometheus::MetricFamily family = FamilyOf(name, help, prometheus::MetricType::Gauge);
  family.metric.front().gauge.value = value;
  return family;
}

prometheus::MetricFamily CounterNow(const std::string& name, const std::string& help, double value) {
  prometheus::MetricFamily family = FamilyOf(name, help, prometheus::MetricType::Counter);
  family.metric.front().counter.value = value;
  return family;
}

std::vector<double> Doubling(double first, size_t buckets) {
  std::vector<double> bounds;
  for (double bound = first; bounds.size() < buckets; bound *= 2) bounds.push_back(bound);
  return bounds;
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double Milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace raftly
