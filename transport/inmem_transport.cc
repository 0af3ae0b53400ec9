#include "transport/inmem_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/gate.h"

namespace raftly {

// A node's side of the network that requests arrive at. Shared with the ReplyFns that its node holds, which may be
// run after the transport is gone.
struct InMemEndpoint {
  Gate gate;                   // closed when the node stops
  Transport::Handler handler;  // set before the endpoint is registered
  Transport::GoneFn gone = [](const NodeId&) {};
};

absl::Status InMemNetwork::Register(const NodeId& node, std::shared_ptr<InMemEndpoint> endpoint) {
  MutexLock lock(mutex_);
  if (!nodes_.emplace(node, std::move(endpoint)).second) {
    return absl::AlreadyExistsError(absl::StrCat("the network has a node ", node));
  }
  return absl::OkStatus();
}

void InMemNetwork::Unregister(const NodeId& node, const std::shared_ptr<InMemEndpoint>& endpoint) {
  MutexLock lock(mutex_);
  const auto found = nodes_.find(node);
  // The id may belong to a later life of the node by now.
  if (found != nodes_.end() && found->second == endpoint) nodes_.erase(found);
}

std::shared_ptr<InMemEndpoint> InMemNetwork::Find(const NodeId& node) {
  MutexLock lock(mutex_);
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : found->second;
}

void InMemNetwork::TellGone(const NodeId& node, const NodeId& peer) {
  const std::shared_ptr<InMemEndpoint> told = Find(node);
  if (told == nullptr) return;
  Gate::Pass pass(told->gate);
  if (pass) told->gone(peer);
}

void InMemNetwork::SendRequest(ReturnPath&& path, Request&& request) {
  if (!carrier_) return DeliverRequest(path, std::move(request));
  const NodeId from = path.caller;
  const NodeId to = path.callee;
  // Each delivery gets a copy of its own: the carrier may run the task twice.
  carrier_(from, to,
           [this, path = std::move(path), request = std::move(request)] { DeliverRequest(path, Request(request)); });
}

void InMemNetwork::DeliverRequest(const ReturnPath& path, Request&& request) {
  const std::shared_ptr<InMemEndpoint> callee = Find(path.callee);
  const auto refuse = [&] { SendReply(path, absl::UnavailableError(absl::StrCat(path.callee, " is not there"))); };
  if (callee == nullptr) return refuse();
  Gate::Pass pass(callee->gate);
  if (!pass) return refuse();
  callee->handler(std::move(request), [this, path, callee](absl::StatusOr<Reply>&& reply) {
    // What a stopped node still answers goes nowhere; the network may be gone as well.
    Gate::Pass reply_pass(callee->gate);
    if (reply_pass) SendReply(path, std::move(reply));
  });
}

void InMemNetwork::SendReply(const ReturnPath& path, absl::StatusOr<Reply>&& reply) {
  Task deliver = [calls = path.calls, call = path.call, reply = std::move(reply)] {
    if (const auto caller = calls.lock()) caller->Settle(call, reply);
  };
  if (!carrier_) return deliver();
  carrier_(path.callee, path.caller, std::move(deliver));
}

InMemTransport::InMemTransport(InMemNetwork& network, NodeId self, EventLoop& loop)
    : network_(network),
      self_(std::move(self)),
      calls_(std::make_shared<OpenCalls>(loop)),
      endpoint_(std::make_shared<InMemEndpoint>()) {}

InMemTransport::~InMemTransport() { Stop(); }

void InMemTransport::OnPeerGone(GoneFn gone) { endpoint_->gone = std::move(gone); }

absl::Status InMemTransport::Start(Handler handler) {
  endpoint_->handler = std::move(handler);
  return network_.Register(self_, endpoint_);
}

void InMemTransport::Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) {
  const CallId call = calls_->Open(timeout, std::move(done));
  if (call) network_.SendRequest({self_, to, calls_, call}, std::move(request));
}

void InMemTransport::Stop() {
  network_.Unregister(self_, endpoint_);
  endpoint_->gate.Close();
  calls_->Close();
}

}  // namespace raftly
