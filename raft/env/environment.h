// The doors of a node. Production, tests and the simulator differ only in who stands behind them.
#pragma once

#include <cstdint>

#include "raft/env/executor.h"
#include "raft/env/files.h"
#include "raft/env/transport.h"

namespace raftly {

// Everything here outlives the node.
struct Environment {
  EventLoop& loop;
  Executor& disk;
  // The disk work of snapshots, which is large and in no hurry. May be `disk` itself, where the log may wait for it.
  Executor& snapshots;
  Executor& apply;
  FileSystem& files;
  Transport& transport;
  uint64_t seed;
};

}  // namespace raftly
