// Who this node is and whom it trusts: what the flags' files hold, read at start and again when they change.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "server/file_watch.h"
#include "server/log.h"
#include "server/options.h"
#include "transport/tls_files.h"

namespace raftly {

class PeerCredentials;

class Secrets {
 public:
  // Both outlive it. Reads all files.
  Secrets(const Options& options, const Logger& log);
  ~Secrets();

  // InvalidArgument where a file cannot be used: then nothing else of this may be.
  const absl::Status& status() const { return status_; }
  // For calls between nodes; null: they are plain.
  const std::shared_ptr<PeerCredentials>& peers() const { return peers_; }

  // Begins to look for changes. Once.
  void Watch();
  // From any thread, after Watch.
  void ReadAgain();
  // Nothing is read any more. Idempotent.
  void Stop();

 private:
  absl::Status ReadPeers();
  absl::StatusOr<bool> ReadPeersAgain();

  const Options& options_;
  const Logger& log_;
  absl::Status status_;
  TlsMaterial peer_material_;  // of the watch's thread, once it runs
  std::shared_ptr<PeerCredentials> peers_;
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace raftly
