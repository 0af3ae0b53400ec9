#include "bench/local_cluster.h"

#include <chrono>
#include <future>
#include <thread>

#include "raft/core/check.h"

namespace raftly::bench {
namespace {

using namespace std::chrono_literals;

NodeId Name(size_t place) { return "node" + std::to_string(place + 1); }

NodeConfig MakeConfig(size_t place, size_t nodes, Timings timings, std::string directory) {
  NodeConfig config;
  config.core.self = Name(place);
  for (size_t other = 0; other < nodes; ++other) {
    if (other != place) config.core.peers.push_back(Name(other));
  }
  config.core.timings = timings;
  config.data_dir = std::move(directory);
  return config;
}

}  // namespace

LocalCluster::Server::Server(LocalCluster& cluster, size_t place)
    : loop("loop"),
      disk("disk"),
      apply("apply"),
      transport(cluster.network_, Name(place), loop),
      node(MakeConfig(place, cluster.nodes_, cluster.timings_, cluster.directory_.Path(Name(place))),
           Environment{loop, disk, disk, apply, *cluster.files_, transport, cluster.seed_++}, sink, nullptr) {}

LocalCluster::Server::~Server() {
  transport.Stop();
  loop.Stop();
  disk.Stop();
  apply.Stop();
}

LocalCluster::LocalCluster(size_t nodes, Timings timings)
    : timings_(timings), nodes_(nodes), files_(NewPosixFileSystem()) {
  servers_.resize(nodes);
  for (size_t place = 0; place < nodes; ++place) Restart(place);
}

LocalCluster::~LocalCluster() {
  for (auto& server : servers_) server.reset();
}

void LocalCluster::Crash(size_t place) { servers_[place].reset(); }

void LocalCluster::Restart(size_t place) {
  servers_[place] = std::make_unique<Server>(*this, place);
  RAFTLY_CHECK(servers_[place]->node.Start().ok(), "a node of the bench does not start");
}

size_t LocalCluster::AwaitLeader() {
  while (true) {
    for (size_t place = 0; place < servers_.size(); ++place) {
      if (!up(place) || node(place).status().role != Role::kLeader) continue;
      if (Propose(place, "first")) return place;
    }
    std::this_thread::yield();
  }
}

std::optional<Duration> LocalCluster::Propose(size_t place, const std::string& command) {
  std::promise<bool> answered;
  const Time begin = Now();
  node(place).Propose(command, begin + 5s,
                      [&](const absl::StatusOr<Applied>& applied) { answered.set_value(applied.ok()); });
  const bool ok = answered.get_future().get();
  if (!ok) return std::nullopt;
  return Now() - begin;
}

}  // namespace raftly::bench
