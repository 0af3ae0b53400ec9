// Who this node is and whom it trusts: what the flags' files hold, read at start and again when they change.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "raft/env/mutex.h"
#include "server/access/tokens.h"
#include "server/file_watch.h"
#include "server/log.h"
#include "server/options.h"
#include "transport/tls_files.h"

namespace raftly {

class PeerCredentials;
class TlsContext;

class Secrets {
 public:
  // Both outlive it. Reads all files.
  Secrets(const Options& options, const Logger& log);
  ~Secrets();

  // InvalidArgument where a file cannot be used: then nothing else of this may be.
  const absl::Status& status() const { return status_; }
  // For calls between nodes; null: they are plain.
  const std::shared_ptr<PeerCredentials>& peers() const { return peers_; }

  // For clients; null: plain HTTP.
  TlsContext* http() const { return http_.get(); }
  // For requests to other nodes over HTTP, which speaks TLS where ours does; null: plain. From any thread.
  std::shared_ptr<const TlsMaterial> for_requests() const;

  // Who may do what; null: everybody everything.
  std::shared_ptr<const TokenTable> tokens() const { return tokens_; }

  // Begins to look for changes. `on_tokens` runs when those have changed, on a thread of its own. Once.
  void Watch(std::function<void(std::shared_ptr<const TokenTable>)> on_tokens);
  // From any thread, after Watch.
  void ReadAgain();
  // Nothing is read any more. Idempotent.
  void Stop();

 private:
  absl::Status ReadPeers();
  absl::Status ReadTokens();
  absl::StatusOr<bool> ReadTokensAgain();
  absl::Status ReadHttp();
  absl::StatusOr<bool> ReadHttpAgain();
  absl::StatusOr<bool> ReadPeersAgain();

  const Options& options_;
  const Logger& log_;
  absl::Status status_;
  TlsMaterial peer_material_;  // of the watch's thread, once it runs
  std::shared_ptr<PeerCredentials> peers_;
  TlsMaterial http_material_;  // likewise
  std::unique_ptr<TlsContext> http_;
  mutable Mutex mutex_;
  std::shared_ptr<const TlsMaterial> for_requests_ ABSL_GUARDED_BY(mutex_);
  std::string token_text_;                    // likewise
  std::shared_ptr<const TokenTable> tokens_;  // as read at start
  std::function<void(std::shared_ptr<const TokenTable>)> on_tokens_;
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace raftly
