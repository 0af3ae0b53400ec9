// The calling end of Replicate: what one node has to say to a peer, on one stream, each message with a number that its
// answer repeats. A leader's appends, and what a follower asks of the leader.
//
//   auto stream = std::make_shared<PeerStream>("node2 (10.0.0.2:7001)");
//   stream->Open(channel, completions, on_end);
//   stream->Send({.encode = ..., .bytes = 100}, timeout, done);
//
// Opened once; when it breaks, another one is opened. From any thread.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "proto/raft.grpc.pb.h"
#include "raft/core/messages.h"
#include "raft/core/time.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/completion.h"
#include "transport/wire.h"

namespace raftly {

class PeerStream : public std::enable_shared_from_this<PeerStream> {
 public:
  // A message, to be encoded with its number.
  struct Outgoing {
    absl::FunctionRef<grpc::ByteBuffer(uint64_t number)> encode;
    size_t bytes = 0;                       // about
    const AppendRequest* append = nullptr;  // that it holds
    bool once = false;                      // who sent it has to know whether it left (Transport::Call)
  };
  // An append that the peer never looked at, because it does not know this call.
  struct Unheard {
    AppendRequest request;
    Duration timeout;  // what is left of it
    ReplyFn done;
  };
  // Once, on the queue's thread, when the stream has ended and starts nothing on the queue any more. All but `unheard`
  // was answered, with an error.
  using OnEnd = absl::AnyInvocable<void(const grpc::Status& why, std::vector<Unheard> unheard)>;

  // `peer` is named in errors.
  explicit PeerStream(std::string peer) : peer_(std::move(peer)) {}

  // Once. The queue's thread calls OnDone of what it hands back; the queue takes new work until on_end runs.
  void Open(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue& completions, OnEnd on_end);
  // `done` as in Transport::Call; Unavailable where too much waits to be sent or answered. False: the stream has ended,
  // and nothing was done.
  bool Send(const Outgoing& message, Duration timeout, ReplyFn& done);
  // Ends it: `why` answers what is open.
  void Cancel(absl::Status why);

 private:
  // One operation of gRPC. Keeps the stream alive while it is under way.
  class Operation final : public Completion {
   public:
    using Then = void (PeerStream::*)(bool ok);
    explicit Operation(Then then) : then_(then) {}
    void* Begin(std::shared_ptr<PeerStream> stream) {
      stream_ = std::move(stream);
      return static_cast<Completion*>(this);
    }
    void OnDone(bool ok) override {
      const std::shared_ptr<PeerStream> stream = std::move(stream_);
      (stream.get()->*then_)(ok);
    }

   private:
    const Then then_;
    std::shared_ptr<PeerStream> stream_;
  };
  struct Waiting {
    Time deadline;
    ReplyFn done;
    std::optional<AppendRequest> request;  // until the peer has answered anything
    bool once;
  };
  struct Unsent {
    uint64_t number;
    grpc::ByteBuffer bytes;
  };

  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnAlarm(bool ok);
  void OnFinished(bool ok);
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Arm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Reply> ReplyToOne(pb::ReplicateResponse& response) const;

  const std::string peer_;
  OnEnd on_end_;

  Operation starting_{&PeerStream::OnStarted};
  Operation reading_{&PeerStream::OnRead};
  Operation writing_{&PeerStream::OnWritten};
  Operation timing_{&PeerStream::OnAlarm};
  Operation finishing_{&PeerStream::OnFinished};
  grpc::CompletionQueue* completions_ = nullptr;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, pb::ReplicateResponse>> stream_;
  pb::ReplicateResponse response_;
  grpc::Status status_;

  Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;  // the peer has answered something
  bool write_under_way_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more is read or written
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;   // nothing more is asked of the queue
  absl::Status cancelled_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<Unsent> outgoing_ ABSL_GUARDED_BY(mutex_);
  size_t outgoing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  Time armed_for_ ABSL_GUARDED_BY(mutex_) = kNever;
};

}  // namespace raftly
