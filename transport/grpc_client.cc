#include "transport/grpc_client.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/grpc_limits.h"

namespace raftly {
namespace {

std::string PeerAddress(const std::string& address) {
  return address.rfind(':', 0) == 0 ? absl::StrCat("127.0.0.1", address) : address;
}

grpc::ChannelArguments ChannelSettings() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kReadAheadBytes);
  // A request is sent at most once: retries are the core's decision.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // The default back-off grows to two minutes, so that a peer that came back would be left alone for as long. The
  // minimum is also how long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // After a long partition TCP itself may stay silent for a minute; a connection without an answer is given up. Only
  // while calls are open: a Go peer hangs up on those who ping an idle connection.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  // Peers talk directly whatever http_proxy says, and two nodes of one process do not share a connection.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

// Nobody is there, or nobody answers: its name may mean another address by now, or its address another program.
bool MayHaveMoved(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

absl::Status ToAbsl(const std::string& peer, const grpc::Status& status) {
  // The codes are the same numbers by design.
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      absl::StrCat(peer, ": ", status.error_message()));
}

}  // namespace

// One call under way.
class GrpcClient::OpenCall : public Completion {
 public:
  OpenCall(GrpcClient& client, PeerPtr peer, ReplyFn done)
      : client_(client), peer_(std::move(peer)), done_(std::move(done)) {}
  virtual ~OpenCall() = default;

  const Peer& peer() const { return *peer_; }
  bool MayHaveMoved() const { return raftly::MayHaveMoved(status_); }
  void OnDone(bool) override { client_.OnDone(this); }
  void Cancel() { context_.TryCancel(); }
  void Answer(bool stopping) {
    done_(stopping ? absl::StatusOr<Reply>(absl::CancelledError("the transport stopped")) : Result());
  }

 protected:
  virtual absl::StatusOr<Reply> Result() = 0;

  GrpcClient& client_;
  const PeerPtr peer_;
  grpc::ClientContext context_;
  grpc::Status status_;
  ReplyFn done_;
};

template <class Response>
class GrpcClient::TypedCall : public OpenCall {
 public:
  using OpenCall::OpenCall;

  // `prepare` gives the call its message and method.
  template <class Prepare>
  void Start(Duration timeout, Prepare prepare) {
    const auto whole = std::chrono::ceil<std::chrono::system_clock::duration>(timeout);
    context_.set_deadline(std::chrono::system_clock::now() + whole);
    reader_ = prepare(&context_);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, static_cast<Completion*>(this));
  }

 protected:
  absl::StatusOr<Reply> Result() override {
    if (!this->status_.ok()) return ToAbsl(peer().name, this->status_);
    auto reply = Decode(std::move(response_));
    if (!reply.ok()) return reply.status();
    return Reply(*std::move(reply));
  }

 private:
  Response response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
};

GrpcClient::GrpcClient(const std::map<NodeId, std::string>& peers, Lookup lookup, grpc::CompletionQueue& completions,
                       std::shared_ptr<PeerCredentials> credentials)
    : completions_(completions), credentials_(std::move(credentials)) {
  resolver_ = std::make_unique<Resolver>(
      std::map<NodeId, std::string>{}, std::move(lookup),
      [this](const NodeId& id, const absl::StatusOr<std::string>& target) { OnResolved(id, target); });
  SetPeers(peers);
}

GrpcClient::~GrpcClient() { Stop(); }

// Who stays where it was keeps its connection; the others' are given up.
void GrpcClient::SetPeers(const std::map<NodeId, std::string>& peers) {
  std::map<NodeId, std::string> names;
  std::map<NodeId, PeerPtr> gone;
  {
    MutexLock lock(peers_mutex_);
    gone = std::exchange(peers_, {});
    for (const auto& [id, listed] : peers) {
      const std::string address = PeerAddress(listed);
      if (!NumericTarget(address)) names.emplace(id, address);
      const auto known = gone.find(id);
      if (known != gone.end() && known->second->address == address) {
        peers_.insert(gone.extract(known));
      } else {
        peers_[id] = NewPeer(id, address);
      }
    }
  }
  for (const auto& [id, peer] : gone) HangUp(*peer);
  resolver_->SetAddresses(names);
}

std::shared_ptr<GrpcClient::Peer> GrpcClient::NewPeer(const NodeId& id, const std::string& address) const {
  auto peer = std::make_shared<Peer>();
  peer->id = id;
  peer->address = address;
  peer->name = absl::StrCat(id, " (", address, ")");
  peer->unresolved = absl::UnavailableError("its address is being looked up");
  if (const auto target = NumericTarget(address)) Connect(*peer, *target);
  return peer;
}

