#include "server/kv/what_changes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

using Step = Transaction::Step;

// A transaction under way: its own changes hide what was there before.
class Run {
 public:
  Run(Index at, const std::function<const Found*(std::string_view)>& before, Changes& changes)
      : at_(at), before_(before), changes_(changes) {}

  const Found* Now(const std::string& key) const {
    const auto changed = changes_.find(key);
    if (changed == changes_.end()) return before_(key);
    return changed->second ? &*changed->second : nullptr;
  }

  // One element of "results" more; else why it cannot be done.
  WriteOutcome::Kind Do(const Step& step) {
    const Found* const now = Now(step.key);
    if (!results_.empty()) results_ += ',';
    absl::StrAppend(&results_, "{\"op\":\"", std::string(ToString(step.op)), "\",\"key\":");
    AppendJsonString(results_, step.key);
    if (step.op == Step::Op::kGet) return Tell(now);
    if (step.op == Step::Op::kDelete) {
      changes_[step.key] = std::nullopt;
      return Tell(nullptr);
    }
    Command command{.op = step.op == Step::Op::kAdd      ? Command::Op::kAdd
                          : step.op == Step::Op::kAppend ? Command::Op::kAppend
                                                         : Command::Op::kPut,
                    .key = step.key,
                    .value = step.value,
                    .by = step.by};
    const WriteOutcome refused = WhyNot(command, now);
    if (refused.kind != WriteOutcome::Kind::kDone) return refused.kind;
    changes_[step.key] = Found{Bytes(std::move(command.value)), at_};
    return Tell(&*changes_[step.key], step.op != Step::Op::kPut);
  }
  const std::string& results() const { return results_; }

 private:
  // The key as it is now.
  WriteOutcome::Kind Tell(const Found* now, bool value = true) {
    absl::StrAppend(&results_, ",\"version\":", now == nullptr ? 0 : now->version.value);
    if (now != nullptr && value) {
      results_ += ",\"value\":";
      AppendJsonString(results_, now->value.view());
    }
    results_ += '}';
    return results_.size() > kMostResultBytes ? WriteOutcome::Kind::kTooLong : WriteOutcome::Kind::kDone;
  }

  const Index at_;
  const std::function<const Found*(std::string_view)>& before_;
  Changes& changes_;
  std::string results_;
};

}  // namespace

WriteOutcome WhyNot(Command& command, const Found* now) {
  using Kind = WriteOutcome::Kind;
  const Index version = now == nullptr ? Index{} : now->version;
  if (command.if_version && Index{*command.if_version} != version) return {Kind::kElse, version};
  const std::string_view before = now == nullptr ? std::string_view() : now->value.view();
  if (command.op == Command::Op::kAdd) {
    const auto number = now == nullptr ? std::optional<int64_t>(0) : NumberIn<int64_t>(before);
    int64_t sum = 0;
    if (!number || __builtin_add_overflow(*number, command.by, &sum)) return {Kind::kNotNumber, version};
    command.value = std::to_string(sum);
  } else if (command.op == Command::Op::kAppend) {
    if (before.size() + command.value.size() > kMaxValueBytes) return {Kind::kTooLong, version};
    command.value.insert(0, before);
  }
  return {};
}

std::string AnswerOf(const Command& command, const WriteOutcome& refused, Index at) {
  if (refused.kind != WriteOutcome::Kind::kDone) return EncodeOutcome(refused);
  const bool tells = command.op == Command::Op::kAdd || command.op == Command::Op::kAppend;
  return tells ? EncodeOutcome({.kind = refused.kind, .version = at, .value = command.value}) : std::string();
}

std::string RunTransaction(const Transaction& transaction, Index at,
                           const std::function<const Found*(std::string_view)>& now, Changes& changes) {
  bool holds = true;
  for (const Transaction::Check& check : transaction.checks) {
    const Found* const found = now(check.key);
    holds = holds && (found == nullptr ? Index{} : found->version) == Index{check.version};
  }
  Run run(at, now, changes);
  for (const Step& step : holds ? transaction.then : transaction.otherwise) {
    const WriteOutcome::Kind kind = run.Do(step);
    if (kind == WriteOutcome::Kind::kDone) continue;
    changes.clear();  // all of it, or nothing
    return EncodeOutcome({.kind = kind, .version = {}, .value = step.key});
  }
  std::string json = absl::StrCat("{\"succeeded\":", holds ? "true" : "false", ",\"index\":", at.value,
                                  ",\"results\":[", run.results(), "]}");
  return EncodeOutcome({.kind = WriteOutcome::Kind::kDone, .version = at, .value = std::move(json)});
}

}  // namespace raftly
