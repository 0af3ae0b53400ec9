// GET /status, /healthz, /readyz: what this node says of itself, without asking anyone.
#pragma once

#include <functional>

#include "raft/node/node_status.h"
#include "server/http/router.h"

namespace raftly {

// Both are called from any thread. `oldest_change`: where a watch may begin at the earliest.
void RegisterStatusApi(Router& router, const std::function<NodeStatus()>& status,
                       const std::function<Index()>& oldest_change);

}  // namespace raftly
