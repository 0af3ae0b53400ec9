#include "chaos/sim/progress_judge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Actor kActor = 0;
constexpr Duration kEvery = 50ms;

// Split votes are drawn again, a leader that is no longer heard by a quorum steps down, a follower far behind is caught
// up: all of it takes some election timeouts, and chance may want them several times over.
Duration PatienceOf(const Settings& settings) {
  return 3s + 20 * settings.timings.election_timeout + 20 * settings.disks.sync_high;
}

}  // namespace

ProgressJudge::ProgressJudge(World& world, SimCluster& cluster, const Settings& settings,
                             std::function<void(std::string)> accuse)
    : world_(world), cluster_(cluster), patience_(PatienceOf(settings)), accuse_(std::move(accuse)) {}

void ProgressJudge::Look() {
  if (ended_) return;
  FindMajorities();
  LookAtNodes();
  for (Majority& majority : majorities_) Look(majority);
  world_.At(world_.now() + kEvery, kActor, [this] { Look(); });
}

// Where members change everything begins anew: whoever has just come needs time.
void ProgressJudge::FindMajorities() {
  std::vector<Electorate> in_force;
  for (const MembersJudge::Known* known : cluster_.judges().InForce()) in_force.push_back(known->electorate);
  if (in_force == in_force_) return;
  in_force_ = std::move(in_force);
  majorities_.clear();
  const auto decides = [&](NodeSet set) {
    return std::all_of(in_force_.begin(), in_force_.end(), [set](const Electorate& one) { return one.IsQuorum(set); });
  };
  for (NodeSet set = 0; set < SetOf(cluster_.size()); ++set) {
    if (!decides(set)) continue;
    Majority majority{.set = set, .nodes = {}, .since = world_.now()};
    bool smallest = true;
    for (int node = 0; node < cluster_.size(); ++node) {
      if ((set & SetOf(node)) == 0) continue;
      majority.nodes.push_back(node);
      smallest = smallest && !decides(set & ~SetOf(node));
    }
    if (smallest) majorities_.push_back(std::move(majority));
  }
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

void ProgressJudge::LookAtNodes() {
  const int size = cluster_.size();
  talks_to_.assign(static_cast<size_t>(size), 0);
  reached_.assign(static_cast<size_t>(size), {});
  std::vector<bool> fit;
  fit.reserve(static_cast<size_t>(size));
  for (int node = 0; node < size; ++node) fit.push_back(cluster_.Fit(node));
  for (int node = 0; node < size; ++node) {
    if (!fit[node]) continue;
    const NodeStatus status = cluster_.status(node);
    reached_[node] = {status.commit_index.value, status.last_index.value};
    for (int other = 0; other < size; ++other) {
      const bool talks =
          fit[other] && (other == node || (cluster_.Carries(node, other) && cluster_.Carries(other, node)));
      if (talks) talks_to_[node] |= SetOf(other);
    }
  }
}

bool ProgressJudge::IsWhole(const Majority& majority) const {
  return std::all_of(majority.nodes.begin(), majority.nodes.end(),
                     [&](int node) { return (talks_to_[node] & majority.set) == majority.set; });
}

// Commits, and a follower that is being caught up: a majority this small commits nothing before it has been.
uint64_t ProgressJudge::ProgressOf(const Majority& majority) const {
  uint64_t committed = 0;
  uint64_t shortest = UINT64_MAX;
  for (const int node : majority.nodes) {
    committed += reached_[node].commit;
    shortest = std::min(shortest, reached_[node].last);
  }
  return committed + shortest;
}

}  // namespace raftly
