// A client's socket that speaks TLS. The handshake happens within Receive, a piece with each event, and waits for
// nobody.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>
#include <vector>

#include "server/http/client_socket.h"
#include "transport/tls_files.h"

namespace raftly {

class TlsSocket : public ClientSocket {
 public:
  // Owns `fd`. `nodes`: whose authorities vouch for nodes; null: nobody's do.
  TlsSocket(int fd, const SslContext& context, SslContext nodes);
  ~TlsSocket() override;

  Progress Receive(char* buffer, size_t size) override;
  // Where it says kLater, the next call begins with the same data.
  Progress Send(std::string_view data) override;
  void SendNoMore() override;
  bool greeted() const override { return greeted_; }
  bool encrypted() const override { return true; }
  std::vector<NodeId> Nodes() const override;

 private:
  // What OpenSSL reads from and writes to.
  static const BIO_METHOD* Wire();
  static int ReadWire(BIO* bio, char* buffer, int size);
  static int WriteWire(BIO* bio, const char* data, int size);
  static long ControlWire(BIO* bio, int command, long number, void* pointer);

  // Of a call to OpenSSL that moved nothing.
  Then WhyNothing(int result);

  SSL* const ssl_;
  const SslContext nodes_;
  bool greeted_ = false;
  bool failed_ = false;   // nothing more can be sent or received
  bool drained_ = false;  // the kernel has nothing more for us, until the poller sees an event
  bool guessed_ = false;  // by how little there was
  bool ended_ = false;    // nor ever
};

}  // namespace raftly
