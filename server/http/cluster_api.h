// /api/cluster, /api/cluster/log: what all nodes say, through any of them.
#pragma once

#include "server/cluster/fan_out.h"
#include "server/http/router.h"

namespace raftly {

// The fan-out outlives the router.
void RegisterClusterApi(Router& router, FanOut& fan_out);

}  // namespace raftly
