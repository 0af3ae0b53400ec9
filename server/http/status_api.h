// GET /status, /healthz, /readyz: what this node says of itself, without asking anyone.
#pragma once

#include <functional>

#include "raft/node/node_status.h"
#include "server/http/router.h"

namespace raftly {

// `status` is called from any thread.
void RegisterStatusApi(Router& router, const std::function<NodeStatus()>& status);

}  // namespace raftly
