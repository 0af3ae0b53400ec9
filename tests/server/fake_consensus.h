// A node that answers as the test says.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "raft/env/mutex.h"
#include "raft/node/errors.h"
#include "server/kv/consensus.h"
#include "server/kv/kv_store.h"
#include "server/kv/leader_watch.h"

namespace raftly {

// Settles at once: with the next of `refusals`, or by applying the command to the store, as if itself or, where it
// follows another, as if with that one's help.
class FakeConsensus : public Consensus {
 public:
  explicit FakeConsensus(KvStore& store) : store_(store) {}

  Time Now() const override { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

  void Propose(std::string command, Time, ProposeFn done, Handover, Effect, uint32_t) override {
    absl::Status refusal = Next();
    if (!refusal.ok()) return done(std::move(refusal));
    MutexLock lock(mutex_);
    ++applied_.index;
    done(Applied{applied_, store_.Apply({applied_.index, Term{1}, EntryType::kNormal, Bytes(std::move(command))}),
                 helper_});
  }
  void Read(Time, ReadFn done, Handover) override { done(Next()); }
  NodeStatus status() const override {
    MutexLock lock(mutex_);
    return status_;
  }

  void Refuse(absl::Status status) {
    MutexLock lock(mutex_);
    refusals_.push_back(std::move(status));
  }
  // It follows `leader`, which helps it.
  void Follow(NodeId leader) {
    MutexLock lock(mutex_);
    helper_ = std::move(leader);
  }
  // It follows `leader`, which takes nothing from other nodes.
  void FollowInVain(NodeId leader) {
    MutexLock lock(mutex_);
    unhelpful_ = std::move(leader);
  }
  void SetStatus(NodeStatus status) {
    MutexLock lock(mutex_);
    status_ = std::move(status);
  }
  int calls() const {
    MutexLock lock(mutex_);
    return calls_;
  }

 private:
  absl::Status Next() {
    MutexLock lock(mutex_);
    if (!unhelpful_.empty()) return NotLeaderError(unhelpful_);
    ++calls_;
    if (refusals_.empty()) return absl::OkStatus();
    absl::Status next = std::move(refusals_.front());
    refusals_.pop_front();
    return next;
  }

  KvStore& store_;
  mutable Mutex mutex_;
  std::deque<absl::Status> refusals_ ABSL_GUARDED_BY(mutex_);
  NodeId helper_ ABSL_GUARDED_BY(mutex_);
  NodeId unhelpful_ ABSL_GUARDED_BY(mutex_);
  NodeStatus status_ ABSL_GUARDED_BY(mutex_);
  LogPosition applied_ ABSL_GUARDED_BY(mutex_){Term{1}, Index{0}};
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

inline void Elect(LeaderWatch& watch, const NodeId& leader) { watch.OnEvent(Time(), LeaderChanged{leader, Term{1}}); }

}  // namespace raftly
