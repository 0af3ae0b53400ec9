// One life of one node in a SimCluster, from start to crash: its threads, its node, and who watches it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "chaos/sim/sim_cluster.h"
#include "server/kv/clock_keeper.h"
#include "server/kv/consensus.h"
#include "transport/network_proxy.h"

namespace raftly {

// "becomes Leader in term 3 (election won)": for traces.
std::string Describe(const NodeEvent& event);

// Tells the judges what the node decides, and the trace what is worth a line.
class SimCluster::Observer : public NodeObserver {
 public:
  Observer(SimCluster& cluster, Life& life) : cluster_(cluster), life_(life) {}

  void OnRecovered(const Wal::Opened& opened, Duration took) override;
  void OnEvent(Time, const NodeEvent& event) override;
  void OnStep(Time, const RaftCore& core) override;
  void OnApplied(const Entry& entry) override;
  void OnStateLoaded(LogPosition at) override;
  void OnSnapshotDamaged(const absl::Status& why) override;
  void OnClusterKnown(const Identity& identity) override;
  void OnRepair(const RepairNews& news) override;
  void OnFatal(const absl::Status& why) override;

 private:
  SimCluster& cluster_;
  Life& life_;
};

// Sees what leaves a node: votes and acknowledgements are promises, whatever became of the node that made them.
class SimCluster::Tap : public Transport {
 public:
  Tap(Transport& inner, SimCluster& cluster, Life& life) : inner_(inner), cluster_(cluster), life_(life) {}

  void SetPeers(const std::map<NodeId, std::string>& addresses) override { inner_.SetPeers(addresses); }
  void OnPeerGone(GoneFn gone) override { inner_.OnPeerGone(std::move(gone)); }
  absl::Status Start(Handler handler) override;
  void Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) override;
  void Stop() override { inner_.Stop(); }

 private:
  // What a positive answer to this request promises.
  struct Promise {
    bool is_vote = false;
    bool binds = true;  // a pre-vote does not
    Term term;
    NodeId candidate;
    LogPosition up_to;
  };
  static Promise PromiseOf(const Request& request);
  void Judge(const Promise& promise, const Reply& reply);

  Transport& inner_;
  SimCluster& cluster_;
  Life& life_;
};

struct SimCluster::Life {
  Life(SimCluster& cluster, int node_place, uint64_t number, NodeConfig config);
  static Actor ActorOf(int node_place, int executor);
  static SimExecutor::ServiceTime ServiceTimeOf(SimCluster& cluster, int node_place);

  std::array<SimExecutor*, 4> executors() { return {&loop, &disk, &snapshots, &apply}; }
  // Lets a dead node settle what it still holds, unheard, and destroys it. What is left is what late timers refer to.
  void TakeApart();

  const int place;
  bool alive = true;
  SimExecutor loop;
  SimExecutor disk;
  SimExecutor snapshots;
  SimExecutor apply;
  const std::unique_ptr<FileSystem> files;
  KvMachine machine;
  Observer observer;
  InMemTransport transport;
  NetworkProxy proxy;
  Tap tap;
  std::unique_ptr<RaftNode> node;
  // The server's own; null: the cluster's clock stands still.
  std::unique_ptr<RaftConsensus> consensus;
  std::unique_ptr<ClockKeeper> clock;
};

}  // namespace raftly
