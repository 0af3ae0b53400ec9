// A transport with faults: lets through, delays or loses what a node sends and receives, as its NetworkRules say.
//
//   NetworkProxy proxy(grpc_transport, "node1", rules, loop, seed);
//   proxy.Start(handler);            // starts and stops the transport inside
//
// A call is two messages, and each has its own fate: the request on the direction from -> to, the reply on to -> from.
// A proxy applies its node's rules to what leaves (egress: own requests, and replies to others) and to what arrives
// (ingress: others' requests, and replies to own ones). A rule installed on both ends of a link thus acts twice: no
// difference for a drop, but delays double and losses are tried twice.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "raft/env/executor.h"
#include "raft/env/transport.h"
#include "transport/network_rules.h"

namespace raftly {

// What one proxy has seen on one direction of one link since it was made.
struct LinkTraffic {
  NodeId from;
  NodeId to;
  uint64_t appends = 0;  // requests, heartbeats included
  uint64_t votes = 0;    // requests, pre-votes included
  uint64_t losses = 0;   // requests and replies dropped here

  bool operator==(const LinkTraffic&) const = default;
};

// A dropped message is a black hole: its caller gets DeadlineExceeded at its timeout, not earlier. But for forwarded
// commands, which a connection would not have taken: who sends one that is dropped here is told (Transport::Call). A
// delay is a timer on `loop`; one that outlasts the timeout is a DeadlineExceeded too. Nothing is reordered beyond what
// delays imply. Stop must not be called from within a callback.
class NetworkProxy : public Transport {
 public:
  // All references outlive this. `self` is the node whose transport `inner` is. All chance comes from `seed`.
  NetworkProxy(Transport& inner, NodeId self, const NetworkRules& rules, EventLoop& loop, uint64_t seed);
  // Stops.
  ~NetworkProxy() override;

  // What a dead process's machine says comes over the network, too.
  void OnPeerGone(GoneFn gone) override;
  void SetPeers(const std::map<NodeId, std::string>& addresses) override;
  absl::Status Start(Handler handler) override;
  void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) override;
  void Stop() override;

  // From any thread; sorted by from, then to. The first kMaxLinks that carried something.
  static constexpr size_t kMaxLinks = 256;
  std::vector<LinkTraffic> traffic() const;

 private:
  class Links;
  // Shared with timers and ReplyFns under way, which may outlive the proxy; after Stop they find it closed.
  struct State;

  const std::shared_ptr<State> state_;
};

}  // namespace raftly
