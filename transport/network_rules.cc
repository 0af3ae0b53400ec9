#include "transport/network_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // clang 14 does not deduce it

auto HasId(std::string_view id) {
  return [id](const Rule& rule) { return rule.id == id; };
}

bool Matches(const Rule& rule, const NodeId& from, const NodeId& to) {
  return (!rule.from_node || *rule.from_node == from) && (!rule.to_node || *rule.to_node == to);
}

// [0, 1). Not std::uniform_real_distribution, which may differ from one standard library to the next.
double UnitInterval(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1.0p-53; }

Duration Sample(const Delay& rule, std::mt19937_64& random) {
  if (rule.jitter == Duration::zero()) return rule.delay;
  const double width = 2 * static_cast<double>(rule.jitter.count());
  const Duration offset(static_cast<Duration::rep>(UnitInterval(random) * width));
  return std::max(Duration::zero(), rule.delay - rule.jitter + offset);
}

void Compose(const Rule& rule, std::mt19937_64& random, Fate& fate) {
  std::visit(Overloaded{
                 [&](const Drop&) { fate.dropped = true; },
                 [&](const Delay& delay) { fate.delay += Sample(delay, random); },
                 [&](const Loss& loss) { fate.dropped |= UnitInterval(random) < loss.rate; },
             },
             rule.action);
}

absl::Status ValidateMilliseconds(const char* field, Duration value) {
  if (value >= Duration::zero() && value <= kMaxRuleDelay) return absl::OkStatus();
  const auto in_ms = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  };
  return absl::InvalidArgumentError(
      absl::StrCat(field, " must be 0 to ", in_ms(kMaxRuleDelay), ", not ", in_ms(value)));
}

absl::Status ValidateDelay(const Delay& delay) {
  absl::Status status = ValidateMilliseconds("delay_ms", delay.delay);
  status.Update(ValidateMilliseconds("jitter_ms", delay.jitter));
  return status;
}

absl::Status ValidateLoss(const Loss& loss) {
  // Written so that not-a-number fails.
  if (loss.rate > 0 && loss.rate <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("loss_rate must be above 0 and at most 1, not ", loss.rate));
}

}  // namespace

std::string_view ActionName(const Rule& rule) {
  static constexpr std::array<std::string_view, 3> kNames = {"drop", "delay", "loss"};
  static_assert(std::variant_size_v<decltype(rule.action)> == kNames.size());
  return kNames[rule.action.index()];
}

absl::Status Validate(const Rule& rule) {
  if (rule.id.size() > kMaxRuleIdLength) {
    return absl::InvalidArgumentError(absl::StrCat("id is longer than ", kMaxRuleIdLength, " bytes"));
  }
  // An empty name would match nothing and look like "any".
  if (rule.from_node == "") return absl::InvalidArgumentError("from_node is empty; leave it out for any node");
  if (rule.to_node == "") return absl::InvalidArgumentError("to_node is empty; leave it out for any node");
  return std::visit(Overloaded{
                        [](const Drop&) { return absl::OkStatus(); },
                        [](const Delay& delay) { return ValidateDelay(delay); },
                        [](const Loss& loss) { return ValidateLoss(loss); },
                    },
                    rule.action);
}

absl::StatusOr<std::vector<std::string>> NetworkRules::Install(std::vector<Rule> rules) {
  for (const Rule& rule : rules) {
    if (absl::Status status = Validate(rule); !status.ok()) return status;
  }
  const auto too_many = [&] {
    return absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxRules, " rules on ", self_));
  };
  // At once: what follows grows with the square of their number, and the node's messages wait for the lock.
  if (rules.size() > kMaxRules) return too_many();
  MutexLock lock(mutex_);
  std::vector<Rule> next = rules_;
  std::vector<std::string> ids;
  for (Rule& rule : rules) {
    if (rule.id.empty()) rule.id = NewId(rule, next);
    ids.push_back(rule.id);
    const auto same = std::find_if(next.begin(), next.end(), HasId(rule.id));
    if (same != next.end()) {
      *same = std::move(rule);
    } else {
      next.push_back(std::move(rule));
    }
  }
  if (next.size() > kMaxRules) return too_many();
  rules_ = std::move(next);
  Changed();
  return ids;
}

absl::StatusOr<std::string> NetworkRules::Install(Rule rule) {
  std::vector<Rule> rules;
  rules.push_back(std::move(rule));
  auto ids = Install(std::move(rules));
  if (!ids.ok()) return ids.status();
  return std::move(ids->front());
}

bool NetworkRules::Remove(std::string_view id) {
  MutexLock lock(mutex_);
  if (std::erase_if(rules_, HasId(id)) == 0) return false;
  Changed();
  return true;
}

void NetworkRules::Clear() {
  MutexLock lock(mutex_);
  if (rules_.empty()) return;
  rules_.clear();
  Changed();
}

std::vector<Rule> NetworkRules::List() const {
  MutexLock lock(mutex_);
  return rules_;
}

Fate NetworkRules::FateOf(const NodeId& from, const NodeId& to, std::mt19937_64& random) const {
  Fate fate;
  if (empty_.load(std::memory_order_acquire)) return fate;
  MutexLock lock(mutex_);
  for (const Rule& rule : rules_) {
    if (Matches(rule, from, to)) Compose(rule, random, fate);
  }
  return fate;
}

std::string NetworkRules::NewId(const Rule& rule, const std::vector<Rule>& taken) {
  const std::string_view action = ActionName(rule);
  std::string id;
  do {
    id = absl::StrCat(self_, "-", std::string(action), "-", ++ids_made_);
  } while (std::any_of(taken.begin(), taken.end(), HasId(id)));  // somebody may have chosen such an id by hand
  return id;
}

void NetworkRules::Changed() {
  empty_.store(rules_.empty(), std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace raftly
