// The receiving half of GrpcTransport: one port. Its queue and thread serve the calling half, too.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "proto/raft.grpc.pb.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/grpc_credentials.h"
#include "transport/wire.h"

namespace raftly {

class GrpcServer {
 public:
  // A message whose sender is not whom the caller's certificate names: it was refused.
  using OnStranger = std::function<void(const NodeId& claimed, const std::string& why)>;

  // `credentials`: null where peers are plain. `on_stranger` runs on the server's thread.
  explicit GrpcServer(std::shared_ptr<PeerCredentials> credentials = nullptr, OnStranger on_stranger = {});
  // Stops.
  ~GrpcServer();

  // Once; errors as in GrpcTransport::Start.
  absl::Status Listen(const std::string& address);
  // Whose stream of appends broke: as far as it told.
  using OnBroken = std::function<void(const NodeId& leader)>;
  // Once, after Listen. Both run on this server's thread, or on one that answers.
  void Serve(Transport::Handler handler, OnBroken on_broken);
  // Served by this server's thread, also for calls of others; they end before Stop. Requires: Listen succeeded.
  grpc::CompletionQueue& completions() { return *completions_; }
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
  // Slots for requests, of three kinds (grpc_incoming.h).
  class Incoming;
  template <class Message, class Response>
  class IncomingCall;
  class IncomingSnapshot;
  class IncomingStream;
  class Tag;
  class Replier;
  struct Calls;

  void AwaitEach();
  template <class Kind, class... Arguments>
  void Await(Arguments... arguments);
  void ServeCompletions();
  void On(CallId id, int what, bool ok);
  void OnReceived(CallId id, bool ok);
  void OnRead(CallId id);
  // Refuses what comes from somebody else than it says.
  template <class Numbered>
  void CheckSender(const Incoming& call, Numbered& message) const;
  template <class Numbered>
  void Handle(CallId id, Numbered message);

  const std::shared_ptr<PeerCredentials> credentials_;
  const OnStranger on_stranger_;
  pb::RaftService::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> completions_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  Transport::Handler handler_;
  OnBroken on_broken_;
  // Shared with the ReplyFns that handlers hold, which may run after the server is gone.
  const std::shared_ptr<Calls> calls_;
  std::thread thread_;
};

}  // namespace raftly