void GrpcClient::HangUp(const Peer& peer) {
  std::shared_ptr<PeerStream> stream;
  {
    MutexLock lock(peer.streams->mutex);
    stream = std::exchange(peer.streams->open, nullptr);
  }
  if (stream != nullptr) stream->Cancel(absl::UnavailableError(absl::StrCat(peer.name, ": is no peer any more")));
}

void GrpcClient::Connect(Peer& peer, const std::string& target) const {
  const auto credentials =
      credentials_ == nullptr ? grpc::InsecureChannelCredentials() : credentials_->ForChannelTo(peer.id);
  peer.target = target;
  peer.channel = grpc::CreateCustomChannel(target, credentials, ChannelSettings());
  peer.stub = pb::RaftService::NewStub(peer.channel);
}

void GrpcClient::OnResolved(const NodeId& id, const absl::StatusOr<std::string>& target) {
  const PeerPtr known = Find(id);
  if (known == nullptr) return;
  auto peer = NewPeer(id, known->address);
  peer->unresolved = target.status();
  if (target.ok()) Connect(*peer, *target);
  MutexLock lock(peers_mutex_);
  PeerPtr& now = peers_[id];
  if (now == known) now = std::move(peer);
  if (now == nullptr) peers_.erase(id);
}

GrpcClient::PeerPtr GrpcClient::Find(const NodeId& id) {
  MutexLock lock(peers_mutex_);
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second;
}

std::string GrpcClient::TargetOf(const NodeId& id) {
  const PeerPtr peer = Find(id);
  return peer == nullptr ? std::string() : peer->target;
}

void GrpcClient::NoteAlive(const NodeId& id) {
  const PeerPtr peer = Find(id);
  if (peer != nullptr && peer->channel != nullptr) {
    grpc::experimental::ChannelResetConnectionBackoff(peer->channel.get());
  }
}

void GrpcClient::Call(const NodeId& to, const Request& request, Duration timeout, ReplyFn done) {
  const PeerPtr peer = Find(to);
  if (peer == nullptr) return done(absl::NotFoundError(absl::StrCat(to, " is not a peer")));
  if (peer->stub == nullptr) {
    return done(absl::Status(peer->unresolved.code(), absl::StrCat(peer->name, ": ", peer->unresolved.message())));
  }
  Gate::Pass pass(starting_);  // Stop waits for what a call handles on its own thread
  if (!pass) return done(absl::CancelledError("the transport has stopped"));
  if (const auto* append = std::get_if<AppendRequest>(&request)) {
    const EncodedEntries entries = encoder_.Encode(append->entries);
    const auto encode = [&](uint64_t number) { return EncodeReplicate(number, *append, entries); };
    if (SendOnStream(peer, {.encode = encode, .bytes = entries.bytes, .append = append}, timeout, done)) return;
    return CallUnary(peer, *append, timeout, std::move(done));
  }
  if (const auto* piece = std::get_if<SnapshotRequest>(&request)) {
    const auto message = Encode(*piece);
    // One piece to a stream: on the wire that is a unary call, and so is all that has to be done here.
    return Start<pb::SnapshotResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
      grpc::TemplatedGenericStub<pb::SnapshotChunk, pb::SnapshotResponse> stub(peer->channel);
      return stub.PrepareUnaryCall(context, "/raft.RaftService/InstallSnapshot", message, &completions_);
    });
  }
  if (const auto* handover = std::get_if<TimeoutNowRequest>(&request)) {
    const auto message = Encode(*handover);
    return Start<pb::TimeoutNowResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
      return peer->stub->PrepareAsyncTimeoutNow(context, message, &completions_);
    });
  }
  if (const auto* entries = std::get_if<EntriesRequest>(&request)) {
    const auto message = Encode(*entries);
    return Start<pb::FetchEntriesResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
      return peer->stub->PrepareAsyncFetchEntries(context, message, &completions_);
    });
  }
  if (const auto* piece = std::get_if<PieceRequest>(&request)) {
    const auto message = Encode(*piece);
    return Start<pb::FetchSnapshotResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
      return peer->stub->PrepareAsyncFetchSnapshot(context, message, &completions_);
    });
  }
  const auto* forward = std::get_if<ForwardRequest>(&request);
  if (forward != nullptr || std::holds_alternative<ReadIndexRequest>(request)) {
    pb::ReplicateRequest message;
    if (forward != nullptr) {
      *message.mutable_forward() = Encode(*forward);
    } else {
      *message.mutable_read_index() = Encode(std::get<ReadIndexRequest>(request));
    }
    const auto encode = [&](uint64_t number) {
      message.set_number(number);
      const grpc::Slice bytes(message.SerializeAsString());
      return grpc::ByteBuffer(&bytes, 1);
    };
    const bool once = forward != nullptr;
    if (SendOnStream(peer, {.encode = encode, .bytes = message.ByteSizeLong(), .once = once}, timeout, done)) return;
    return done(absl::UnimplementedError(absl::StrCat(peer->name, ": knows no streams")));
  }
  const auto& vote = std::get<VoteRequest>(request);
  const auto message = Encode(vote);
  Start<pb::VoteResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
    return vote.pre_vote ? peer->stub->PrepareAsyncPreVote(context, message, &completions_)
                         : peer->stub->PrepareAsyncRequestVote(context, message, &completions_);
  });
}

