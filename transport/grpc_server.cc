#include "transport/grpc_server.h"

#include <grpc/support/log.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/at_once.h"
#include "transport/gate.h"
#include "transport/grpc_incoming.h"
#include "transport/grpc_limits.h"

namespace raftly {
namespace {

// Requests of one kind that can arrive while this thread is busy; gRPC itself queues what exceeds them.
constexpr int kAwaitedPerMethod = 16;

// gRPC writes to stderr what it also returns as an error (a port in use, for one). GRPC_VERBOSITY gets it back.
void KeepGrpcQuiet() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

void SetOptions(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kReadAheadBytes);
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

// All slots, from awaited to over. Nothing is asked of gRPC except under the mutex and before `stopped`.
struct GrpcServer::Calls {
  grpc::CompletionQueue* queue = nullptr;  // before there is a call
  Gate answering;  // closed by Stop: who is inside may still be told of the end of what it began
  Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  CallId last ABSL_GUARDED_BY(mutex);
  std::map<CallId, std::unique_ptr<Incoming>> open ABSL_GUARDED_BY(mutex);

  // Null: there is no such call any more, or nothing more may be asked of it.
  Incoming* Find(CallId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = open.find(id);
    if (stopped || found == open.end()) return nullptr;
    Incoming& call = *found->second;
    return call.over || call.answered ? nullptr : &call;
  }

  void Answer(CallId id, uint64_t number, const absl::StatusOr<Reply>& reply) {
    Gate::Pass pass(answering);
    if (!pass) return;
    AtOnce at_once(*queue);
    MutexLock lock(mutex);
    if (Incoming* call = Find(id)) call->Answer(number, reply);
  }

  // Its answer will never come. From wherever a reply is dropped, so nothing is handled here.
  void Forget(CallId id) {
    Gate::Pass pass(answering);
    if (!pass) return;
    MutexLock lock(mutex);
    if (Incoming* call = Find(id)) call->Forget();
  }

  void Read(CallId id) {
    MutexLock lock(mutex);
    if (Incoming* call = Find(id)) call->Read();
  }

  // Whoever took it as received is done with it.
  void OnHandled(CallId id) {
    std::unique_ptr<Incoming> ended;  // destroyed after the lock is released
    MutexLock lock(mutex);
    open.at(id)->receiving = false;
    ended = TakeIfEnded(id);
  }
  std::unique_ptr<Incoming> TakeIfEnded(CallId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = open.find(id);
    const Incoming& call = *found->second;
    if (!call.over || call.receiving || call.finishing || call.reading || call.writing) return nullptr;
    std::unique_ptr<Incoming> ended = std::move(found->second);
    open.erase(found);
    return ended;
  }

  // An operation of the call has come to its end; with the last one the call goes. Whose stream broke, if one did.
  NodeId OnEnd(CallId id, Tag::What what, bool ok) {
    std::unique_ptr<Incoming> ended;  // destroyed after the lock is released
    MutexLock lock(mutex);
    Incoming& call = *open.at(id);
    if (what == Tag::kRead) call.reading = false;
    if (what == Tag::kWritten) call.writing = false;
    if (what == Tag::kFinished) call.finishing = false;
    if (what == Tag::kOver) call.over = true;
    NodeId broken = what == Tag::kOver && !stopped ? call.LeaderLost() : NodeId();
    if (Incoming* goes_on = Find(id)) {
      if (what == Tag::kRead && !ok) goes_on->OnLastRead();
      if (what == Tag::kWritten && ok) goes_on->OnWritten();
    }
    ended = TakeIfEnded(id);
    return broken;
  }
};

GrpcServer::GrpcServer(std::shared_ptr<PeerCredentials> credentials, OnStranger on_stranger)
    : credentials_(std::move(credentials)), on_stranger_(std::move(on_stranger)), calls_(std::make_shared<Calls>()) {}

GrpcServer::~GrpcServer() { Stop(); }

void GrpcServer::Serve(Transport::Handler handler, OnBroken on_broken) {
  handler_ = std::move(handler);
  on_broken_ = std::move(on_broken);
  AwaitEach();
  thread_ = std::thread([this] { ServeCompletions(); });
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
  const auto credentials = credentials_ == nullptr ? grpc::InsecureServerCredentials() : credentials_->ForServer();
  builder.AddListeningPort(full, credentials, &port_);
  builder.RegisterService(&service_);
  completions_ = builder.AddCompletionQueue();
  calls_->queue = completions_.get();
  server_ = builder.BuildAndStart();
  if (server_ != nullptr) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": the port is in use or the address is not of this machine"));
}

