// Several observers as one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "raft/node/observer.h"

namespace raftly {

// Passes everything on, in order. The observers outlive it.
class Observers : public NodeObserver {
 public:
  explicit Observers(std::vector<NodeObserver*> all) : all_(std::move(all)) {}

  void OnRecovered(const Wal::Opened& opened, Duration took) override {
    for (auto* one : all_) one->OnRecovered(opened, took);
  }
  void OnEvent(Time now, const NodeEvent& event) override {
    for (auto* one : all_) one->OnEvent(now, event);
  }
  void OnStep(Time now, const RaftCore& core) override {
    for (auto* one : all_) one->OnStep(now, core);
  }
  void OnCallFailed(const NodeId& peer, const absl::Status& why) override {
    for (auto* one : all_) one->OnCallFailed(peer, why);
  }
  void OnMisdirected(const NodeId& from, const std::string& why) override {
    for (auto* one : all_) one->OnMisdirected(from, why);
  }
  void OnClusterKnown(const Identity& identity) override {
    for (auto* one : all_) one->OnClusterKnown(identity);
  }
  void OnMembers(const Members& members) override {
    for (auto* one : all_) one->OnMembers(members);
  }
  void OnSynced(size_t entries, Duration took) override {
    for (auto* one : all_) one->OnSynced(entries, took);
  }
  void OnApplied(const Entry& entry) override {
    for (auto* one : all_) one->OnApplied(entry);
  }
  void OnRepair(const RepairNews& news) override {
    for (auto* one : all_) one->OnRepair(news);
  }
  void OnSnapshotDamaged(const absl::Status& why) override {
    for (auto* one : all_) one->OnSnapshotDamaged(why);
  }
  void OnSnapshotTaken(LogPosition at, uint64_t bytes, Duration took, const absl::Status& status) override {
    for (auto* one : all_) one->OnSnapshotTaken(at, bytes, took, status);
  }
  void OnSnapshotRefused(const absl::Status& why) override {
    for (auto* one : all_) one->OnSnapshotRefused(why);
  }
  void OnStateLoaded(LogPosition at) override {
    for (auto* one : all_) one->OnStateLoaded(at);
  }
  void OnApplyPaused(Duration paused) override {
    for (auto* one : all_) one->OnApplyPaused(paused);
  }
  void OnBatchApplied(size_t entries, Duration took) override {
    for (auto* one : all_) one->OnBatchApplied(entries, took);
  }
  void OnProposalSettled(const absl::Status& status, Duration took) override {
    for (auto* one : all_) one->OnProposalSettled(status, took);
  }
  void OnFatal(const absl::Status& why) override {
    for (auto* one : all_) one->OnFatal(why);
  }

 private:
  const std::vector<NodeObserver*> all_;
};

}  // namespace raftly
