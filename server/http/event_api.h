// /api/events: the cluster as a stream of Server-Sent Events (SPEC section 4.1).
#pragma once

#include "server/events/cluster_watcher.h"
#include "server/events/event_log.h"
#include "server/http/router.h"

namespace raftly {

// Both outlive the router. Streams end when the log is stopped.
void RegisterEventApi(Router& router, ClusterWatcher& watcher, EventLog& events);

}  // namespace raftly
