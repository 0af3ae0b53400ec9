// The calling half of GrpcTransport: one channel per peer, one thread for all completions.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "proto/raft.grpc.pb.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/gate.h"
#include "transport/grpc_resolver.h"
#include "transport/wire.h"

namespace raftly {

class GrpcClient {
 public:
  GrpcClient(const std::map<NodeId, std::string>& peers, Lookup lookup);
  // Stops.
  ~GrpcClient();

  // From any thread; `done` as in Transport::Call.
  void Call(const NodeId& to, const Request& request, Duration timeout, ReplyFn done);
  void Stop();

 private:
  // As far as it is known where it is. Replaced as a whole; calls under way keep the one that they began with.
  struct Peer {
    NodeId id;
    std::string name;  // id and address, for messages
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<pb::RaftService::Stub> stub;  // null while nobody knows its address, and then why:
    absl::Status unresolved;
  };
  using PeerPtr = std::shared_ptr<const Peer>;
  class OpenCall;
  template <class Response>
  class TypedCall;

  template <class Response, class Prepare>
  void Start(PeerPtr peer, Duration timeout, ReplyFn done, Prepare prepare);
  void ServeCompletions();
  void OnResolved(const NodeId& id, const absl::StatusOr<std::string>& target);
  PeerPtr Find(const NodeId& id);  // null: no peer

  grpc::CompletionQueue completions_;
  Gate starting_;  // closed by Stop: the queue takes no calls once it shuts down
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<OpenCall*, std::unique_ptr<OpenCall>> calls_ ABSL_GUARDED_BY(mutex_);  // by the tag that they complete under
  Mutex peers_mutex_;
  std::map<NodeId, PeerPtr> peers_ ABSL_GUARDED_BY(peers_mutex_);  // which there are is fixed at construction
  std::unique_ptr<Resolver> resolver_;
  std::thread thread_;
};

}  // namespace raftly
