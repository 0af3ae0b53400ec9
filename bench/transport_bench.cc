// What a message costs between two processes' worth of gRPC, beside gRPC without any transport around it.
#include <benchmark/benchmark.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "bench/samples.h"
#include "raft/core/check.h"
#include "raft/env/mutex.h"
#include "transport/grpc_transport.h"

namespace raftly::bench {
namespace {

using namespace std::chrono_literals;

constexpr size_t kCommandBytes = 64;
// What the wire adds to a message and to each of its entries, about.
constexpr size_t kMessageBytes = 20;
constexpr size_t kEntryBytes = 8;

AppendRequest MakeAppend(size_t entries) {
  AppendRequest append{.term = Term{1}, .leader = "node1"};
  for (size_t i = 1; i <= entries; ++i) {
    append.entries.push_back({Index{i}, Term{1}, EntryType::kNormal, Bytes(std::string(kCommandBytes, 'x'))});
  }
  return append;
}

// gRPC alone: bytes there, bytes back, a thread on either side, over a socket.
class RawGrpc {
 public:
  RawGrpc() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterAsyncGenericService(&service_);
    incoming_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    RAFTLY_CHECK(server_ != nullptr, "the raw server does not start");
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    thread_ = std::thread([this] { Serve(); });
  }
  ~RawGrpc() {
    server_->Shutdown();
    incoming_->Shutdown();
    thread_.join();
  }

  Duration RoundTrip(const grpc::ByteBuffer& request) {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    const Time begin = Now();
    const auto call = stub_->PrepareUnaryCall(&context, "/raw/Echo", request, &outgoing_);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    RAFTLY_CHECK(outgoing_.Next(&tag, &ok) && ok && status.ok(), "an echo failed");
    return Now() - begin;
  }

 private:
  struct Call {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
    grpc::ByteBuffer request;
  };

  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return incoming_->Next(&tag, &ok) && ok;
  }

  // One call at a time: accepted, read, answered.
  void Serve() {
    while (true) {
      Call call;
      service_.RequestCall(&call.context, &call.stream, incoming_.get(), incoming_.get(), nullptr);
      if (!Next()) break;
      call.stream.Read(&call.request, nullptr);
      RAFTLY_CHECK(Next(), "an echo was cut short");
      call.stream.WriteAndFinish(Bytes("ok"), {}, grpc::Status::OK, nullptr);
      RAFTLY_CHECK(Next(), "an echo was cut short");
    }
    while (Next()) {
    }
  }

  static grpc::ByteBuffer Bytes(const std::string& text) {
    const grpc::Slice slice(text);
    return grpc::ByteBuffer(&slice, 1);
  }

  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> incoming_;
  std::unique_ptr<grpc::Server> server_;
  grpc::CompletionQueue outgoing_;
  std::unique_ptr<grpc::GenericStub> stub_;
  std::thread thread_;
};

// The transport of production, to a handler that answers at once.
class Pair {
 public:
  Pair() : callee_({.listen_address = "127.0.0.1:0", .peers = {}}) {
    RAFTLY_CHECK(
        callee_
            .Start([](const Request&, ReplyFn reply) { reply(Reply(AppendReply{.term = Term{1}, .success = true})); })
            .ok(),
        "the callee does not start");
    const std::map<NodeId, std::string> peers{{"node2", "127.0.0.1:" + std::to_string(callee_.bound_port())}};
    caller_.emplace(GrpcTransportConfig{.listen_address = "127.0.0.1:0", .peers = peers});
    RAFTLY_CHECK(caller_->Start([](const Request&, ReplyFn reply) { reply(absl::UnavailableError("")); }).ok(),
                 "the caller does not start");
  }

  Duration RoundTrip(AppendRequest request) {
    done_ = false;
    const Time begin = Now();
    caller_->Call("node2", std::move(request), 5s, [this](const absl::StatusOr<Reply>& reply) {
      RAFTLY_CHECK(reply.ok(), "an append was not answered");
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

// One append at a time with so many entries; after each as many bytes by bare gRPC.
void TransportRoundTrip(benchmark::State& state) {
  const AppendRequest append = MakeAppend(static_cast<size_t>(state.range(0)));
  const grpc::Slice slice(std::string(kMessageBytes + append.entries.size() * (kCommandBytes + kEntryBytes), 'x'));
  const grpc::ByteBuffer encoded(&slice, 1);
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
