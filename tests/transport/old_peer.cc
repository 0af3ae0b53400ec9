#include "tests/transport/old_peer.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>

#include "proto/raft.grpc.pb.h"

namespace raftly {

namespace pb = ::raft;

constexpr uint32_t kMembership = 8;

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

class OldPeer::Service final : public pb::RaftService::Service {
 public:
  Service(const std::string& address, const std::string& node_address)
      : stub_(pb::RaftService::NewStub(grpc::CreateChannel(node_address, grpc::InsecureChannelCredentials()))) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Service() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  bool listens() const { return server_ != nullptr; }
  int appends() const { return appends_; }

  grpc::Status RequestVote(grpc::ServerContext* context, const pb::VoteRequest* request,
                           pb::VoteResponse* response) override {
    const auto call = Onward(*context);
    return stub_->RequestVote(call.get(), *request, response);
  }
  grpc::Status PreVote(grpc::ServerContext* context, const pb::VoteRequest* request,
                       pb::VoteResponse* response) override {
    const auto call = Onward(*context);
    return stub_->PreVote(call.get(), *request, response);
  }
  grpc::Status AppendEntries(grpc::ServerContext* context, const pb::AppendEntriesRequest* request,
                             pb::AppendEntriesResponse* response) override {
    ++appends_;
    const auto call = Onward(*context);
    const grpc::Status status = stub_->AppendEntries(call.get(), *request, response);
    response->set_features(response->features() & ~kMembership);  // it knows no members that change
    return status;
  }

 private:
  static std::unique_ptr<grpc::ClientContext> Onward(const grpc::ServerContext& context) {
    return grpc::ClientContext::FromServerContext(context);
  }

  const std::unique_ptr<pb::RaftService::Stub> stub_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<int> appends_{0};
};

OldPeer::OldPeer(const std::string& address, const std::string& node_address)
    : service_(std::make_unique<Service>(address, node_address)) {}
OldPeer::~OldPeer() = default;

bool OldPeer::listens() const { return service_->listens(); }
int OldPeer::appends() const { return service_->appends(); }

}  // namespace raftly
