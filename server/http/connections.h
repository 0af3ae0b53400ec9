// All open connections of a server: who is idle, who may be closed, whether any request is under way.
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "raft/core/time.h"
#include "raft/env/mutex.h"
#include "server/http/http_message.h"
#include "server/http/poller.h"
#include "server/http/socket_stream.h"

namespace raftly {

// At any time one thread's: the poller's that waits for its next request, a worker's, or nobody's while the node has
// its request.
struct HttpConnection {
  // Owns `descriptor`.
  HttpConnection(int descriptor, SocketStream::Limits limits, Poller& its_poller)
      : fd(descriptor), stream(descriptor, limits), poller(its_poller) {}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  const int fd;
  SocketStream stream;
  Poller& poller;
  Time first_byte = {};      // of a request that is not there as a whole; zero: none
  bool refused = false;      // what still comes is dropped
  HttpRequest request = {};  // that the node has
};

// From any thread. A connection is in the table until just before its descriptor is closed, so none is ever shut down
// after another connection took over its number.
class Connections {
 public:
  // Takes it, busy. Null once the server stops: it is closed.
  HttpConnection* Add(std::unique_ptr<HttpConnection> connection);
  void Remove(HttpConnection& connection);
  size_t size() const;

  // It ends, as below, where nothing comes until `until`.
  void SetIdle(const HttpConnection& connection, Time since, Time until);
  void SetBusy(const HttpConnection& connection, Time until = Time::max());

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
  };

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<int, State> all_ ABSL_GUARDED_BY(mutex_);  // by descriptor
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
