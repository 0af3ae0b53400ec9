// The network of production: the peer protocol over gRPC (proto/raft.proto).
//
//   GrpcTransport transport({.listen_address = ":7001", .peers = {{"node2", ":7002"}, {"node3", "host:7003"}}});
//   absl::Status started = transport.Start(handler);
//
// Asynchronous on both sides, with one thread for what leaves and what comes in: gRPC's pollers share one set of
// sockets, and a second thread would mostly wake the first. It translates and hands over; handlers and ReplyFns run on
// it and must not block.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/grpc_resolver.h"
#include "transport/peer_probe.h"

namespace raftly {

class GrpcClient;
class GrpcServer;
class PeerCredentials;

struct GrpcTransportConfig {
  std::string listen_address;           // "host:port"; ":port" means all interfaces; port 0 takes a free one
  std::map<NodeId, std::string> peers;  // "host:port"; ":port" means this machine; until SetPeers
  Lookup lookup = SystemLookup;         // of the peers' hosts
  std::shared_ptr<PeerCredentials> credentials = nullptr;  // null: peers are plain; else plain ones are refused
  // A message was refused (PermissionDenied) because the certificate of who sent it is not that of whom it says it is
  // from. On the transport's thread; must not block.
  std::function<void(const NodeId& claimed, const std::string& why)> on_stranger = {};
};

// Of a call: Unavailable before Start; NotFound for a node that is no peer, Unavailable at once for a peer that is
// down, DeadlineExceeded for one that is silent, Cancelled at Stop; else what the peer answered. Messages up to 64 MiB
// are received.
//
// A peer's name is looked up again when the peer cannot be reached: under a new address it is found within a second.
//
// A handler's ReplyFn may run at any time, even after this is gone (it then has no effect). Destroyed without running,
// it leaves the caller to its deadline. Stop takes less than two seconds; not from within a callback.
class GrpcTransport : public Transport {
 public:
  explicit GrpcTransport(GrpcTransportConfig config);
  // Stops.
  ~GrpcTransport() override;

  // Evidence is that a leader's stream breaks, and its machine then refuses a connection.
  void OnPeerGone(GoneFn gone) override { gone_ = std::move(gone); }
  void SetPeers(const std::map<NodeId, std::string>& addresses) override;
  // InvalidArgument for an address without a port; Unavailable where it cannot be listened on (a port in use). Both
  // name the address.
  absl::Status Start(Handler handler) override;
  void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) override;
  void Stop() override;

  // The port listened on. Requires: Start succeeded.
  int bound_port() const;

 private:
  const GrpcTransportConfig config_;
  Mutex mutex_;
  std::map<NodeId, std::string> peers_ ABSL_GUARDED_BY(mutex_);
  const std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<GrpcClient> client_;         // on the server's queue
  std::atomic<GrpcClient*> started_{nullptr};  // for those who call while it starts
  GoneFn gone_;
  std::unique_ptr<PeerProbe> probe_;
};

}  // namespace raftly
