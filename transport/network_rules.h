// The faults that somebody asked for on this node's network: rules about one direction of one link.
//
//   NetworkRules rules("node1");
//   rules.Install({.from_node = "node1", .to_node = "node2", .action = Loss{0.4}});
//   const Fate fate = rules.FateOf("node1", "node2", random);
//
// Kept in memory only: a restart heals.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"

namespace raftly {

inline constexpr Duration kMaxRuleDelay = std::chrono::milliseconds(60'000);
inline constexpr size_t kMaxRules = 1024;  // on one node
inline constexpr size_t kMaxRuleIdLength = 256;

struct Drop {
  bool operator==(const Drop&) const = default;
};
// Uniform in [delay - jitter, delay + jitter], never below 0.
struct Delay {
  Duration delay{};   // 0 <= delay <= kMaxRuleDelay
  Duration jitter{};  // 0 <= jitter <= kMaxRuleDelay
  bool operator==(const Delay&) const = default;
};
// Each message is lost with this probability, independently of the others.
struct Loss {
  double rate = 0;  // 0 < rate <= 1
  bool operator==(const Loss&) const = default;
};

struct Rule {
  std::string id{};                   // empty: the set makes one up
  std::optional<NodeId> from_node{};  // absent: any
  std::optional<NodeId> to_node{};
  std::variant<Drop, Delay, Loss> action{};

  bool operator==(const Rule&) const = default;
};

// "drop", "delay" or "loss", as in the HTTP API.
std::string_view ActionName(const Rule& rule);

// InvalidArgument naming the field as in the HTTP API: from_node, to_node, delay_ms, jitter_ms, loss_rate, id.
absl::Status Validate(const Rule& rule);

// What becomes of one message.
struct Fate {
  bool dropped = false;
  Duration delay{};

  bool operator==(const Fate&) const = default;
};

// Thread-safe.
class NetworkRules {
 public:
  // `self` begins the ids that are made up: "<self>-<action>-<n>".
  explicit NetworkRules(NodeId self) : self_(std::move(self)) {}

  // Replaces the rule of the same id in its place. All or none: an invalid one is InvalidArgument, too many
  // ResourceExhausted. The ids, in the order of `rules`.
  absl::StatusOr<std::vector<std::string>> Install(std::vector<Rule> rules);
  absl::StatusOr<std::string> Install(Rule rule);
  // False where there is no such rule.
  bool Remove(std::string_view id);
  void Clear();

  // In order of installation.
  std::vector<Rule> List() const;
  // Grows with every change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // Rules compose: delays add up, losses are independent trials. Equal rules and random numbers give equal fates on
  // every machine. Costs one atomic load where there are no rules.
  Fate FateOf(const NodeId& from, const NodeId& to, std::mt19937_64& random) const;

 private:
  std::string NewId(const Rule& rule, const std::vector<Rule>& taken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const NodeId self_;
  mutable Mutex mutex_;
  std::vector<Rule> rules_ ABSL_GUARDED_BY(mutex_);
  uint64_t ids_made_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> empty_{true};  // rules_.empty(), readable without the lock
  std::atomic<uint64_t> version_{0};
};

}  // namespace raftly
