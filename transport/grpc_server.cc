#include "transport/grpc_server.h"

#include <grpc/support/log.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "transport/grpc_limits.h"

namespace raftly {
namespace {

// Requests of one kind that can arrive while this thread is busy; gRPC itself queues what exceeds them.
constexpr int kAwaitedPerMethod = 16;

grpc::Status ToGrpc(const absl::Status& status) {
  // The codes are the same numbers by design.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// gRPC writes to stderr what it also returns as an error (a port in use, for one). GRPC_VERBOSITY gets it back.
void KeepGrpcQuiet() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

void SetOptions(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.SetMaxSendMessageSize(-1);
  // With it two servers would share the port silently, each getting some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Peers ping every two seconds to notice a dead connection; the default is to hang up on them.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 500);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // Frees what a caller that vanished has left behind.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
}

}  // namespace

// What the completion queue hands back: which call, and what happened to it.
struct GrpcServer::Tag {
  enum What { kReceived, kRead, kFinished, kOver };
  CallId call;
  What what;
};

// One request slot: awaited, then received, answered (or not), and over when gRPC says so.
class GrpcServer::Incoming {
 public:
  explicit Incoming(CallId id)
      : received_{id, Tag::kReceived}, read_{id, Tag::kRead}, finished_{id, Tag::kFinished}, over_{id, Tag::kOver} {
    context_.AsyncNotifyWhenDone(&over_);
  }
  virtual ~Incoming() = default;

  // Awaits the next request of the same method in a slot of its own.
  virtual void AwaitNext(GrpcServer& server) = 0;
  // Of a stream: its messages are read one by one; a kRead follows.
  virtual bool streams() const { return false; }
  virtual void Read() {}
  // Whether the stream is read on after this answer, which is then given when the stream ends.
  virtual bool KeepForLater(const absl::StatusOr<Reply>&) { return false; }
  virtual void FinishWithKept() {}
  virtual absl::StatusOr<Request> TakeRequest() = 0;
  // Sends the answer; a kFinished follows.
  virtual void Finish(const absl::StatusOr<Reply>& reply) = 0;

  bool answered = false;   // at most once
  bool reading = false;    // kRead is still to come
  bool finishing = false;  // kFinished is still to come
  bool over = false;       // kOver came: answered, or the caller is gone

 protected:
  grpc::ServerContext context_;
  Tag received_;
  Tag read_;
  Tag finished_;
  Tag over_;
};

template <class Message, class Response>
class GrpcServer::TypedIncoming : public Incoming {
 public:
  using Method = AwaitMethod<Message, Response>;

  TypedIncoming(CallId id, Method method, bool pre_vote)
      : Incoming(id), method_(method), pre_vote_(pre_vote), writer_(&context_) {}

  void Await(pb::RaftService::AsyncService& service, grpc::ServerCompletionQueue* queue) {
    (service.*method_)(&this->context_, &message_, &writer_, queue, queue, &this->received_);
  }
  void AwaitNext(GrpcServer& server) override { server.Await<Message, Response>(method_, pre_vote_); }

  absl::StatusOr<Request> TakeRequest() override {
    auto request = Decode(std::move(message_));
    if (!request.ok()) return request.status();
    // The method decides as well as the flag: either makes it a question that changes nothing.
    if constexpr (std::is_same_v<Message, pb::VoteRequest>) request->pre_vote |= pre_vote_;
    return Request(*std::move(request));
  }

  void Finish(const absl::StatusOr<Reply>& reply) override {
    if (!reply.ok()) return writer_.FinishWithError(ToGrpc(reply.status()), &this->finished_);
    using Value = std::conditional_t<std::is_same_v<Message, pb::VoteRequest>, VoteReply, AppendReply>;
    const auto* value = std::get_if<Value>(&*reply);
    RAFTLY_CHECK(value != nullptr, "a vote would be answered with an append, or the other way round");
    writer_.Finish(Encode(*value), grpc::Status::OK, &this->finished_);
  }

