// Requests on their way in: a slot each, awaited, then received, answered (or not), and over when gRPC says so. For
// grpc_server.cc alone.
#pragma once

#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/raft.grpc.pb.h"
#include "raft/core/check.h"
#include "transport/completion.h"
#include "transport/grpc_server.h"
#include "transport/tls_files.h"
#include "transport/wire.h"

namespace raftly {

inline grpc::Status ToGrpc(const absl::Status& status) {
  // The codes are the same numbers by design.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// What the completion queue hands back: which call, and what happened to it.
class GrpcServer::Tag final : public Completion {
 public:
  enum What { kReceived, kRead, kWritten, kFinished, kOver };
  Tag(GrpcServer& server, CallId call, What what) : server_(server), call_(call), what_(what) {}
  void* get() { return static_cast<Completion*>(this); }
  // The call may end here, and take this along.
  void OnDone(bool ok) override { server_.On(call_, what_, ok); }

 private:
  GrpcServer& server_;
  const CallId call_;
  const What what_;
};

class GrpcServer::Incoming {
 public:
  Incoming(GrpcServer& server, CallId id)
      : received_(server, id, Tag::kReceived),
        read_(server, id, Tag::kRead),
        written_(server, id, Tag::kWritten),
        finished_(server, id, Tag::kFinished),
        over_(server, id, Tag::kOver) {
    context_.AsyncNotifyWhenDone(over_.get());
  }
  virtual ~Incoming() = default;

  // Awaits the next request of the same method in a slot of its own.
  virtual void AwaitNext(GrpcServer& server) = 0;
  // Of a stream: its messages are read one by one; a kRead follows.
  virtual bool streams() const { return false; }
  virtual void Read() {}
  // The message that was read, or received: its number on this stream, and what it asks.
  struct Numbered {
    uint64_t number = 0;
    absl::StatusOr<Request> request;
  };
  virtual Numbered Take() = 0;
  // Whether the next message is read before this one is answered.
  virtual bool ReadsOn() const { return false; }
  virtual void Answer(uint64_t number, const absl::StatusOr<Reply>& reply) = 0;
  // A message that will have no answer.
  virtual void Forget() {}
  virtual void OnWritten() {}
  // No message follows.
  virtual void OnLastRead() {}
  // When it is over: whose stream of appends it was that broke; empty: none did.
  virtual NodeId LeaderLost() const { return {}; }

  // Where peers show certificates: why a message of this sender is not this caller's to send; empty: it is.
  std::string Objection(const NodeId& sender) const {
    const auto shown = context_.auth_context();
    const auto named = [&shown](const char* property) {
      std::vector<std::string> names;
      for (const grpc::string_ref& one : shown->FindPropertyValues(property))
        names.emplace_back(one.data(), one.size());
      return names;
    };
    const auto dns_names = named(GRPC_PEER_DNS_PROPERTY_NAME);
    const auto uris = named(GRPC_PEER_URI_PROPERTY_NAME);
    if (NamesNode(dns_names, uris, sender)) return {};
    return absl::StrCat("this message says that it is from ", sender.empty() ? "nobody" : sender,
                        ", the certificate of who sent it names ", NamesForMessage(dns_names, uris));
  }

  bool receiving = true;   // kReceived is still to come, or being handled
  bool reading = false;    // kRead is still to come
  bool writing = false;    // kWritten is still to come
  bool answered = false;   // with its last word, of which there is one at most
  bool finishing = false;  // kFinished is still to come
  bool over = false;       // kOver came: answered, or the caller is gone

 protected:
  // Before the last word is sent; a kFinished follows.
  void* Finishing() {
    answered = finishing = true;
    return finished_.get();
  }

  grpc::ServerContext context_;
  Tag received_;
  Tag read_;
  Tag written_;
  Tag finished_;
  Tag over_;
};

template <class Message, class Response>
class GrpcServer::IncomingCall : public Incoming {
 public:
  using Method = AwaitMethod<Message, Response>;

  IncomingCall(GrpcServer& server, CallId id, Method method, bool pre_vote)
      : Incoming(server, id), method_(method), pre_vote_(pre_vote), writer_(&context_) {}

  void Await(pb::RaftService::AsyncService& service, grpc::ServerCompletionQueue* queue) {
    (service.*method_)(&this->context_, &message_, &writer_, queue, queue, this->received_.get());
  }
  void AwaitNext(GrpcServer& server) override { server.Await<IncomingCall>(method_, pre_vote_); }

  Numbered Take() override {
    auto request = Decode(std::move(message_));
    if (!request.ok()) return {0, request.status()};
    // The method decides as well as the flag: either makes it a question that changes nothing.
    if constexpr (std::is_same_v<Message, pb::VoteRequest>) request->pre_vote |= pre_vote_;
    return {0, Request(*std::move(request))};
  }

  void Answer(uint64_t, const absl::StatusOr<Reply>& reply) override {
    if (!reply.ok()) return writer_.FinishWithError(ToGrpc(reply.status()), this->Finishing());
    using Value = typename decltype(Decode(std::declval<Response>()))::value_type;
    const auto* value = std::get_if<Value>(&*reply);
    RAFTLY_CHECK(value != nullptr, "a request would be answered as one of another kind");
    writer_.Finish(Encode(*value), grpc::Status::OK, this->Finishing());
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
  IncomingSnapshot(GrpcServer& server, CallId id) : Incoming(server, id), reader_(&context_) {}

  void Await(pb::RaftService::AsyncService& service, grpc::ServerCompletionQueue* queue) {
    service.RequestInstallSnapshot(&context_, &reader_, queue, queue, received_.get());
  }
  void AwaitNext(GrpcServer& server) override { server.Await<IncomingSnapshot>(); }
  bool streams() const override { return true; }
  void Read() override {
    reading = true;
    reader_.Read(&message_, read_.get());
  }
  Numbered Take() override {
    auto request = Decode(std::move(message_));
    message_.Clear();
    if (!request.ok()) return {0, request.status()};
    return {0, Request(*std::move(request))};
  }
  void Answer(uint64_t, const absl::StatusOr<Reply>& reply) override {
    if (!reply.ok()) return reader_.FinishWithError(ToGrpc(reply.status()), Finishing());
    const auto* value = std::get_if<SnapshotReply>(&*reply);
    RAFTLY_CHECK(value != nullptr, "a snapshot would be answered as something else");
    kept_ = *value;
    value->installed ? OnLastRead() : Read();
  }
  void OnLastRead() override {
    if (kept_) return reader_.Finish(Encode(*kept_), grpc::Status::OK, Finishing());
    reader_.FinishWithError(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "a snapshot without a piece"),
                            Finishing());
  }

 private:
  pb::SnapshotChunk message_;
  std::optional<SnapshotReply> kept_;
  grpc::ServerAsyncReader<pb::SnapshotResponse, pb::SnapshotChunk> reader_;
};

// What one peer has to say, as it comes; each message is answered when the answer is ready.
class GrpcServer::IncomingStream : public Incoming {
 public:
  // Beyond so many without an answer that has left the stream is not read: gRPC tells the sender to wait.
  static constexpr size_t kMostUnanswered = 256;

  IncomingStream(GrpcServer& server, CallId id) : Incoming(server, id), stream_(&context_) {}

  void Await(pb::RaftService::AsyncService& service, grpc::ServerCompletionQueue* queue) {
    service.RequestReplicate(&context_, &stream_, queue, queue, received_.get());
  }
  void AwaitNext(GrpcServer& server) override { server.Await<IncomingStream>(); }
  bool streams() const override { return true; }
  void Read() override {
    reading = true;
    stream_.Read(&message_, read_.get());
  }
  Numbered Take() override {
    ++unanswered_;
    const uint64_t number = message_.number();
    absl::StatusOr<Request> request = RequestIn(message_);
    message_.Clear();
    if (request.ok()) {
      if (const auto* append = std::get_if<AppendRequest>(&*request)) leader_ = append->leader;
    }
    return {number, std::move(request)};
  }
  NodeId LeaderLost() const override { return context_.IsCancelled() ? leader_ : NodeId(); }
  bool ReadsOn() const override { return unanswered_ + outgoing_.size() < kMostUnanswered; }
  void Answer(uint64_t number, const absl::StatusOr<Reply>& reply) override {
    --unanswered_;
    pb::ReplicateResponse response;
    response.set_number(number);
    if (reply.ok()) {
      PutReply(*reply, response);
    } else {
      response.set_code(static_cast<uint32_t>(reply.status().code()));
      response.set_error(std::string(reply.status().message()));
    }
    outgoing_.push_back(std::move(response));
    WriteNext();
    ReadNext();
  }
  void Forget() override {
    --unanswered_;
    ReadNext();
  }
  void OnWritten() override {
    WriteNext();
    ReadNext();
  }
  void OnLastRead() override {
    no_more_ = true;
    WriteNext();
  }

 private:
  void ReadNext() {
    if (!reading && !no_more_ && !answered && ReadsOn()) Read();
  }
  void WriteNext() {
    if (writing) return;
    if (!outgoing_.empty()) {
      writing = true;
      stream_.Write(outgoing_.front(), written_.get());
      outgoing_.pop_front();
    } else if (no_more_ && !answered) {
      stream_.Finish(grpc::Status::OK, Finishing());
    }
  }

  pb::ReplicateRequest message_;
  NodeId leader_;  // as the last append says; empty: none has come
  size_t unanswered_ = 0;
  bool no_more_ = false;
  std::deque<pb::ReplicateResponse> outgoing_;
  grpc::ServerAsyncReaderWriter<pb::ReplicateResponse, pb::ReplicateRequest> stream_;
};

}  // namespace raftly
