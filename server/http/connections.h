// All open connections of a server: what each waits for and until when, who may be ended, whether any request is under
// way.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "raft/core/time.h"
#include "raft/env/mutex.h"

namespace raftly {

class HttpConnection;

// From any thread. A connection, named by its descriptor, is in the table until just before that is closed, so none is
// ever shut down after another one took over its number.
class Connections {
 public:
  // Takes it, busy. False once the server stops.
  bool Add(int fd, std::shared_ptr<HttpConnection> connection);
  void Remove(int fd);
  size_t size() const;
  // Waits until there are fewer than `so_many`, or until `deadline` (steady clock).
  void AwaitFewer(size_t so_many, Time deadline) const;

  // It waits for its client's next bytes, and ends where what it waits for has not come by `until`.
  void SetIdle(int fd, Time since, Time until);
  // A request is whole, and is being answered. At `wake` its answer's source is asked again.
  void SetBusy(int fd, Time wake = Time::max());
  // Its client has not taken all of an answer, and is cut off where it takes no more by `until`.
  void SetUnsent(int fd, Time since, Time until);
  // Whether it was ended here: its time was over, or room was needed.
  bool Ended(int fd) const;

  // No more requests: idle connections end now, busy ones after their answer.
  void BeginStop();
  bool stopping() const;
  // Waits until no request is under way. False: `deadline` (steady clock) came first.
  bool AwaitNoneBusy(Time deadline) const;
  // Ends all, answered or not.
  void CutAll();
  // Forgets all. The pollers have stopped.
  void Clear();
  // Ends those whose time is over, and wakes those who asked for it.
  void OnTick(Time now);
  // Room is needed: ends the one that has been idle longest, since before `before`. False: there is none.
  bool EndIdlest(Time before);
  // Cuts off who has taken nothing for longest.
  void CutSlowest();

 private:
  enum class Waits { kForClient, kForAnswer, kForReader };
  struct State {
    std::shared_ptr<HttpConnection> connection = {};
    Waits waits = Waits::kForAnswer;
    Time since = {};
    Time until = Time::max();
    bool ended = false;

    bool busy() const { return waits != Waits::kForClient; }
  };

  void Set(int fd, Waits waits, Time since, Time until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Among those that wait so, since before `before`. Null: there is none.
  std::pair<const int, State>* Longest(Waits waits, Time before) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::unordered_map<int, State> all_ ABSL_GUARDED_BY(mutex_);
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
