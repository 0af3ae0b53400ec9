#include "transport/grpc_transport.h"

#include <utility>

#include "transport/grpc_client.h"
#include "transport/grpc_server.h"

namespace raftly {

GrpcTransport::GrpcTransport(GrpcTransportConfig config)
    : listen_address_(std::move(config.listen_address)),
      client_(std::make_unique<GrpcClient>(config.peers, std::move(config.lookup))),
      server_(std::make_unique<GrpcServer>()) {}

GrpcTransport::~GrpcTransport() { Stop(); }

absl::Status GrpcTransport::Start(Handler handler) { return server_->Start(listen_address_, std::move(handler)); }

void GrpcTransport::Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) {
  client_->Call(to, request, timeout, std::move(done));
}

void GrpcTransport::Stop() {
  client_->Stop();
  server_->Stop();
}

int GrpcTransport::bound_port() const { return server_->port(); }

}  // namespace raftly
