// Whether a peer's process is dead: then its machine refuses connections. A machine that says nothing may be busy, cut
// off, or without power; nobody can know.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "raft/env/thread_loop.h"

namespace raftly {

class PeerProbe {
 public:
  // On the probe's own thread. Must not block.
  using OnRefused = std::function<void(const NodeId& peer)>;

  explicit PeerProbe(OnRefused on_refused) : on_refused_(std::move(on_refused)) {}

  // From any thread. Connects to `target`, a gRPC target of numeric addresses ("ipv4:10.0.0.7:7002"), a few times
  // within some milliseconds, for a process that is about to end may still have its port; tells once all addresses
  // refuse. One attempt per peer at a time: what is asked meanwhile is dropped.
  void Ask(const NodeId& peer, const std::string& target);
  // Not from OnRefused. Takes less than two seconds; when it returns OnRefused does not run any more. Idempotent.
  void Stop() { loop_.Stop(); }

 private:
  void Try(const NodeId& peer, const std::string& target, int attempts);

  const OnRefused on_refused_;
  Mutex mutex_;
  std::set<NodeId> asked_ ABSL_GUARDED_BY(mutex_);
  ThreadLoop loop_{"raftly-probe"};
};

// Whether all addresses of a numeric target refuse a connection. Waits a second for each at most.
bool RefusesConnections(const std::string& target);

}  // namespace raftly