void GrpcServer::AwaitEach() {
  using Service = pb::RaftService::AsyncService;
  using IncomingVote = IncomingCall<pb::VoteRequest, pb::VoteResponse>;
  for (int i = 0; i < kAwaitedPerMethod; ++i) {
    Await<IncomingVote>(&Service::RequestRequestVote, /*pre_vote=*/false);
    Await<IncomingVote>(&Service::RequestPreVote, /*pre_vote=*/true);
    Await<IncomingCall<pb::AppendEntriesRequest, pb::AppendEntriesResponse>>(&Service::RequestAppendEntries, false);
  }
  Await<IncomingCall<pb::TimeoutNowRequest, pb::TimeoutNowResponse>>(&Service::RequestTimeoutNow, false);
  Await<IncomingCall<pb::FetchEntriesRequest, pb::FetchEntriesResponse>>(&Service::RequestFetchEntries, false);
  Await<IncomingCall<pb::FetchSnapshotRequest, pb::FetchSnapshotResponse>>(&Service::RequestFetchSnapshot, false);
  Await<IncomingSnapshot>();
  Await<IncomingStream>();
}

template <class Kind, class... Arguments>
void GrpcServer::Await(Arguments... arguments) {
  MutexLock lock(calls_->mutex);
  if (calls_->stopped) return;
  const CallId id = ++calls_->last;
  auto call = std::make_unique<Kind>(*this, id, arguments...);
  call->Await(service_, completions_.get());
  calls_->open.emplace(id, std::move(call));
}

void GrpcServer::ServeCompletions() {
  void* tag = nullptr;
  bool ok = false;
  while (completions_->Next(&tag, &ok)) static_cast<Completion*>(tag)->OnDone(ok);
}

void GrpcServer::On(CallId id, int what, bool ok) {
  const auto happened = static_cast<Tag::What>(what);
  if (happened == Tag::kReceived) return OnReceived(id, ok);
  if (happened == Tag::kRead && ok) return OnRead(id);
  const NodeId broken = calls_->OnEnd(id, happened, ok);
  if (!broken.empty() && on_broken_) on_broken_(broken);
}

void GrpcServer::OnReceived(CallId id, bool ok) {
  if (ok) {
    Incoming* call = nullptr;
    {
      MutexLock lock(calls_->mutex);
      call = calls_->open.at(id).get();
    }
    // Stays valid until OnHandled.
    call->AwaitNext(*this);
    if (call->streams()) {
      calls_->Read(id);
    } else {
      auto message = call->Take();
      CheckSender(*call, message);
      Handle(id, std::move(message));
    }
  } else {
    calls_->OnEnd(id, Tag::kOver, false);  // a slot that the shutdown emptied gets no other event
  }
  calls_->OnHandled(id);
}

void GrpcServer::OnRead(CallId id) {
  std::optional<Incoming::Numbered> message;
  {
    MutexLock lock(calls_->mutex);
    if (Incoming* call = calls_->Find(id)) {
      call->reading = false;
      message = call->Take();
      CheckSender(*call, *message);
      if (call->ReadsOn()) call->Read();
    }
  }
  if (message) return Handle(id, *std::move(message));
  calls_->OnEnd(id, Tag::kRead, false);
}

// The way back to who asked. Dropped instead of used (a lost reply), it still makes room for the next message.
class GrpcServer::Replier {
 public:
  Replier(std::shared_ptr<Calls> calls, CallId id, uint64_t number)
      : calls_(std::move(calls)), id_(id), number_(number) {}
  ~Replier() {
    if (calls_ != nullptr) calls_->Forget(id_);
  }
  Replier(Replier&&) = default;
  Replier& operator=(Replier&&) = delete;

  void operator()(const absl::StatusOr<Reply>& reply) { std::exchange(calls_, nullptr)->Answer(id_, number_, reply); }

 private:
  std::shared_ptr<Calls> calls_;
  const CallId id_;
  const uint64_t number_;
};

template <class Numbered>
void GrpcServer::CheckSender(const Incoming& call, Numbered& message) const {
  if (credentials_ == nullptr || !message.request.ok()) return;
  const NodeId claimed = SenderOf(*message.request);
  const std::string objection = call.Objection(claimed);
  if (objection.empty()) return;
  message.request = absl::PermissionDeniedError(objection);
  if (on_stranger_) on_stranger_(claimed, objection);
}

template <class Numbered>
void GrpcServer::Handle(CallId id, Numbered message) {
  Replier reply(calls_, id, message.number);
  if (!message.request.ok()) return reply(message.request.status());
  handler_(*std::move(message.request), std::move(reply));
}

void GrpcServer::Stop() {
  {
    MutexLock lock(calls_->mutex);
    if (calls_->stopped) return;
    calls_->stopped = true;
  }
  calls_->answering.Close();
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());  // cancels what is under way
  if (completions_ != nullptr) completions_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else if (completions_ != nullptr) {
    ServeCompletions();  // Start failed: a queue must be drained before it goes
  }
}

}  // namespace raftly
