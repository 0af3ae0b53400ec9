#include "server/metrics/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace raftly {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

constexpr size_t kUsualBytes = size_t{64} << 10;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: up to here every integer is a double

template <class Thing>
std::vector<const Thing*> Sorted(const std::vector<Thing>& things, bool (*less)(const Thing*, const Thing*)) {
  std::vector<const Thing*> sorted;
  sorted.reserve(things.size());
  for (const Thing& thing : things) sorted.push_back(&thing);
  std::sort(sorted.begin(), sorted.end(), less);
  return sorted;
}

// In a label's value quotes are escaped too; in a help text they are not.
void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    out += c;
  }
}

template <class Number>
void AppendPlain(std::string& out, Number number) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

// The shortest text that reads back as the same number; indexes and bytes without an exponent.
void AppendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(number) <= kExactIntegers && std::trunc(number) == number) {
    AppendPlain(out, static_cast<int64_t>(number));
  } else {
    AppendPlain(out, number);
  }
}

// `name`, then its labels without the closing brace: a histogram adds one.
std::string Head(std::string_view name, const Labels& labels) {
  std::string head(name);
  for (const auto& label : labels) {
    head += head.size() == name.size() ? '{' : ',';
    head += label.name;
    head += "=\"";
    AppendEscaped(head, label.value, /*quotes=*/true);
    head += '"';
  }
  return head;
}

void AppendSample(std::string& out, const std::string& name, const Labels& labels, double value) {
  out += Head(name, labels);
  out += labels.empty() ? " " : "} ";
  AppendNumber(out, value);
  out += '\n';
}

void AppendHistogram(std::string& out, const std::string& name, const prometheus::ClientMetric& metric) {
  const std::string head = Head(name + "_bucket", metric.label) + (metric.label.empty() ? "{le=\"" : ",le=\"");
  for (const auto& bucket : metric.histogram.bucket) {
    out += head;
    AppendNumber(out, bucket.upper_bound);
    out += "\"} ";
    AppendPlain(out, bucket.cumulative_count);
    out += '\n';
  }
  AppendSample(out, name + "_sum", metric.label, metric.histogram.sample_sum);
  AppendSample(out, name + "_count", metric.label, static_cast<double>(metric.histogram.sample_count));
}

void AppendMetric(std::string& out, const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric) {
  switch (family.type) {
    case prometheus::MetricType::Counter:
      return AppendSample(out, family.name, metric.label, metric.counter.value);
    case prometheus::MetricType::Gauge:
      return AppendSample(out, family.name, metric.label, metric.gauge.value);
    case prometheus::MetricType::Histogram:
      return AppendHistogram(out, family.name, metric);
    default:
      return;
  }
}

std::string_view TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "untyped";
  }
}

void AppendFamily(std::string& out, const prometheus::MetricFamily& family) {
  out += "# HELP " + family.name + " ";
  AppendEscaped(out, family.help, /*quotes=*/false);
  out += "\n# TYPE " + family.name + " ";
  out += TypeName(family.type);
  out += '\n';
  using Metric = prometheus::ClientMetric;
  for (const Metric* metric :
       Sorted<Metric>(family.metric, [](const Metric*a, const Metric*b) { return a->label < b->label; })) {
    AppendMetric(out, family, *metric);
  }
}

}  // namespace

std::string ToText(const std::vector<prometheus::MetricFamily>& families) {
  std::string out;
  out.reserve(kUsualBytes);
  using Family = prometheus::MetricFamily;
  for (const Family* family :
       Sorted<Family>(families, [](const Family*a, const Family*b) { return a->name < b->name; })) {
    AppendFamily(out, *family);
  }
  return out;
}

}  // namespace raftly
