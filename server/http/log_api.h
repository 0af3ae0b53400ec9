// /api/log: the end of this node's log, as people read it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "raft/core/types.h"
#include "raft/node/node_status.h"
#include "server/http/router.h"

namespace raftly {

// The last entries of the log and the node's status no older than those; nullopt-like: no entries where the node stops.
using TailFn = std::function<std::pair<Entries, NodeStatus>(size_t entries)>;

void RegisterLogApi(Router& router, TailFn tail);

// `limit` of the query: 1 to 200; 20 where it is absent or anything else.
size_t LogLimit(const HttpRequest& request);

// "put k=v", "del k"; empty for what changes nothing. Values are cut after kMaxShownValue bytes.
inline constexpr size_t kMaxShownValue = 1024;
std::string DescribeCommand(std::string_view data);

}  // namespace raftly
