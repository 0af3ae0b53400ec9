#include "chaos/sim/write_judge.h"

#include "absl/strings/str_cat.h"
#include "chaos/sim/random.h"
#include "server/kv/command.h"

namespace raftly {

void WriteJudge::OnApplied(const Entry& entry, const KvMachine& machine) {
  if (entry.index.value != commands_.size() + 1) return;  // somebody was here before
  commands_.push_back(HashOf(entry.data.view()));
  if (entry.type != EntryType::kNormal) return;
  const Command command = DecodeCommand(entry.data.view());
  if (!command.once.empty()) first_.try_emplace(commands_.back(), entry.index);
  const bool comes_again = !command.once.empty() && !seen_.insert(command.once).second;
  Count(command, comes_again, entry.index, machine);
}

void WriteJudge::Count(const Command& command, bool comes_again, Index at, const KvMachine& machine) {
  if (command.transaction) {
    for (const auto* steps : {&command.transaction->then, &command.transaction->otherwise}) {
      for (const auto& step : *steps) sums_[step.key].only_added_to = false;
    }
    return;
  }
  if (command.op == Command::Op::kNothing || command.op == Command::Op::kClock) return;
  Sum& sum = sums_[command.key];
  sum.only_added_to = sum.only_added_to && command.op == Command::Op::kAdd && !command.if_version &&
                      (comes_again || !__builtin_add_overflow(sum.value, command.by, &sum.value));
  if (!sum.only_added_to) return;
  const std::string value = machine.Get(command.key).value_or("nothing");
  if (value == std::to_string(sum.value)) return;
  accuse_(absl::StrCat("exactly once: after index ", at.value, " ", command.key, " is ", value,
                       ", and what was added to it, each Idempotency-Key once, is ", sum.value,
                       comes_again ? absl::StrCat("; \"", command.once, "\" has come again") : std::string()));
}

void WriteJudge::OnTold(const std::string& command, const WriteOutcome& outcome) {
  if (outcome.kind == WriteOutcome::Kind::kOther) {
    return accuse_(absl::StrCat("exactly once: the Idempotency-Key is said to be another request's, of ", command));
  }
  if (outcome.kind != WriteOutcome::Kind::kDone) return;
  const uint64_t version = outcome.version.value;
  const uint64_t hash = HashOf(command);
  if (version == 0 || version > commands_.size() || commands_[version - 1] != hash) {
    return accuse_(absl::StrCat("versions: a client was told that version ", version, " is ", command,
                                ", which is not what was committed there"));
  }
  const auto first = first_.find(hash);
  if (first == first_.end() || first->second == outcome.version) return;
  accuse_(absl::StrCat("exactly once: a client was told that index ", version, " is ", command, ", which index ",
                       first->second.value, " was before"));
}

void WriteJudge::JudgeSum(const History& history, const std::string& key, const std::string& value) {
  int64_t told = 0, asked = 0;
  for (const Operation& operation : history) {
    if (operation.kind != Operation::Kind::kAdd || operation.key != key) continue;
    const int64_t by = std::stoll(*operation.value);
    if (operation.outcome == Operation::Outcome::kOk) told += by;
    if (operation.outcome != Operation::Outcome::kFailed) asked += by;
  }
  const int64_t sum = std::stoll(value);
  if (told <= sum && sum <= asked) return;
  accuse_(absl::StrCat("exactly once: in the end ", key, " is ", value, "; clients were told that ", told,
                       " was added, and asked for ", asked));
}

}  // namespace raftly
