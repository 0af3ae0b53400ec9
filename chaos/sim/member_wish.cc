#include "chaos/sim/member_wish.h"

#include "chaos/sim/settings.h"
#include "raft/node/member_changes.h"

namespace raftly {

absl::StatusOr<Members> Apply(const MemberWish& wish, Members now) {
  if (!wish.replace.empty()) return WithReplaced(now, wish.replace, wish.replace, {});
  Configuration& configuration = now.configuration;
  for (const NodeId& node : wish.learn) {
    if (configuration.Has(node)) continue;
    configuration.learners.insert(node);
    now.known[node] = {};
  }
  for (const NodeId& node : configuration.learners) now.known[node].promote |= wish.promote;
  for (const NodeId& node : wish.vote) {
    configuration.learners.erase(node);
    configuration.voters.insert(node);
  }
  for (const NodeId& node : wish.leave) {
    configuration.learners.erase(node);
    configuration.voters.erase(node);
  }
  if (configuration.voters.empty()) return absl::FailedPreconditionError("nobody would be left");
  if (configuration.voters.size() + configuration.learners.size() > kLargestCluster) {
    return absl::FailedPreconditionError("they would be too many");
  }
  return Among(configuration, now.known);
}

}  // namespace raftly
