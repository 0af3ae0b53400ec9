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
#include "transport/wire.h"

namespace raftly {

class GrpcClient {
 public:
  explicit GrpcClient(const std::map<NodeId, std::string>& peers);
  // Stops.
  ~GrpcClient();

  // From any thread; `done` as in Transport::Call.
  void Call(const NodeId& to, const Request& request, Duration timeout, ReplyFn done);
  void Stop();

 private:
  struct Peer {
    std::string name;  // id and address, for messages
    std::unique_ptr<pb::RaftService::Stub> stub;
  };
  class OpenCall;
  template <class Response>
  class TypedCall;

  template <class Response, class Prepare>
  void Start(const Peer& peer, Duration timeout, ReplyFn done, Prepare prepare);
  void ServeCompletions();

  std::map<NodeId, Peer> peers_;  // fixed at construction
  grpc::CompletionQueue completions_;
  Gate starting_;  // closed by Stop: the queue takes no calls once it shuts down
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<OpenCall*, std::unique_ptr<OpenCall>> calls_ ABSL_GUARDED_BY(mutex_);  // by the tag that they complete under
  std::thread thread_;
};

}  // namespace raftly
