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
  // What a connection waits for. Unless that is its client, it is busy.
  enum class Waits {
    kForGreeting,  // before its first request: a handshake. When its time is over, nothing more is read
    kForClient,    // the rest of a request, or the next one. When its time is over, nothing more is read
    kForAnswer,    // or for more of one. When its time is over, it is woken
    kForReader,    // to take what is unsent. When its time is over, it is cut off
  };

  // Takes it, busy. False once the server stops.
  bool Add(int fd, std::shared_ptr<HttpConnection> connection);
  void Remove(int fd);
  size_t size() const;
  // Waits until there are fewer than `so_many`, or until `deadline` (steady clock).
  void AwaitFewer(size_t so_many, Time deadline) const;

  void Set(int fd, Waits waits, Time since, Time until);
  // Whether it was ended here: its time was over, or room was needed.
  bool Ended(int fd) const;
  // Room is needed: ends the one that has waited so for longest, since before `before`. False: there is none.
  bool EndLongest(Waits waits, Time before);
  // The same of those that wait for their client in either way.
  bool EndIdle(Time before) { return EndLongest(Waits::kForGreeting, before) || EndLongest(Waits::kForClient, before); }
  void OnTick(Time now);

  // From here on each answer is the last on its connection. Idle ones stay: their next request may be on its way.
  void LetGo();
  bool lets_go() const;
  // No more requests: idle connections end now, busy ones after their answer.
  void BeginStop();
  bool stopping() const;
  // Waits until no request is under way. False: `deadline` (steady clock) came first.
  bool AwaitNoneBusy(Time deadline) const;
  // Ends all, answered or not.
  void CutAll();
  // Forgets all, whose pollers have stopped.
  void Clear();

 private:
  struct State {
    std::shared_ptr<HttpConnection> connection = {};
    Waits waits = Waits::kForAnswer;
    Time since = {};
    Time until = Time::max();
    bool ended = false;

    bool busy() const { return waits != Waits::kForClient && waits != Waits::kForGreeting; }
  };

  // Its poller sees the end; of an idle one, a request that had already arrived is still read and answered.
  static void End(int fd, State& state);

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::unordered_map<int, State> all_ ABSL_GUARDED_BY(mutex_);
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool lets_go_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
