// /api/config and /api/cluster/config: the timings of this node and of all nodes, live.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "raft/core/config.h"
#include "raft/env/mutex.h"
#include "server/cluster/fan_out.h"
#include "server/http/router.h"

namespace raftly {

// What a node's election timeout may be set to while it runs.
inline constexpr int kMaxLiveElectionTimeoutMs = 2000;

class ConfigApi {
 public:
  // Nobody but this object changes the node's timings: `now` are those that it starts with, `apply` sets others. The
  // fan-out outlives it.
  ConfigApi(NodeId self, Timings now, std::function<void(Timings)> apply, FanOut& fan_out);

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse Describe() const;
  HttpResponse Change(const HttpRequest& request);
  HttpResponse ChangeAll(const HttpRequest& request);
  // `body` with what it leaves out taken from `now`.
  static absl::StatusOr<Timings> Parse(const std::string& body, Timings now);

  const NodeId self_;
  const std::function<void(Timings)> apply_;
  FanOut& fan_out_;
  mutable Mutex mutex_;
  Timings timings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
