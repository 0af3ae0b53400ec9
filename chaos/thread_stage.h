// The stage on real threads and real files in a temporary directory: production's node, log and executors over the
// in-memory network. Slower than the simulated one and never twice the same: it shows that the simulator tells the
// truth.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chaos/crashable_files.h"
#include "chaos/stage.h"
#include "raft/env/thread_loop.h"
#include "transport/inmem_transport.h"

namespace raftly {

class ThreadStage : public Stage {
 public:
  // Makes a directory below the system's temporary one; its destructor removes it.
  ThreadStage(const StageOptions& options, Timeline& timeline);
  ~ThreadStage() override;

  absl::Status Start(int node) override;
  void Stop(int node) override;
  void Crash(int node) override;
  void LoseDirectory(int node) override;
  bool up(int node) const override { return At(node).server != nullptr; }

  void Propose(int node, const std::string& command, Duration timeout, Proposed done) override;
  void Read(int node, const std::string& key, Duration timeout, Got done) override;
  std::optional<std::string> ReadStale(int node, const std::string& key) const override;

  void ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Proposed done) override;

  NodeStatus status(int node) const override;
  void SetTimings(int node, Timings timings) override;

  Time now() const override;
  bool RunUntil(const Condition& condition, Duration limit) override;
  void After(Duration delay, Task task) override;

  NetworkRules& rules(int node) override { return At(node).rules; }
  FileSystem& disk(int node) override { return At(node).files; }
  std::string WalPath(int node) const override;

 protected:
  void AskTail(int node, absl::AnyInvocable<void(Entries)> done) override;

 private:
  class Inbox;
  class Observer;
  struct Server;
  // A machine outlives the processes that run on it.
  struct Machine {
    explicit Machine(const NodeId& id);
    NetworkRules rules;
    CrashableFiles files;
    std::unique_ptr<Server> server;  // null: down
    bool joins = false;
  };

  Machine& At(int node) { return *machines_[static_cast<size_t>(node)]; }
  const Machine& At(int node) const { return *machines_[static_cast<size_t>(node)]; }
  NodeConfig ConfigOf(int node) const;
  std::string Directory(int node) const { return (root_ / id(node)).string(); }
  void RunDueTimers();

  ThreadLoop clock_;  // only tells the time
  const Time began_;
  std::filesystem::path root_;
  // What nodes' threads have for the directing thread. Shared with callbacks that outlive the stage.
  const std::shared_ptr<Inbox> inbox_;
  InMemNetwork network_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::multimap<Time, Task> timers_;
  uint64_t starts_ = 0;
};

}  // namespace raftly
