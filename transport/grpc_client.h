// The calling half of GrpcTransport: one channel per peer. Appends, and what a follower asks of the leader, go on a
// stream to each peer, where it knows that call, votes and pieces of snapshots by themselves.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "proto/raft.grpc.pb.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/append_encoder.h"
#include "transport/gate.h"
#include "transport/grpc_credentials.h"
#include "transport/grpc_peer_stream.h"
#include "transport/grpc_resolver.h"
#include "transport/wire.h"

namespace raftly {

class GrpcClient {
 public:
  // Whoever serves the queue calls OnDone of what it hands back, and goes on until Stop has returned.
  // `credentials`: null where peers are plain.
  GrpcClient(const std::map<NodeId, std::string>& peers, Lookup lookup, grpc::CompletionQueue& completions,
             std::shared_ptr<PeerCredentials> credentials = nullptr);
  // Stops.
  ~GrpcClient();

  // From any thread: Transport::SetPeers, without empty addresses.
  void SetPeers(const std::map<NodeId, std::string>& peers);
  // From any thread; `done` as in Transport::Call.
  void Call(const NodeId& to, const Request& request, Duration timeout, ReplyFn done);
  // Where a peer is; empty: it is no peer, or nobody knows.
  std::string TargetOf(const NodeId& id);
  // A peer that could not be reached is known to be there again: the next call tries at once.
  void NoteAlive(const NodeId& id);
  // Nothing of ours is on the queue any more when it returns. Idempotent.
  void Stop();

 private:
  // As far as it is known where it is. Replaced as a whole; calls under way keep the one that they began with.
  struct Peer {
    NodeId id;
    std::string address;
    std::string name;  // id and address, for messages
    std::string target;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<pb::RaftService::Stub> stub;  // null while nobody knows its address, and then why:
    absl::Status unresolved;
    struct Streams {
      Mutex mutex;
      std::shared_ptr<PeerStream> open ABSL_GUARDED_BY(mutex);  // null: none
      bool none ABSL_GUARDED_BY(mutex) = false;  // it knows no streams; until it may have become another program
    };
    const std::unique_ptr<Streams> streams = std::make_unique<Streams>();
  };
  using PeerPtr = std::shared_ptr<const Peer>;
  class OpenCall;
  template <class Response>
  class TypedCall;

  // False: the peer knows no streams.
  bool SendOnStream(const PeerPtr& peer, const PeerStream::Outgoing& message, Duration timeout, ReplyFn& done);
  // Null: the peer knows no such call.
  std::shared_ptr<PeerStream> StreamTo(const PeerPtr& peer);
  // It has ended: the next append opens another.
  static void LetGo(const Peer& peer, const std::shared_ptr<PeerStream>& stream);
  void OnStreamEnded(const PeerPtr& peer, const std::shared_ptr<PeerStream>& stream, const grpc::Status& why,
                     std::vector<PeerStream::Unheard> unheard);
  void CallUnary(const PeerPtr& peer, const AppendRequest& append, Duration timeout, ReplyFn done);
  template <class Response, class Prepare>
  void Start(PeerPtr peer, Duration timeout, ReplyFn done, Prepare prepare);
  void OnDone(OpenCall* call);
  void OnResolved(const NodeId& id, const absl::StatusOr<std::string>& target);
  PeerPtr Find(const NodeId& id);  // null: no peer
  std::shared_ptr<Peer> NewPeer(const NodeId& id, const std::string& address) const;
  static void HangUp(const Peer& peer);
  // `target` has numeric addresses only: names are the Resolver's business.
  void Connect(Peer& peer, const std::string& target) const;

  grpc::CompletionQueue& completions_;
  const std::shared_ptr<PeerCredentials> credentials_;
  Gate starting_;  // closed by Stop: the queue takes no calls any more
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<OpenCall*, std::unique_ptr<OpenCall>> calls_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<PeerStream>> streams_ ABSL_GUARDED_BY(mutex_);
  CondVar ended_;  // a call or a stream
  EntryEncoder encoder_;
  Mutex peers_mutex_;
  std::map<NodeId, PeerPtr> peers_ ABSL_GUARDED_BY(peers_mutex_);
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace raftly
