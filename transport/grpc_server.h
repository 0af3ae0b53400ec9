// The receiving half of GrpcTransport: one port, one thread for everything that arrives.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "proto/raft.grpc.pb.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/wire.h"

namespace raftly {

class GrpcServer {
 public:
  GrpcServer();
  // Stops.
  ~GrpcServer();

  // Once; errors as in GrpcTransport::Start.
  absl::Status Start(const std::string& address, Transport::Handler handler);
  // Abandons the requests that were not answered; their callers see an error. Idempotent.
  void Stop();
  int port() const { return port_; }

 private:
  // The generated function that awaits the next request of one method.
  template <class Message, class Response>
  using AwaitMethod = void (pb::RaftService::AsyncService::*)(grpc::ServerContext*, Message*,
                                                              grpc::ServerAsyncResponseWriter<Response>*,
                                                              grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                                                              void*);
  class Incoming;
  template <class Message, class Response>
  class TypedIncoming;
  class IncomingSnapshot;
  struct Tag;
  struct Calls;

  absl::Status Listen(const std::string& address);
  void AwaitEach();
  template <class Message, class Response>
  void Await(AwaitMethod<Message, Response> method, bool pre_vote);
  void ServeCompletions();
  void AwaitSnapshot();
  void OnReceived(CallId id, bool ok);
  void OnRead(CallId id, bool ok);
  void Handle(CallId id, Incoming& call);

  pb::RaftService::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> completions_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  Transport::Handler handler_;
  // Shared with the ReplyFns that handlers hold, which may run after the server is gone.
  const std::shared_ptr<Calls> calls_;
  std::thread thread_;
};

}  // namespace raftly
