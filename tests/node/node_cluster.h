// A whole cluster in one process: real threads, real files in a temporary directory, the in-memory network.
//
//   NodeCluster cluster(3);
//   const NodeId leader = cluster.WaitForLeader();
//   EXPECT_TRUE(cluster.Propose(leader, "x").ok());
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "raft/env/mutex.h"
#include "raft/env/posix_files.h"
#include "raft/env/thread_loop.h"
#include "raft/env/whole_state.h"
#include "raft/node/raft_node.h"
#include "transport/inmem_transport.h"
#include "transport/network_proxy.h"
#include "transport/network_rules.h"

namespace raftly::testing {

// Long enough for any machine; reached only by a failing test.
inline constexpr Duration kPatience = std::chrono::seconds(30);

// Remembers the commands that were applied, and answers each with its index.
class Recorder : public StateMachine {
 public:
  std::string Apply(const Entry& entry) override;
  Format format() const override { return {"recorder", 1}; }
  std::unique_ptr<StateReader> Save() override;
  std::unique_ptr<StateWriter> Load(uint32_t version, Index at) override;
  // Commands without the no-ops of new leaders.
  std::vector<std::string> commands() const;

 private:
  mutable Mutex mutex_;
  Index last_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> commands_ ABSL_GUARDED_BY(mutex_);
};

// Everything that one server consists of; destroying it without Stop is a crash of the process.
struct Server {
  Server(InMemNetwork& network, FileSystem& files, const NodeConfig& config, uint64_t seed, NodeObserver* observer);
  ~Server();

  ThreadLoop loop;
  ThreadLoop disk;
  ThreadLoop snapshots;
  ThreadLoop apply;
  NetworkRules rules;
  InMemTransport inner;
  NetworkProxy transport;
  Recorder state;
  RaftNode node;
  bool stopped = false;
};

class NodeCluster {
 public:
  explicit NodeCluster(int servers, FileSystem* files = nullptr, bool members_may_change = false);
  ~NodeCluster();

  // On another disk than the cluster's where one is given.
  absl::Status Start(const NodeId& id, FileSystem* files = nullptr);
  // One that is no member yet.
  absl::Status StartToJoin(const NodeId& id);
  void Stop(const NodeId& id);   // gracefully
  void Crash(const NodeId& id);  // loses whatever was not handed to the kernel
  Server& at(const NodeId& id) { return *servers_.at(id); }
  bool running(const NodeId& id) const { return servers_.count(id) != 0; }
  const std::vector<NodeId>& ids() const { return ids_; }
  std::filesystem::path directory(const NodeId& id) const { return root_ / id; }
  NodeConfig& config(const NodeId& id) { return configs_.at(id); }

  // Cuts a server off from all others, both ways; an empty id heals everything.
  void Isolate(const NodeId& id);
  void Heal();

  // The one running leader that a majority of running servers follows. Waits for it.
  NodeId WaitForLeader(const NodeId& other_than = {});
  absl::StatusOr<Applied> Propose(const NodeId& id, const std::string& command, Duration patience = kPatience);
  // At whichever server leads, as often as it takes: until one says that it has begun.
  void ChangeMembers(const std::function<Members(Members now)>& change);
  // Until all running servers that are members say so.
  void WaitForMembers(const std::set<NodeId>& voters);
  // At whichever server leads, as often as it takes.
  void ProposeUntilDone(const std::string& command);
  absl::Status Read(const NodeId& id, Duration patience = kPatience);
  // Until every running server has applied the same commands, and at least these.
  std::vector<std::string> WaitForAgreement(size_t at_least);

 private:
  std::filesystem::path root_;
  std::unique_ptr<FileSystem> posix_;
  FileSystem& files_;
  InMemNetwork network_;
  std::vector<NodeId> ids_;
  const bool members_may_change_;
  std::map<NodeId, NodeConfig> configs_;
  std::map<NodeId, std::unique_ptr<Server>> servers_;
  uint64_t starts_ = 0;
};

// Looks again and again until it holds.
template <class Condition>
bool Eventually(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace raftly::testing
