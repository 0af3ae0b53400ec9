// /api/watch: changes of keys as a stream of Server-Sent Events (SPEC section 4.2).
#pragma once

#include "server/http/router.h"
#include "server/kv/watch_hub.h"

namespace raftly {

// `hub` outlives the router. Streams end when it is stopped.
void RegisterWatchApi(Router& router, WatchHub& hub);

}  // namespace raftly
