#include "chaos/sim/early_conditions.h"

#include <algorithm>
#include <utility>

#include "chaos/sim/requests.h"
#include "server/kv/command.h"

namespace raftly {
namespace {

uint64_t VersionOf(const KvMachine& machine, const std::string& key) {
  const auto found = machine.Find(key);
  return found ? found->version.value : 0;
}

std::string Unconditional(const Command& command) {
  switch (command.op) {
    case Command::Op::kPut:
      return PutCommand(command.key, command.value);
    case Command::Op::kAppend:
      return AppendCommand(command.key, command.value);
    case Command::Op::kAdd:
      return EncodeAdd(command.key, command.by);
    default:
      return EncodeDelete(command.key);
  }
}

}  // namespace

std::variant<std::string, WriteOutcome> DecideNow(const std::string& command, const KvMachine& machine) {
  const Command asked = DecodeCommand(command);
  std::string decided;
  if (asked.transaction) {
    const auto& checks = asked.transaction->checks;
    const bool hold = std::all_of(checks.begin(), checks.end(), [&](const Transaction::Check& check) {
      return VersionOf(machine, check.key) == check.version;
    });
    // One that no key can pass leads to `else`.
    Transaction transaction{.then = asked.transaction->then, .otherwise = asked.transaction->otherwise};
    if (!hold) transaction.checks = {{.key = "none", .version = UINT32_MAX}};
    decided = EncodeTransaction(transaction).value_or("");
  } else if (asked.if_version) {
    const uint64_t version = VersionOf(machine, asked.key);
    if (version != *asked.if_version) return WriteOutcome{WriteOutcome::Kind::kElse, Index{version}};
    decided = Unconditional(asked);
  } else {
    return command;
  }
  return asked.once.empty() ? decided : WithOnce(std::move(decided), asked.once);
}

}  // namespace raftly