// ---- Streams -------------------------------------------------------------------------------------------------------

bool GrpcClient::SendOnStream(const PeerPtr& peer, const PeerStream::Outgoing& message, Duration timeout,
                              ReplyFn& done) {
  while (const auto stream = StreamTo(peer)) {
    if (stream->Send(message, timeout, done)) return true;
    LetGo(*peer, stream);
  }
  return false;
}

std::shared_ptr<PeerStream> GrpcClient::StreamTo(const PeerPtr& peer) {
  Gate::Pass pass(starting_);
  Peer::Streams& streams = *peer->streams;
  MutexLock lock(streams.mutex);
  if (!pass || streams.none || streams.open != nullptr) return streams.open;
  auto stream = std::make_shared<PeerStream>(peer->name);
  streams.open = stream;
  {
    MutexLock open(mutex_);
    streams_.insert(stream);
  }
  stream->Open(peer->channel, completions_,
               [this, peer, stream](const grpc::Status& why, std::vector<PeerStream::Unheard> unheard) {
                 OnStreamEnded(peer, stream, why, std::move(unheard));
               });
  return stream;
}

void GrpcClient::OnStreamEnded(const PeerPtr& peer, const std::shared_ptr<PeerStream>& stream, const grpc::Status& why,
                               std::vector<PeerStream::Unheard> unheard) {
  if (MayHaveMoved(why)) resolver_->LookAgain(peer->id);
  if (why.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    MutexLock lock(peer->streams->mutex);
    peer->streams->none = true;
  }
  LetGo(*peer, stream);
  for (PeerStream::Unheard& one : unheard) CallUnary(peer, one.request, one.timeout, std::move(one.done));
  MutexLock lock(mutex_);
  streams_.erase(stream);
  ended_.NotifyAll();
}

void GrpcClient::LetGo(const Peer& peer, const std::shared_ptr<PeerStream>& stream) {
  MutexLock lock(peer.streams->mutex);
  if (peer.streams->open == stream) peer.streams->open = nullptr;
}

void GrpcClient::CallUnary(const PeerPtr& peer, const AppendRequest& append, Duration timeout, ReplyFn done) {
  const auto message = Encode(append);
  Start<pb::AppendEntriesResponse>(peer, timeout, std::move(done), [&](grpc::ClientContext* context) {
    return peer->stub->PrepareAsyncAppendEntries(context, message, &completions_);
  });
}

// ---- Calls ---------------------------------------------------------------------------------------------------------

template <class Response, class Prepare>
void GrpcClient::Start(PeerPtr peer, Duration timeout, ReplyFn done, Prepare prepare) {
  Gate::Pass pass(starting_);
  if (!pass) return done(absl::CancelledError("the transport has stopped"));
  auto owned = std::make_unique<TypedCall<Response>>(*this, std::move(peer), std::move(done));
  TypedCall<Response>* call = owned.get();
  {
    MutexLock lock(mutex_);
    calls_.emplace(call, std::move(owned));
  }
  call->Start(timeout, prepare);
}

void GrpcClient::OnDone(OpenCall* call) {
  bool stopping = false;
  {
    MutexLock lock(mutex_);
    stopping = stopping_;
  }
  if (call->MayHaveMoved()) {
    resolver_->LookAgain(call->peer().id);
    MutexLock lock(call->peer().streams->mutex);
    call->peer().streams->none = false;
  }
  call->Answer(stopping);
  MutexLock lock(mutex_);
  calls_.erase(call);
  ended_.NotifyAll();
}

void GrpcClient::Stop() {
  starting_.Close();
  MutexLock lock(mutex_);
  if (!std::exchange(stopping_, true)) {
    for (auto& [tag, call] : calls_) call->Cancel();
    for (const auto& stream : streams_) stream->Cancel(absl::CancelledError("the transport stopped"));
  }
  while (!calls_.empty() || !streams_.empty()) ended_.Wait(mutex_);
}

}  // namespace raftly
