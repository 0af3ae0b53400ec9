#include "chaos/stage.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/sim_cluster.h"

namespace raftly {
namespace {

constexpr Duration kTailPatience = std::chrono::seconds(10);

}  // namespace

Stage::Stage(const StageOptions& options, Timeline& timeline)
    : options_(options), ids_(SimCluster::Ids(options.nodes)), timeline_(timeline) {}

Entries Stage::LogOf(int node) {
  auto tail = std::make_shared<std::optional<Entries>>();
  AskTail(node, [tail](Entries entries) { *tail = std::move(entries); });
  RunUntil([&] { return tail->has_value(); }, kTailPatience);
  return std::move(*tail).value_or(Entries{});
}

int Stage::leader() const {
  int leader = -1;
  Term highest;
  for (int node = 0; node < size(); ++node) {
    if (!up(node)) continue;
    const NodeStatus seen = status(node);
    if (seen.role != Role::kLeader || seen.term < highest) continue;
    leader = node;
    highest = seen.term;
  }
  return leader;
}

void Stage::RunFor(Duration duration) {
  const Time end = now() + duration;
  RunUntil([&] { return now() >= end; }, duration);
}

absl::Status Stage::DownError(const NodeId& id) { return absl::FailedPreconditionError(absl::StrCat(id, " is down")); }

}  // namespace raftly
