// One connection as httplib reads and writes it, with our own limits: a client that is slow, or sends without end, is
// cut off.
#pragma once

#include <httplib.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "raft/core/time.h"

namespace raftly {

class SocketStream : public httplib::Stream {
 public:
  struct Limits {
    std::chrono::milliseconds whole_request;  // from its first byte to its last
    std::chrono::milliseconds stalled_write;  // without any progress
    size_t head_bytes;                        // request line and headers
  };

  // Does not own `fd`.
  SocketStream(int fd, Limits limits) : fd_(fd), limits_(limits) {}

  // Takes what has arrived, as far as there is room. Does not wait. False: the client is gone, or will send no more.
  bool Receive();
  // Received, not yet read or consumed.
  std::string_view received() const { return {buffer_.data() + begin_, end_ - begin_}; }
  bool full() const { return received().size() == buffer_.size(); }
  void Consume(size_t bytes) { begin_ += bytes; }

  // A request is about to be read; its first byte came at `since` (steady clock).
  void BeginRequest(Time since);
  // The head is read: from here on head_bytes no longer counts.
  void HeadDone() { head_left_ = SIZE_MAX; }
  // What was written waits for this, or for a read, or for kFlushBytes: head and body leave as one packet. False: the
  // client is gone.
  bool Flush();
  // The same without waiting: false: some is left for Flush, which will tell whether the client is gone.
  bool SendPromptly(std::string_view data);
  // For an answer without an end: what is written is sent at once, and little of it waits in the kernel for a client
  // that does not read.
  bool SendNow(std::string_view data);
  void KeepLittleUnread() const;
  // From here on what is written is dropped: the answer is complete.
  void Mute() { muted_ = true; }

  bool is_readable() const override { return begin_ < end_ || Poll(POLLIN, std::chrono::milliseconds(0)); }
  bool is_writable() const override;
  // False: the client has closed. Does not wait.
  bool Alive() const;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib would refuse descriptors beyond select's 1024; it never uses the number.
  socket_t socket() const override { return 0; }

 private:
  static constexpr size_t kFlushBytes = 64 * 1024;

  bool SendAll(const char* data, size_t size);
  bool Poll(short events, std::chrono::milliseconds patience) const;

  const int fd_;
  const Limits limits_;
  std::chrono::steady_clock::time_point read_deadline_;
  size_t head_left_ = 0;
  std::string unsent_;
  bool muted_ = false;
  size_t begin_ = 0;  // [begin_, end_) of buffer_ is received, not yet read
  size_t end_ = 0;
  std::array<char, 16384> buffer_;
};

}  // namespace raftly
