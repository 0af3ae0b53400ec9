// One client's socket: read without waiting, written with a limit on how long a client may take nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace raftly {

class ClientSocket {
 public:
  // Owns `fd`, closes it.
  ClientSocket(int fd, std::chrono::milliseconds stalled_write) : fd_(fd), stalled_write_(stalled_write) {}
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  int fd() const { return fd_; }

  struct Received {
    size_t bytes = 0;
    bool ended = false;  // the client is gone, or will send no more
  };
  // What has arrived, into `buffer`. Does not wait.
  Received Receive(char* buffer, size_t size) const;
  // False: the client is gone. Does not wait, takes nothing.
  bool Alive() const;

  // Does not wait: what the client does not take at once is kept for Flush. True: nothing is.
  bool SendPromptly(std::string_view data);
  // Waits. False: the client is gone, or took nothing for too long.
  bool Flush();
  bool Send(std::string_view data);
  // For an answer without an end: little of it waits in the kernel for a client that does not read.
  void KeepLittleUnread() const;
  // The client is told that nothing more comes.
  void SendNoMore() const;

 private:
  bool AwaitWritable() const;

  const int fd_;
  const std::chrono::milliseconds stalled_write_;
  std::string unsent_;
};

}  // namespace raftly
