// Nodes as in production (threads, real files, real syncs), on a network in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/raw_sync.h"
#include "raft/core/config.h"
#include "raft/env/posix_files.h"
#include "raft/env/thread_loop.h"
#include "raft/env/whole_state.h"
#include "raft/node/raft_node.h"
#include "transport/inmem_transport.h"

namespace raftly::bench {

class LocalCluster {
 public:
  explicit LocalCluster(size_t nodes, Timings timings = {});
  ~LocalCluster();

  // Blocks until somebody leads, and has committed something. The leader's place.
  size_t AwaitLeader();
  RaftNode& node(size_t place) { return servers_[place]->node; }
  size_t size() const { return servers_.size(); }
  bool up(size_t place) const { return servers_[place] != nullptr; }

  // Blocks. How long until the answer; nullopt where it was an error.
  std::optional<Duration> Propose(size_t place, const std::string& command);
  // The process is gone, without a word.
  void Crash(size_t place);
  void Restart(size_t place);

 private:
  class Sink : public StateMachine {
   public:
    std::string Apply(const Entry&) override { return {}; }
    Format format() const override { return {"sink", 1}; }
    std::unique_ptr<StateReader> Save() override { return SaveWhole({}); }
    std::unique_ptr<StateWriter> Load(uint32_t, Index) override {
      return LoadWhole([](const std::string&) { return absl::OkStatus(); });
    }
  };
  struct Server {
    Server(LocalCluster& cluster, size_t place);
    ~Server();

    ThreadLoop loop;
    ThreadLoop disk;
    ThreadLoop apply;
    InMemTransport transport;
    Sink sink;
    RaftNode node;
  };

  const Timings timings_;
  const size_t nodes_;
  uint64_t seed_ = 1;
  ScratchDirectory directory_;
  std::unique_ptr<FileSystem> files_;
  InMemNetwork network_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace raftly::bench
