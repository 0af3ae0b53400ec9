// What a message costs between two processes' worth of gRPC, beside gRPC without any transport around it.
#include <benchmark/benchmark.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/raw_sync.h"
#include "bench/samples.h"
#include "raft/core/check.h"
#include "raft/env/mutex.h"
#include "raft/env/posix_files.h"
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
  // `on_request` runs on the server's thread, before the answer leaves.
  explicit RawGrpc(std::function<void(const grpc::ByteBuffer&)> on_request = nullptr)
      : on_request_(std::move(on_request)) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(-1);
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
      if (on_request_) on_request_(call.request);
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

  const std::function<void(const grpc::ByteBuffer&)> on_request_;
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

// A file of so many MiB, piece by piece from disk to disk, durable at the end: what a snapshot for a peer costs at
// least.
void CopyOverGrpc(benchmark::State& state) {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  const ScratchDirectory directory;
  const auto files = NewPosixFileSystem();
  const auto pieces = static_cast<uint64_t>(state.range(0));
  {
    const auto source = files->Open(directory.Path("source"));
    RAFTLY_CHECK(source.ok(), "the source cannot be made");
    for (uint64_t i = 0; i < pieces; ++i) {
      RAFTLY_CHECK((*source)->WriteAt(i * kPiece, std::string(kPiece, 's')).ok(), "the source cannot be written");
    }
    RAFTLY_CHECK((*source)->Sync().ok(), "the source cannot be synced");
  }
  for ([[maybe_unused]] auto _ : state) {
    const auto copy = files->Open(directory.Path("copy"));
    RAFTLY_CHECK(copy.ok(), "the copy cannot be made");
    uint64_t written = 0;
    RawGrpc raw([&](const grpc::ByteBuffer& request) {
      std::vector<grpc::Slice> slices;
      RAFTLY_CHECK(request.Dump(&slices).ok(), "a piece cannot be taken apart");
      for (const grpc::Slice& slice : slices) {
        const std::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
        RAFTLY_CHECK((*copy)->WriteAt(written, bytes).ok(), "the copy cannot be written");
        written += bytes.size();
      }
    });
    for (uint64_t i = 0; i < pieces; ++i) {
      const auto piece = files->ReadPart(directory.Path("source"), i * kPiece, kPiece);
      RAFTLY_CHECK(piece.ok() && piece->size() == kPiece, "the source cannot be read");
      const grpc::Slice slice(*piece);
      raw.RoundTrip(grpc::ByteBuffer(&slice, 1));
    }
    RAFTLY_CHECK(written == pieces * kPiece && (*copy)->Sync().ok(), "the copy is not whole");
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * pieces * kPiece));
}
BENCHMARK(CopyOverGrpc)->ArgName("MiB")->Arg(1024)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace raftly::bench
