#include "chaos/sim/progress_judge.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/quorum.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Actor kActor = 0;
constexpr Duration kEvery = 50ms;

// Split votes are drawn again, a leader that is no longer heard by a quorum steps down, a follower far behind is caught
// up: all of it takes some election timeouts, and chance may want them several times over.
Duration PatienceOf(const Settings& settings) { return 3s + 20 * settings.timings.election_timeout; }

}  // namespace

ProgressJudge::ProgressJudge(World& world, SimCluster& cluster, const Settings& settings,
                             std::function<void(std::string)> accuse)
    : world_(world), cluster_(cluster), patience_(PatienceOf(settings)), accuse_(std::move(accuse)) {
  const auto quorum = static_cast<int>(QuorumOf(static_cast<size_t>(cluster.size())));
  for (uint32_t set = 0; set < (1U << cluster.size()); ++set) {
    if (std::popcount(set) != quorum) continue;
    majorities_.emplace_back();
    for (int node = 0; node < cluster.size(); ++node) {
      if ((set >> node & 1U) != 0) majorities_.back().nodes.push_back(node);
    }
  }
}

void ProgressJudge::Look() {
  if (ended_) return;
  for (Majority& majority : majorities_) Look(majority);
  world_.At(world_.now() + kEvery, kActor, [this] { Look(); });
}

void ProgressJudge::Look(Majority& majority) {
  if (!IsWhole(majority)) {
    majority.since = world_.now();
    majority.progress = 0;
    return;
  }
  // What came and went between two looks.
  for (const int node : majority.nodes) majority.since = std::max(majority.since, cluster_.disturbed_at(node));
  if (const uint64_t progress = ProgressOf(majority); progress > majority.progress) {
    majority.progress = progress;
    majority.since = world_.now();
  }
  if (world_.now() < majority.since + patience_) return;
  ended_ = true;
  std::string names;
  for (const int node : majority.nodes) absl::StrAppend(&names, names.empty() ? "" : ", ", cluster_.id(node));
  accuse_(absl::StrCat("liveness: ", names,
                       " are a majority in which nothing has been wrong, and have committed nothing, for ",
                       patience_ / 1ms, " ms"));
}

bool ProgressJudge::IsWhole(const Majority& majority) const {
  for (const int node : majority.nodes) {
    if (!cluster_.Fit(node)) return false;
    for (const int other : majority.nodes) {
      if (node != other && !cluster_.Carries(node, other)) return false;
    }
  }
  return true;
}

// Commits, and a follower that is being caught up: a majority this small commits nothing before it has been.
uint64_t ProgressJudge::ProgressOf(const Majority& majority) const {
  uint64_t committed = 0;
  uint64_t shortest = UINT64_MAX;
  for (const int node : majority.nodes) {
    const NodeStatus status = cluster_.status(node);
    committed += status.commit_index.value;
    shortest = std::min(shortest, status.last_index.value);
  }
  return committed + shortest;
}

}  // namespace raftly
