// All open connections of a server: who is idle, who may be closed, whether any request is under way.
#pragma once

#include <cstddef>
#include <map>

#include "raft/core/time.h"
#include "raft/env/mutex.h"

namespace raftly {

// From any thread. A descriptor is added by the thread that serves it and removed by it before it is closed, so none is
// ever shut down after another connection took over its number.
class Connections {
 public:
  // False once the server stops: close it.
  bool Add(int fd);
  void Remove(int fd);

  void SetIdle(int fd, Time since);
  void SetBusy(int fd);

  // No more requests: idle connections end now, busy ones after their answer.
  void BeginStop();
  bool stopping() const;
  // Waits until no request is under way. False: `deadline` (steady clock) came first.
  bool AwaitNoneBusy(Time deadline) const;
  // Ends all, answered or not.
  void CutAll();
  // Room is needed: ends the connection that has been idle longest, if any has been idle since before `before`.
  void EndIdlest(Time before);

 private:
  struct State {
    bool busy = true;
    Time idle_since;
  };

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<int, State> all_ ABSL_GUARDED_BY(mutex_);
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
