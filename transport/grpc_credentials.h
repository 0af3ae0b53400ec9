// Mutual TLS between nodes: who this node is, and how it knows the others. Only for grpc_*.cc and who makes a
// transport.
//
// Both sides check the other's certificate against the authorities and its names against the node meant: the client
// here, as part of the handshake; the server for each message (grpc_incoming.h), because only those say whose they are.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "transport/tls_files.h"

namespace grpc::experimental {
class CertificateProviderInterface;
}

namespace raftly {

class PeerCredentials {
 public:
  // `material` has been found to fit together. ResourceExhausted: no descriptors are left.
  static absl::StatusOr<std::shared_ptr<PeerCredentials>> Make(const TlsMaterial& material);
  ~PeerCredentials();

  // From any thread. New connections use it within two seconds, open ones live on.
  absl::Status Replace(const TlsMaterial& material);

  std::shared_ptr<grpc::ServerCredentials> ForServer() const;
  // For a channel to this node and no other.
  std::shared_ptr<grpc::ChannelCredentials> ForChannelTo(const NodeId& node) const;

 private:
  PeerCredentials() = default;

  Mutex mutex_;
  int identity_fd_ = -1;     // its number stays, what is behind it is replaced
  int authorities_fd_ = -1;  // likewise
  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider_;
};

}  // namespace raftly
