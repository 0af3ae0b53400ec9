// A network in memory: calls between nodes of one process, on threads or in virtual time.
//
//   InMemNetwork network;
//   InMemTransport transport(network, "node1", loop);
//   transport.Start(handler);
//
// Deterministic: no thread, no randomness and no clock of its own. Who wants latency, loss, reordering or duplication
// gives the network a carrier.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "raft/env/executor.h"
#include "raft/env/mutex.h"
#include "raft/env/transport.h"
#include "transport/open_calls.h"

namespace raftly {

struct InMemEndpoint;

// The hub that nodes register with. Thread-safe. Outlives its transports and every delivery under way.
class InMemNetwork {
 public:
  // Carries one request or one reply: runs `deliver` now or later, on any thread; not at all (lost); or several times
  // (duplicated). Of several replies the caller sees the first.
  using Carrier = std::function<void(const NodeId& from, const NodeId& to, Task deliver)>;

  // Without a carrier everything is delivered at once, on the thread that sends it.
  explicit InMemNetwork(Carrier carrier = nullptr) : carrier_(std::move(carrier)) {}

  // Tells `node`, if it is there, that the process of `peer` is dead, on this thread. Whether that is so is the
  // caller's business.
  void TellGone(const NodeId& node, const NodeId& peer);

 private:
  friend class InMemTransport;

  // Whom a reply belongs to. A caller that is gone by then is not found.
  struct ReturnPath {
    NodeId caller;
    NodeId callee;
    std::weak_ptr<OpenCalls> calls;
    CallId call;
  };

  absl::Status Register(const NodeId& node, std::shared_ptr<InMemEndpoint> endpoint);
  void Unregister(const NodeId& node, const std::shared_ptr<InMemEndpoint>& endpoint);
  std::shared_ptr<InMemEndpoint> Find(const NodeId& node);

  void SendRequest(ReturnPath&& path, Request&& request);
  void DeliverRequest(const ReturnPath& path, Request&& request);
  void SendReply(const ReturnPath& path, absl::StatusOr<Reply>&& reply);

  const Carrier carrier_;
  Mutex mutex_;
  std::map<NodeId, std::shared_ptr<InMemEndpoint>> nodes_ ABSL_GUARDED_BY(mutex_);
};

// A call to a node that is not there fails with Unavailable as soon as the carrier allows. A handler that destroys its
// ReplyFn without running it leaves the caller to its deadline. Stop must not be called from within a callback.
class InMemTransport : public Transport {
 public:
  // `network` and `loop` (the deadlines' clock) outlive this.
  InMemTransport(InMemNetwork& network, NodeId self, EventLoop& loop);
  // Stops.
  ~InMemTransport() override;

  void OnPeerGone(GoneFn gone) override;
  // AlreadyExists where a node of this id is registered.
  absl::Status Start(Handler handler) override;
  void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) override;
  void Stop() override;

 private:
  InMemNetwork& network_;
  const NodeId self_;
  const std::shared_ptr<OpenCalls> calls_;
  const std::shared_ptr<InMemEndpoint> endpoint_;
};

}  // namespace raftly
