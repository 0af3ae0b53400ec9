#include "server/metrics/http_metrics.h"

#include <algorithm>
#include <array>

namespace raftly {
namespace {

constexpr char kUnknownRoute[] = "unknown";
constexpr std::array<const char*, 8> kMethods = {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "other"};
constexpr int kOtherStatus = 0;

const std::vector<double>& Buckets() {
  static const std::vector<double> buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,    0.25,  0.5,    1,     2.5,  5};
  return buckets;
}

size_t MethodNumber(std::string_view method) {
  const auto* const found = std::find(kMethods.begin(), kMethods.end() - 1, method);
  return static_cast<size_t>(found - kMethods.begin());
}

int BoundedStatus(int status) { return status >= 100 && status <= 599 ? status : kOtherStatus; }

}  // namespace

HttpMetrics::HttpMetrics(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("raftly_http_requests_total")
                    .Help("HTTP requests answered, by route, method and status")
                    .Register(registry)),
      durations_(prometheus::BuildHistogram()
                     .Name("raftly_http_request_duration_seconds")
                     .Help("Time until the answer to an HTTP request was known; of a stream, until it began")
                     .Register(registry)) {
  AddRoute(kUnknownRoute);
}

void HttpMetrics::AddRoutes(const std::vector<std::string>& routes) {
  for (const std::string& route : routes) AddRoute(route);
}

void HttpMetrics::AddRoute(const std::string& name) {
  routes_.emplace(name, Route{name, &durations_.Add({{"route", name}}, Buckets())});
}

const HttpMetrics::Route& HttpMetrics::Find(std::string_view route) const {
  const auto found = routes_.find(route);
  return found != routes_.end() ? found->second : routes_.find(kUnknownRoute)->second;
}

void HttpMetrics::OnServed(std::string_view route, std::string_view method, int status, Duration took) {
  const Route& served = Find(route);
  CounterOf({&served, MethodNumber(method), BoundedStatus(status)}).Increment();
  if (!method.empty()) served.duration->Observe(Seconds(took));
}

prometheus::Counter& HttpMetrics::CounterOf(const Key& key) {
  MutexLock lock(mutex_);
  prometheus::Counter*& counter = counters_[key];
  if (counter == nullptr) {
    const auto& [route, method, status] = key;
    counter = &requests_.Add({{"route", route->name},
                              {"method", kMethods[method]},
                              {"code", status == kOtherStatus ? "other" : std::to_string(status)}});
  }
  return *counter;
}

}  // namespace raftly