 private:
  const Method method_;
  const bool pre_vote_;
  Message message_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
};

// Pieces of a snapshot, each a request of its own to whoever handles them; the caller hears what the last came to.
class GrpcServer::IncomingSnapshot : public Incoming {
 public:
  explicit IncomingSnapshot(CallId id) : Incoming(id), reader_(&context_) {}

  void Await(pb::RaftService::AsyncService& service, grpc::ServerCompletionQueue* queue) {
    service.RequestInstallSnapshot(&context_, &reader_, queue, queue, &received_);
  }
  void AwaitNext(GrpcServer& server) override { server.AwaitSnapshot(); }
  bool streams() const override { return true; }
  void Read() override { reader_.Read(&message_, &read_); }
  absl::StatusOr<Request> TakeRequest() override {
    auto request = Decode(std::move(message_));
    message_.Clear();
    if (!request.ok()) return request.status();
    return Request(*std::move(request));
  }
  bool KeepForLater(const absl::StatusOr<Reply>& reply) override {
    const auto* value = reply.ok() ? std::get_if<SnapshotReply>(&*reply) : nullptr;
    if (value == nullptr || value->installed) return false;
    kept_ = *value;
    return true;
  }
  void FinishWithKept() override {
    if (kept_) return Finish(Reply(*kept_));
    Finish(absl::InvalidArgumentError("a snapshot without a piece"));
  }
  void Finish(const absl::StatusOr<Reply>& reply) override {
    if (!reply.ok()) return reader_.FinishWithError(ToGrpc(reply.status()), &finished_);
    const auto* value = std::get_if<SnapshotReply>(&*reply);
    RAFTLY_CHECK(value != nullptr, "a snapshot would be answered as something else");
    reader_.Finish(Encode(*value), grpc::Status::OK, &finished_);
  }

 private:
  pb::SnapshotChunk message_;
  std::optional<SnapshotReply> kept_;
  grpc::ServerAsyncReader<pb::SnapshotResponse, pb::SnapshotChunk> reader_;
};

// All slots, from awaited to over. Nothing is asked of gRPC except under the mutex and before `stopped`.
struct GrpcServer::Calls {
  Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  CallId last ABSL_GUARDED_BY(mutex);
  std::map<CallId, std::unique_ptr<Incoming>> open ABSL_GUARDED_BY(mutex);

  // No effect where the call is over, was answered, or the server has stopped.
  void Answer(CallId id, const absl::StatusOr<Reply>& reply) {
    MutexLock lock(mutex);
    const auto found = open.find(id);
    if (stopped || found == open.end()) return;
    Incoming& call = *found->second;
    if (call.answered) return;
    if (call.KeepForLater(reply)) {
      call.reading = true;
      return call.Read();
    }
    call.answered = call.finishing = true;
    call.Finish(reply);
  }

  // The first message of a stream.
  void StartReading(CallId id) {
    MutexLock lock(mutex);
    const auto found = open.find(id);
    if (stopped || found == open.end()) return;
    found->second->reading = true;
    found->second->Read();
  }

  // A stream has no more messages.
  void OnLastRead(CallId id) {
    MutexLock lock(mutex);
    const auto found = open.find(id);
    Incoming& call = *found->second;
    if (stopped || call.over || call.answered) return;
    call.answered = call.finishing = true;
    call.FinishWithKept();
  }

  void OnEnd(const Tag& tag) {
    std::unique_ptr<Incoming> ended;  // destroyed after the lock is released
    MutexLock lock(mutex);
    const auto found = open.find(tag.call);
    Incoming& call = *found->second;
    if (tag.what == Tag::kRead) call.reading = false;
    if (tag.what == Tag::kFinished) call.finishing = false;
    if (tag.what == Tag::kOver) call.over = true;
    if (!call.over || call.finishing || call.reading) return;
    ended = std::move(found->second);
    open.erase(found);
  }
};

GrpcServer::GrpcServer() : calls_(std::make_shared<Calls>()) {}

GrpcServer::~GrpcServer() { Stop(); }

absl::Status GrpcServer::Start(const std::string& address, Transport::Handler handler) {
  handler_ = std::move(handler);
  if (absl::Status status = Listen(address); !status.ok()) return status;
  AwaitEach();
  thread_ = std::thread([this] { ServeCompletions(); });
  return absl::OkStatus();
}

absl::Status GrpcServer::Listen(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on \"", address, "\": no port"));
  }
  KeepGrpcQuiet();
  grpc::ServerBuilder builder;
  SetOptions(builder);
  // gRPC does not parse ":7001". The IPv4 wildcard stands for IPv6 as well, where there is any.
  const std::string full = colon == 0 ? absl::StrCat("0.0.0.0", address) : address;
  builder.AddListeningPort(full, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service_);
  completions_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  if (server_ != nullptr) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": the port is in use or the address is not of this machine"));
}

