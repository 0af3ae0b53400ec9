// Who leads, for threads that wait for a leader. Fed by the node, so nobody polls.
#pragma once

#include <cstdint>

#include "raft/core/time.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "raft/node/observer.h"

namespace raftly {

class LeaderWatch : public NodeObserver {
 public:
  struct View {
    NodeId leader;         // empty: none known
    uint64_t version = 0;  // grows with every change
    bool stopped = false;
  };

  // loop
  void OnEvent(Time, const NodeEvent& event) override;

  // From any thread.
  View view() const;
  // Waits until the version differs from `seen`, Stop, or `deadline` (steady clock, as ThreadLoop::Now).
  View Await(uint64_t seen, Time deadline) const;
  // Ends all waiting, now and later.
  void Stop();

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  View view_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
