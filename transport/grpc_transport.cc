#include "transport/grpc_transport.h"

#include <utility>
#include <variant>

#include "transport/grpc_client.h"
#include "transport/grpc_server.h"
#include "transport/wire.h"

namespace raftly {

GrpcTransport::GrpcTransport(GrpcTransportConfig config)
    : config_(std::move(config)),
      peers_(config_.peers),
      server_(std::make_unique<GrpcServer>(config_.credentials, config_.on_stranger)) {
  SilenceProtobuf();
}

GrpcTransport::~GrpcTransport() { Stop(); }

absl::Status GrpcTransport::Start(Handler handler) {
  if (absl::Status status = server_->Listen(config_.listen_address); !status.ok()) return status;
  {
    MutexLock lock(mutex_);
    client_ = std::make_unique<GrpcClient>(peers_, config_.lookup, server_->completions(), config_.credentials);
    started_ = client_.get();
  }
  GrpcServer::OnBroken on_broken;
  if (gone_) {
    probe_ = std::make_unique<PeerProbe>(gone_);
    on_broken = [this](const NodeId& leader) { probe_->Ask(leader, client_->TargetOf(leader)); };
  }
  // A node that starts greets its peers, and a leader that waits before it connects again keeps that node's clients
  // waiting: up to a second.
  auto handle = [this, handler = std::move(handler)](Request request, ReplyFn reply) {
    if (std::holds_alternative<VoteRequest>(request)) client_->NoteAlive(SenderOf(request));
    handler(std::move(request), std::move(reply));
  };
  server_->Serve(std::move(handle), std::move(on_broken));
  return absl::OkStatus();
}

void GrpcTransport::SetPeers(const std::map<NodeId, std::string>& addresses) {
  MutexLock lock(mutex_);
  std::map<NodeId, std::string> peers;
  for (const auto& [node, address] : addresses) {
    const auto known = peers_.find(node);
    if (!address.empty()) {
      peers.emplace(node, address);
    } else if (known != peers_.end()) {
      peers.emplace(node, known->second);
    }
  }
  peers_ = std::move(peers);
  if (GrpcClient* const client = started_) client->SetPeers(peers_);
}

void GrpcTransport::Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) {
  GrpcClient* const client = started_;
  if (client == nullptr) return done(absl::UnavailableError("the transport has not started"));
  client->Call(to, request, timeout, std::move(done));
}

void GrpcTransport::Stop() {
  if (client_ != nullptr) client_->Stop();
  server_->Stop();
  if (probe_ != nullptr) probe_->Stop();
}

int GrpcTransport::bound_port() const { return server_->port(); }

}  // namespace raftly
