#include "tests/node/node_cluster.h"
#include "absl/strings/str_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <thread>

#include "absl/strings/str_split.h"

namespace raftly::testing {

std::string Recorder::Apply(const Entry& entry) {
  MutexLock lock(mutex_);
  EXPECT_EQ(entry.index, last_ + 1) << "entries are applied in order, each once";
  last_ = entry.index;
  if (entry.type == EntryType::kNormal && !entry.data.empty()) commands_.emplace_back(entry.data.view());
  return std::to_string(entry.index.value);
}

std::unique_ptr<StateReader> Recorder::Save() {
  MutexLock lock(mutex_);
  std::string lines;
  for (const std::string& command : commands_) lines += command + "\n";
  return SaveWhole(lines);
}

std::unique_ptr<StateWriter> Recorder::Load(uint32_t, Index at) {
  return LoadWhole([this, at](const std::string& lines) {
    MutexLock lock(mutex_);
    last_ = at;
    commands_ = absl::StrSplit(lines, '\n', absl::SkipEmpty());
    return absl::OkStatus();
  });
}

std::vector<std::string> Recorder::commands() const {
  MutexLock lock(mutex_);
  return commands_;
}

Server::Server(InMemNetwork& network, FileSystem& files, const NodeConfig& config, uint64_t seed,
               NodeObserver* observer)
    : loop("loop"),
      disk("disk"),
      snapshots("snapshots"),
      apply("apply"),
      rules(config.core.self),
      inner(network, config.core.self, loop),
      transport(inner, config.core.self, rules, loop, seed),
      node(config, Environment{loop, disk, snapshots, apply, files, transport, seed}, state, observer) {}

Server::~Server() {
  transport.Stop();
  loop.Stop();
  disk.Stop();
  snapshots.Stop();
  apply.Stop();
}

NodeCluster::NodeCluster(int servers, FileSystem* files, bool members_may_change)
    : posix_(NewPosixFileSystem()),
      files_(files != nullptr ? *files : *posix_),
      members_may_change_(members_may_change) {
  std::string path = (std::filesystem::temp_directory_path() / "raftly-node-XXXXXX").string();
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  root_ = path;
  for (int i = 1; i <= servers; ++i) ids_.push_back("node" + std::to_string(i));
  for (const NodeId& id : ids_) {
    NodeConfig& config = configs_[id];
    config.core.self = id;
    std::copy_if(ids_.begin(), ids_.end(), std::back_inserter(config.core.peers),
                 [&](const NodeId& other) { return other != id; });
    config.members_may_change = members_may_change;
    config.data_dir = directory(id).string();
    config.wal.reserve_bytes = config.wal.low_water_bytes = 64 << 10;
  }
  for (const NodeId& id : ids_) EXPECT_TRUE(Start(id).ok());
}

NodeCluster::~NodeCluster() {
  for (const NodeId& id : ids_) {
    if (running(id)) Stop(id);
  }
  std::filesystem::remove_all(root_);
}

absl::Status NodeCluster::Start(const NodeId& id, FileSystem* files) {
  auto server =
      std::make_unique<Server>(network_, files != nullptr ? *files : files_, configs_.at(id), ++starts_, nullptr);
  absl::Status status = server->node.Start();
  if (status.ok()) servers_[id] = std::move(server);
  return status;
}

absl::Status NodeCluster::StartToJoin(const NodeId& id) {
  ids_.push_back(id);
  NodeConfig config = configs_.begin()->second;
  config.core.self = id;
  config.core.peers.clear();
  config.core.joins = true;
  config.data_dir = directory(id).string();
  configs_[id] = config;
  return Start(id);
}

void NodeCluster::ChangeMembers(const std::function<Members(Members now)>& change) {
  EXPECT_TRUE(Eventually([&] {
    for (const auto& [id, server] : servers_) {
      if (server->node.status().role != Role::kLeader) continue;
      std::promise<absl::StatusOr<Applied>> settled;
      server->node.ChangeMembers([&](const Members& now) { return change(now); },
                                 server->loop.Now() + std::chrono::seconds(1),
                                 [&](absl::StatusOr<Applied> applied) { settled.set_value(std::move(applied)); });
      if (settled.get_future().get().ok()) return true;
    }
    return false;
  }));
}

void NodeCluster::WaitForMembers(const std::set<NodeId>& voters) {
  EXPECT_TRUE(Eventually([&] {
    return std::all_of(servers_.begin(), servers_.end(), [&](const auto& server) {
      const auto members = server.second->node.status().members;
      return !voters.contains(server.first) ||
             (members->configuration.voters == voters && !members->configuration.joint());
    });
  }));
}

void NodeCluster::Stop(const NodeId& id) {
  servers_.at(id)->node.Stop();
  servers_.erase(id);
}

void NodeCluster::Crash(const NodeId& id) { servers_.erase(id); }

void NodeCluster::Isolate(const NodeId& id) {
  for (const auto& [other, server] : servers_) {
    const std::optional<NodeId> far = other == id ? std::nullopt : std::optional<NodeId>(id);
    ASSERT_TRUE(server->rules.Install(Rule{"in", far, other, Drop{}}).ok());
    ASSERT_TRUE(server->rules.Install(Rule{"out", other, far, Drop{}}).ok());
  }
}

void NodeCluster::Heal() {
  for (const auto& [id, server] : servers_) server->rules.Clear();
}

NodeId NodeCluster::WaitForLeader(const NodeId& other_than) {
  NodeId leader;
  const bool found = Eventually([&] {
    for (const NodeId& id : ids_) {
      if (!running(id)) continue;
      const NodeStatus status = at(id).node.status();
      if (status.role != Role::kLeader || id == other_than) continue;
      const auto follows = [&](const auto& other) {
        const NodeStatus seen = other.second->node.status();
        return seen.leader == id && seen.term == status.term;
      };
      if (static_cast<size_t>(std::count_if(servers_.begin(), servers_.end(), follows)) > ids_.size() / 2) leader = id;
    }
    return !leader.empty();
  });
  EXPECT_TRUE(found) << "no leader";
  return leader;
}

absl::StatusOr<Applied> NodeCluster::Propose(const NodeId& id, const std::string& command, Duration patience) {
  std::promise<absl::StatusOr<Applied>> settled;
  Server& server = at(id);
  server.node.Propose(command, server.loop.Now() + patience,
                      [&](absl::StatusOr<Applied> applied) { settled.set_value(std::move(applied)); });
  return settled.get_future().get();
}

void NodeCluster::ProposeUntilDone(const std::string& command) {
  EXPECT_TRUE(Eventually([&] {
    return std::any_of(servers_.begin(), servers_.end(), [&](const auto& server) {
      return server.second->node.status().role == Role::kLeader &&
             Propose(server.first, command, std::chrono::seconds(1)).ok();
    });
  })) << "nobody accepted "
      << command;
}

absl::Status NodeCluster::Read(const NodeId& id, Duration patience) {
  std::promise<absl::Status> settled;
  Server& server = at(id);
  server.node.Read(server.loop.Now() + patience, [&](absl::Status status) { settled.set_value(std::move(status)); });
  return settled.get_future().get();
}

std::vector<std::string> NodeCluster::WaitForAgreement(size_t at_least) {
  std::vector<std::string> agreed;
  EXPECT_TRUE(Eventually([&] {
    agreed = servers_.begin()->second->state.commands();
    return agreed.size() >= at_least && std::all_of(servers_.begin(), servers_.end(), [&](const auto& server) {
             return server.second->state.commands() == agreed;
           });
  })) << "the servers do not agree";
  return agreed;
}

}  // namespace raftly::testing
