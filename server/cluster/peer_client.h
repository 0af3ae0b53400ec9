// HTTP requests to the other nodes, over connections that are kept and reused.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "raft/core/types.h"
#include "server/address.h"
#include "server/http/http_message.h"
#include "transport/tls_files.h"

namespace raftly {

struct PeerAnswer {
  enum class Outcome {
    kAnswered,   // `response` is theirs
    kNotSent,    // the peer cannot have acted on the request
    kNoAnswer,   // it was sent: the peer may have acted on it
    kNoAddress,  // nobody told this node where the peer listens
  };

  Outcome outcome = Outcome::kNotSent;
  HttpResponse response = {};
  std::string error = {};  // of everything but kAnswered
};

// Blocking, from any thread.
class PeerCaller {
 public:
  virtual ~PeerCaller() = default;
  // The target, headers and body go out as they are; the request is sent at most once.
  virtual PeerAnswer Call(const NodeId& peer, const HttpRequest& request, std::chrono::milliseconds timeout) = 0;
};

class PeerClient : public PeerCaller {
 public:
  // What a new connection shows and believes; null: it is plain.
  using Tls = std::function<std::shared_ptr<const TlsMaterial>()>;

  using Addresses = std::function<std::optional<Address>(const NodeId& peer)>;

  // Where a peer is may change. Without `tls` all are plain.
  explicit PeerClient(Addresses addresses, Tls tls = {});
  ~PeerClient() override;

  PeerAnswer Call(const NodeId& peer, const HttpRequest& request, std::chrono::milliseconds timeout) override;
  // Breaks off all calls; later ones are kNotSent.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace raftly
