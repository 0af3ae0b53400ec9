#include "transport/network_proxy.h"

#include <map>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/env/mutex.h"
#include "transport/gate.h"
#include "transport/open_calls.h"

namespace raftly {
namespace {

// Replies, and the news that nobody listens there, come over the network and share its faults. Everything else was
// decided on this node.
bool CameOverTheNetwork(const absl::StatusOr<Reply>& result) {
  return result.ok() || absl::IsUnavailable(result.status());
}

}  // namespace

// Counters per directed link. Thread-safe.
class NetworkProxy::Links {
 public:
  void CountRequest(const NodeId& from, const NodeId& to, const Request& request) {
    const bool vote = std::holds_alternative<VoteRequest>(request);
    const bool append =
        std::holds_alternative<AppendRequest>(request) || std::holds_alternative<SnapshotRequest>(request);
    if (!vote && !append) return;
    MutexLock lock(mutex_);
    if (LinkTraffic* link = Find(from, to)) ++(vote ? link->votes : link->appends);
  }
  void CountLoss(const NodeId& from, const NodeId& to) {
    MutexLock lock(mutex_);
    if (LinkTraffic* link = Find(from, to)) ++link->losses;
  }
  std::vector<LinkTraffic> List() const {
    MutexLock lock(mutex_);
    std::vector<LinkTraffic> list;
    for (const auto& [ends, link] : links_) list.push_back(link);
    return list;
  }

 private:
  // Strangers choose the names that they send, so there is a limit to how many are kept.
  LinkTraffic* Find(const NodeId& from, const NodeId& to) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto ends = std::make_pair(from, to);
    const auto found = links_.find(ends);
    if (found != links_.end()) return &found->second;
    if (links_.size() >= kMaxLinks) return nullptr;
    return &links_.emplace(ends, LinkTraffic{.from = from, .to = to}).first->second;
  }

  mutable Mutex mutex_;
  std::map<std::pair<NodeId, NodeId>, LinkTraffic> links_ ABSL_GUARDED_BY(mutex_);
};

struct NetworkProxy::State : std::enable_shared_from_this<State> {
  State(Transport& inner_transport, NodeId self_id, const NetworkRules& network_rules, EventLoop& event_loop,
        uint64_t seed)
      : inner(inner_transport),
        self(std::move(self_id)),
        rules(network_rules),
        loop(event_loop),
        calls(std::make_shared<OpenCalls>(event_loop)),
        random(seed) {}

  // Decides about one message, then lets it go now, later or never. True: not never.
  template <class Go>
  bool Pass(const NodeId& from, const NodeId& to, Go&& go);
  void SendRequest(CallId call, const NodeId& to, Request&& request, Time deadline);
  void ReceiveReply(CallId call, const NodeId& from, absl::StatusOr<Reply>&& result);
  void ReceiveRequest(Request&& request, ReplyFn&& reply);
  void SendReply(const NodeId& to, absl::StatusOr<Reply>&& result, ReplyFn&& reply);

  Transport& inner;
  const NodeId self;
  const NetworkRules& rules;
  EventLoop& loop;
  const std::shared_ptr<OpenCalls> calls;  // our own requests
  Links links;
  Gate gate;        // closed by Stop; whatever touches the references above has passed it
  Handler handler;  // set before the transport inside starts
  Mutex mutex;
  std::mt19937_64 random ABSL_GUARDED_BY(mutex);
};

// A task is made of it only where it has to wait: without rules that is no message.
template <class Go>
bool NetworkProxy::State::Pass(const NodeId& from, const NodeId& to, Go&& go) {
  Fate fate;
  {
    MutexLock lock(mutex);
    fate = rules.FateOf(from, to, random);
  }
  if (fate.dropped) {
    links.CountLoss(from, to);
    return false;
  }
  if (fate.delay == Duration::zero()) {
    go();
    return true;
  }
  loop.PostAt(loop.Now() + fate.delay, [state = shared_from_this(), go = std::forward<Go>(go)]() mutable {
    Gate::Pass pass(state->gate);
    if (pass) go();
  });
  return true;
}

