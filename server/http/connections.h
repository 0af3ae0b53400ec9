// All open connections of a server: who is idle, who may be closed, whether any request is under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "raft/core/time.h"
#include "raft/env/mutex.h"
#include "server/http/client_socket.h"
#include "server/http/poller.h"
#include "server/http/request_reader.h"

namespace raftly {

// At any time one thread's: the poller's that reads its next request, a worker's, or nobody's while the node has its
// request.
struct HttpConnection {
  HttpConnection(int descriptor, std::chrono::milliseconds stalled_write, RequestReader::Limits limits, Poller& its)
      : socket(descriptor, stalled_write), reader(limits), poller(its) {}

  ClientSocket socket;
  RequestReader reader;
  Poller& poller;
  std::string unread = {};  // what came behind the request that is being answered
  bool begun = false;       // some of a request has come, not all
  bool spare = false;       // beyond the usual number: only what never waits is answered
  bool over = false;        // the last answer is sent; what still comes is dropped
  size_t charged = 0;       // of what all connections hold of requests
  size_t dropped = 0;       // bytes that came when it was over
};

// From any thread. A connection is in the table until just before its descriptor is closed, so none is ever shut down
// after another connection took over its number.
class Connections {
 public:
  // Takes it, busy. Null once the server stops: it is closed.
  HttpConnection* Add(std::unique_ptr<HttpConnection> connection);
  void Remove(HttpConnection& connection);
  size_t size() const;
  // Waits until there are fewer than `so_many`, or until `deadline` (steady clock).
  void AwaitFewer(size_t so_many, Time deadline) const;

  // It waits for its client, and ends where what it waits for has not come by `until`.
  void SetIdle(const HttpConnection& connection, Time since, Time until);
  // A request is whole, and is being answered.
  void SetBusy(const HttpConnection& connection);
  // Whether it was ended here: its time was over, or room was needed.
  bool Ended(const HttpConnection& connection) const;

  // No more requests: idle connections end now, busy ones after their answer.
  void BeginStop();
  bool stopping() const;
  // Waits until no request is under way. False: `deadline` (steady clock) came first.
  bool AwaitNoneBusy(Time deadline) const;
  // Ends all, answered or not.
  void CutAll();
  // Ends those whose time is over.
  void EndOverdue(Time now);
  // Room is needed: ends the one that has been idle longest, since before `before`. False: there is none.
  bool EndIdlest(Time before);

 private:
  struct State {
    std::unique_ptr<HttpConnection> connection;
    bool busy = true;
    Time idle_since = {};
    Time until = Time::max();
    bool ended = false;
  };

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<int, State> all_ ABSL_GUARDED_BY(mutex_);  // by descriptor
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
