// Rules of the network as JSON: {id,from_node?,to_node?,action,params?} (SPEC section 4).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/kv/json_value.h"
#include "transport/network_rules.h"

namespace raftly {

// [rule, rule…]
std::string ToJson(absl::Span<const Rule> rules);

// The array "rules" of a body. `nodes` are the names that a rule may use. InvalidArgument names the field:
// "field \"rules[1].params.loss_rate\" is missing".
absl::StatusOr<std::vector<Rule>> ParseRules(const std::string& body, absl::Span<const NodeId> nodes);

// Milliseconds with fractions. InvalidArgument names the field where a rule may not have it.
absl::StatusOr<Delay> MakeDelay(double delay_ms, double jitter_ms);

// InvalidArgument: the value of `field` is none of `nodes`.
absl::Status CheckNode(std::string_view field, const NodeId& node, absl::Span<const NodeId> nodes);

}  // namespace raftly