void NetworkProxy::State::SendRequest(CallId call, const NodeId& to, Request&& request, Time deadline) {
  const Time now = loop.Now();
  if (now >= deadline) return;  // delayed for too long: the caller has its answer
  inner.Call(to, std::move(request), deadline - now,
             [state = shared_from_this(), call, to](absl::StatusOr<Reply>&& result) {
               state->ReceiveReply(call, to, std::move(result));
             });
}

void NetworkProxy::State::ReceiveReply(CallId call, const NodeId& from, absl::StatusOr<Reply>&& result) {
  Gate::Pass pass(gate);
  if (!pass) return;
  // Our own timer says when the time is up; the clock of the transport inside may be a little ahead of it.
  if (absl::IsDeadlineExceeded(result.status())) return;
  if (!CameOverTheNetwork(result)) return calls->Settle(call, std::move(result));
  Pass(from, self,
       [open = calls, call, result = std::move(result)]() mutable { open->Settle(call, std::move(result)); });
}

void NetworkProxy::State::ReceiveRequest(Request&& request, ReplyFn&& reply) {
  Gate::Pass pass(gate);
  if (!pass) return;
  const NodeId from = SenderOf(request);
  links.CountRequest(from, self, request);
  ReplyFn answer = [state = shared_from_this(), from,
                    reply = std::move(reply)](absl::StatusOr<Reply>&& result) mutable {
    state->SendReply(from, std::move(result), std::move(reply));
  };
  Pass(from, self, [this, request = std::move(request), answer = std::move(answer)]() mutable {
    handler(std::move(request), std::move(answer));
  });
}

void NetworkProxy::State::SendReply(const NodeId& to, absl::StatusOr<Reply>&& result, ReplyFn&& reply) {
  Gate::Pass pass(gate);
  if (!pass) return;
  Pass(self, to, [result = std::move(result), reply = std::move(reply)]() mutable { reply(std::move(result)); });
}

NetworkProxy::NetworkProxy(Transport& inner, NodeId self, const NetworkRules& rules, EventLoop& loop, uint64_t seed)
    : state_(std::make_shared<State>(inner, std::move(self), rules, loop, seed)) {}

NetworkProxy::~NetworkProxy() { Stop(); }

void NetworkProxy::SetPeers(const std::map<NodeId, std::string>& addresses) { state_->inner.SetPeers(addresses); }

void NetworkProxy::OnPeerGone(GoneFn gone) {
  state_->inner.OnPeerGone([state = state_, gone = std::move(gone)](const NodeId& peer) {
    Gate::Pass pass(state->gate);
    if (!pass) return;
    // The attempt to reach it, and the refusal.
    state->Pass(state->self, peer,
                [state, peer, gone] { state->Pass(peer, state->self, [peer, gone] { gone(peer); }); });
  });
}

absl::Status NetworkProxy::Start(Handler handler) {
  state_->handler = std::move(handler);
  return state_->inner.Start([state = state_](Request&& request, ReplyFn&& reply) {
    state->ReceiveRequest(std::move(request), std::move(reply));
  });
}

void NetworkProxy::Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) {
  State& state = *state_;
  const Time now = state.loop.Now();
  const Time deadline = timeout < kNever - now ? now + timeout : kNever;
  const CallId call = state.calls->Open(timeout, std::move(done));
  if (!call) return;
  state.links.CountRequest(state.self, to, request);
  const bool told = std::holds_alternative<ForwardRequest>(request);
  const bool passed = state.Pass(state.self, to, [&state, call, to, request = std::move(request), deadline]() mutable {
    state.SendRequest(call, to, std::move(request), deadline);
  });
  if (!passed && told) state.calls->Settle(call, absl::AbortedError(absl::StrCat(to, ": a rule keeps it here")));
}

void NetworkProxy::Stop() {
  state_->gate.Close();
  state_->calls->Close();
  state_->inner.Stop();
}

std::vector<LinkTraffic> NetworkProxy::traffic() const { return state_->links.List(); }

}  // namespace raftly
