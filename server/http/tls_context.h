// TLS for clients (SPEC section 11.2): the certificate that a listener shows, and whom it believes.
//
//   auto tls = TlsContext::Make(files, material, "");
//   std::unique_ptr<ClientSocket> socket = (*tls)->Accept(fd);
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "raft/env/mutex.h"
#include "server/http/client_socket.h"
#include "transport/tls_files.h"

namespace raftly {

class TlsContext {
 public:
  // `material` is what `files` hold; its authorities are those of clients, whose certificates are optional but must
  // verify. `node_authorities` (PEM; empty: none) are those of nodes, which may show a certificate as well.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(TlsFiles files, const TlsMaterial& material,
                                                          const std::string& node_authorities);

  // From any thread. For connections that come from now on. An error changes nothing.
  absl::Status Replace(const TlsMaterial& material, const std::string& node_authorities);
  // Owns `fd`. TLS begins with what the client sends.
  std::unique_ptr<ClientSocket> Accept(int fd);

 private:
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}

  const TlsFiles files_;
  Mutex mutex_;
  SslContext context_ ABSL_GUARDED_BY(mutex_);
  SslContext nodes_ ABSL_GUARDED_BY(mutex_);  // holds the authorities of nodes alone; null: there are none
};

}  // namespace raftly
