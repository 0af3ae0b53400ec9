// What a message costs between two processes' worth of gRPC, beside gRPC without any transport around it.
#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bench/samples.h"
#include "proto/raft.grpc.pb.h"
#include "raft/core/check.h"
#include "raft/env/mutex.h"
#include "transport/grpc_transport.h"
#include "transport/wire.h"

namespace raftly::bench {
namespace {

using namespace std::chrono_literals;

constexpr size_t kCommandBytes = 64;

AppendRequest MakeAppend(size_t entries) {
  AppendRequest append{.term = Term{1}, .leader = "node1"};
  for (size_t i = 1; i <= entries; ++i) {
    append.entries.push_back({Index{i}, Term{1}, EntryType::kNormal, Bytes(std::string(kCommandBytes, 'x'))});
  }
  return append;
}

// gRPC's own blocking server and client, in this process, over a socket.
class RawGrpc {
 public:
  RawGrpc() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    RAFTLY_CHECK(server_ != nullptr);
    stub_ = pb::RaftService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }

  Duration RoundTrip(const pb::AppendEntriesRequest& request) {
    grpc::ClientContext context;
    pb::AppendEntriesResponse response;
    const Time begin = Now();
    RAFTLY_CHECK(stub_->AppendEntries(&context, request, &response).ok());
    return Now() - begin;
  }

 private:
  class Service : public pb::RaftService::Service {
    grpc::Status AppendEntries(grpc::ServerContext*, const pb::AppendEntriesRequest*,
                               pb::AppendEntriesResponse* response) override {
      response->set_success(true);
      return grpc::Status::OK;
    }
  };

  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::RaftService::Stub> stub_;
};

// The transport of production, to a handler that answers at once.
class Pair {
 public:
  Pair() : callee_({.listen_address = "127.0.0.1:0", .peers = {}}) {
    RAFTLY_CHECK(
        callee_
            .Start([](const Request&, ReplyFn reply) { reply(Reply(AppendReply{.term = Term{1}, .success = true})); })
            .ok());
    const std::map<NodeId, std::string> peers{{"node2", "127.0.0.1:" + std::to_string(callee_.bound_port())}};
    caller_.emplace(GrpcTransportConfig{.listen_address = "127.0.0.1:0", .peers = peers});
    RAFTLY_CHECK(caller_->Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok());
  }

  Duration RoundTrip(AppendRequest request) {
    done_ = false;
    const Time begin = Now();
    caller_->Call("node2", std::move(request), 5s, [this](const absl::StatusOr<Reply>& reply) {
      RAFTLY_CHECK(reply.ok());
      MutexLock lock(mutex_);
      done_ = true;
      answered_.NotifyOne();
    });
    MutexLock lock(mutex_);
    while (!done_) answered_.Wait(mutex_);
    return Now() - begin;
  }

 private:
  GrpcTransport callee_;
  std::optional<GrpcTransport> caller_;
  Mutex mutex_;
  CondVar answered_;
  bool done_ = false;
};

// One append at a time with so many entries; after each the same by bare gRPC.
void TransportRoundTrip(benchmark::State& state) {
  const AppendRequest append = MakeAppend(static_cast<size_t>(state.range(0)));
  const pb::AppendEntriesRequest encoded = Encode(append);
  Pair pair;
  RawGrpc raw;
  raw.RoundTrip(encoded);  // connects
  pair.RoundTrip(append);
  Samples samples;
  Samples limit;
  for ([[maybe_unused]] auto _ : state) {
    const Duration took = pair.RoundTrip(append);
    state.SetIterationTime(Seconds(took));
    samples.Add(took);
    limit.Add(raw.RoundTrip(encoded));
  }
  ReportAgainst(state, samples, limit);
}
BENCHMARK(TransportRoundTrip)
    ->ArgName("entries")
    ->Arg(0)
    ->Arg(1)
    ->Arg(64)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(1);

}  // namespace
}  // namespace raftly::bench
