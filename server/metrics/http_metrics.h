// Requests to the HTTP server, as numbers: how many of each kind, and how long they took.
//
// Labels are bounded, whatever clients send: routes are those of the router or "unknown", methods are the usual ones or
// "other", codes are three digits or "other".
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "raft/core/time.h"
#include "raft/env/mutex.h"
#include "server/metrics/samples.h"

namespace raftly {

class HttpMetrics {
 public:
  // The registry outlives it.
  explicit HttpMetrics(prometheus::Registry& registry);

  // Before the first request: the routes that there are (Router::paths).
  void AddRoutes(const std::vector<std::string>& routes);
  // From any thread: a request was answered. `route` as given to AddRoutes, empty: none. Without a method it was
  // refused before it could be read, and took no time worth counting.
  void OnServed(std::string_view route, std::string_view method, int status, Duration took);

 private:
  struct Route {
    std::string name;
    prometheus::Histogram* duration;
  };
  using Key = std::tuple<const Route*, size_t /*method*/, int /*status*/>;

  void AddRoute(const std::string& name);
  const Route& Find(std::string_view route) const;
  prometheus::Counter& CounterOf(const Key& key);

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::map<std::string, Route, std::less<>> routes_;
  Mutex mutex_;
  std::map<Key, prometheus::Counter*> counters_ ABSL_GUARDED_BY(mutex_);  // made when they are first needed
};

}  // namespace raftly