void GrpcServer::AwaitEach() {
  using Service = pb::RaftService::AsyncService;
  for (int i = 0; i < kAwaitedPerMethod; ++i) {
    Await<pb::VoteRequest, pb::VoteResponse>(&Service::RequestRequestVote, /*pre_vote=*/false);
    Await<pb::VoteRequest, pb::VoteResponse>(&Service::RequestPreVote, /*pre_vote=*/true);
    Await<pb::AppendEntriesRequest, pb::AppendEntriesResponse>(&Service::RequestAppendEntries, /*pre_vote=*/false);
  }
  AwaitSnapshot();
}

void GrpcServer::AwaitSnapshot() {
  MutexLock lock(calls_->mutex);
  if (calls_->stopped) return;
  const CallId id = ++calls_->last;
  auto call = std::make_unique<IncomingSnapshot>(id);
  call->Await(service_, completions_.get());
  calls_->open.emplace(id, std::move(call));
}

template <class Message, class Response>
void GrpcServer::Await(AwaitMethod<Message, Response> method, bool pre_vote) {
  MutexLock lock(calls_->mutex);
  if (calls_->stopped) return;
  const CallId id = ++calls_->last;
  auto call = std::make_unique<TypedIncoming<Message, Response>>(id, method, pre_vote);
  call->Await(service_, completions_.get());
  calls_->open.emplace(id, std::move(call));
}

void GrpcServer::ServeCompletions() {
  void* tag = nullptr;
  bool ok = false;
  while (completions_->Next(&tag, &ok)) {
    const Tag what = *static_cast<Tag*>(tag);  // a copy: the call may end and take the tag along
    if (what.what == Tag::kReceived) {
      OnReceived(what.call, ok);
    } else if (what.what == Tag::kRead) {
      OnRead(what.call, ok);
    } else {
      calls_->OnEnd(what);
    }
  }
}

void GrpcServer::OnReceived(CallId id, bool ok) {
  // A slot that the shutdown emptied gets no other event.
  if (!ok) return calls_->OnEnd({id, Tag::kOver});
  Incoming* call = nullptr;
  {
    MutexLock lock(calls_->mutex);
    call = calls_->open.at(id).get();
  }
  // Stays valid: only this thread ends calls, and only on events that it has not yet taken.
  call->AwaitNext(*this);
  if (call->streams()) return calls_->StartReading(id);
  Handle(id, *call);
}

void GrpcServer::OnRead(CallId id, bool ok) {
  if (!ok) {
    calls_->OnLastRead(id);
    return calls_->OnEnd({id, Tag::kRead});
  }
  Incoming* call = nullptr;
  {
    MutexLock lock(calls_->mutex);
    call = calls_->open.at(id).get();
    if (!call->over) call->reading = false;
  }
  if (call->over) return calls_->OnEnd({id, Tag::kRead});
  Handle(id, *call);
}

void GrpcServer::Handle(CallId id, Incoming& call) {
  absl::StatusOr<Request> request = call.TakeRequest();
  if (!request.ok()) return calls_->Answer(id, request.status());
  handler_(*std::move(request), [calls = calls_, id](const absl::StatusOr<Reply>& reply) { calls->Answer(id, reply); });
}

void GrpcServer::Stop() {
  {
    MutexLock lock(calls_->mutex);
    if (calls_->stopped) return;
    calls_->stopped = true;
  }
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());  // cancels what is under way
  if (completions_ != nullptr) completions_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else if (completions_ != nullptr) {
    ServeCompletions();  // Start failed: a queue must be drained before it goes
  }
}

}  // namespace raftly
