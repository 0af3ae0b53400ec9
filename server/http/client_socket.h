// One client's socket. Nothing here waits: what cannot be done now is tried again after the poller's next event.
//
// What stands between the bytes of HTTP and those on the wire derives from it and overrides Receive, Send and
// SendNoMore. Such a layer may have to write before it can read, and the other way round; it says kLater in either
// case, and both are tried again after any event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "raft/core/types.h"

namespace raftly {

class ClientSocket {
 public:
  enum class Then {
    kMore,   // another call may do more at once
    kLater,  // it will not, until the poller sees an event
    kGone,   // nor ever: the client is gone, or of Receive, will send no more
  };
  struct Progress {
    size_t bytes = 0;
    Then then = Then::kMore;
  };

  // Owns `fd`, which does not block, and closes it.
  explicit ClientSocket(int fd) : fd_(fd) {}
  virtual ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  int fd() const { return fd_; }

  virtual Progress Receive(char* buffer, size_t size);
  virtual Progress Send(std::string_view data);
  // The client is told that nothing more comes.
  virtual void SendNoMore();
  // Whether bytes of HTTP flow yet: a layer in between may have to agree with the client first, within Receive.
  virtual bool greeted() const { return true; }
  virtual bool encrypted() const { return false; }
  // Which nodes the client has proven to be. Requires: greeted.
  virtual std::vector<NodeId> Nodes() const { return {}; }
  // The client's IP address; empty where it is gone.
  std::string Address() const;
  // For an answer without an end: little of it waits in the kernel for a client that does not read.
  void KeepLittleUnread() const;

 private:
  const int fd_;
};

}  // namespace raftly
