// What the key-value service needs of a node: a RaftNode in production, a script in tests.
#pragma once

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/env/executor.h"
#include "raft/node/node_status.h"
#include "raft/node/raft_node.h"

namespace raftly {

// Contracts as in raft/node/raft_node.h. From any thread.
class Consensus {
 public:
  using ProposeFn = absl::AnyInvocable<void(absl::StatusOr<Applied>)>;
  using ReadFn = absl::AnyInvocable<void(absl::Status)>;

  virtual ~Consensus() = default;
  virtual Time Now() const = 0;
  virtual void Propose(std::string command, Time deadline, ProposeFn done, Handover handover, Effect effect,
                       uint32_t features) = 0;
  virtual void Read(Time deadline, ReadFn done, Handover handover) = 0;
  virtual NodeStatus status() const = 0;
};

class RaftConsensus : public Consensus {
 public:
  // Both outlive it.
  RaftConsensus(RaftNode& node, const EventLoop& loop) : node_(node), loop_(loop) {}

  Time Now() const override { return loop_.Now(); }
  void Propose(std::string command, Time deadline, ProposeFn done, Handover handover, Effect effect,
               uint32_t features) override {
    node_.Propose(std::move(command), deadline, std::move(done), handover, effect, features);
  }
  void Read(Time deadline, ReadFn done, Handover handover) override { node_.Read(deadline, std::move(done), handover); }
  NodeStatus status() const override { return node_.status(); }

 private:
  RaftNode& node_;
  const EventLoop& loop_;
};

}  // namespace raftly
