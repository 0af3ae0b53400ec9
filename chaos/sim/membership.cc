// Nodes that come, go, and lose their directories.
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/life.h"
#include "chaos/sim/sim_cluster.h"

namespace raftly {

void SimCluster::SetAside(int node) {
  Machine& machine = *machines_[node];
  machine.disk.Wipe();
  machine.damaged = machine.given_up = false;
  machine.rejoin = true;
  judges_.OnDirectoryLost(node);
}

void SimCluster::Join(int node) {
  Machine& machine = *machines_[node];
  machine.serves = machine.joins = true;
  Say(absl::StrCat(ids_[node], " is to join"));
  Start(node);
}

void SimCluster::LoseDirectory(int node) {
  Machine& machine = *machines_[node];
  Say(absl::StrCat(ids_[node], " loses its directory"));
  machine.disk.Wipe();
  machine.damaged = machine.given_up = false;
  machine.joins = true;
  // Known by its directory, it is somebody else from here on, whom a change takes in (MemberChanges::Tend).
  machine.rejoin = settings_.identities;
  TellProcess(node, Watcher::Process::kLostDirectory);
  judges_.OnDirectoryLost(node);
}

void SimCluster::Retire(int node) {
  Machine& machine = *machines_[node];
  if (up(node)) Crash(node, SimDisk::Crash::kProcess);
  Say(absl::StrCat(ids_[node], " retires"));
  machine.disk.Wipe();
  machine.serves = machine.damaged = machine.rejoin = false;
  judges_.OnRetired(node);
}

void SimCluster::ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Changed done) {
  Life& life = *machines_[node]->life;
  auto told = [this, &life, node, done = std::move(done)](const absl::StatusOr<Applied>& begun) {
    if (!life.alive) return;
    if (begun.ok()) Say(absl::StrCat("the change that ", ids_[node], " was asked for has begun"));
    if (done) done(begun);
  };
  life.node->ChangeMembers(std::move(change), life.loop.Now() + timeout, std::move(told));
}

}  // namespace raftly
