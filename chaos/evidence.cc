#include "chaos/evidence.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chaos/sim/checker.h"
#include "chaos/sim/kv_machine.h"

namespace raftly {
namespace {

bool Holds(const Entries& log, const std::string& command) {
  return std::any_of(log.begin(), log.end(), [&](const Entry& entry) { return entry.data.view() == command; });
}

// "index 7 now holds nothing on n1; put k1=b of term 3 on n2, n3"
std::string WhatIsAt(Index index, const NodeLogs& logs) {
  std::map<std::string, std::vector<NodeId>> by_content;
  for (const auto& [node, log] : logs) {
    const bool there = index && index.value <= log.size();
    const std::string content =
        there ? absl::StrCat(CommandText(log[index.value - 1]), " of term ", log[index.value - 1].term.value)
              : std::string("nothing");
    by_content[content].push_back(node);
  }
  std::string text = absl::StrCat("index ", index.value, " now holds ");
  const char* separator = "";
  for (const auto& [content, nodes] : by_content) {
    absl::StrAppend(&text, separator, content, " on ", absl::StrJoin(nodes, ", "));
    separator = "; ";
  }
  return text;
}

std::string Told(const AcknowledgedWrite& write) {
  return absl::StrCat("put ", write.key, "=", Printable(write.value), " was acknowledged by ", write.by, " at index ",
                      write.at.index.value, " (term ", write.at.term.value, ")");
}

void AddIfAny(std::vector<Damage>& damages, Damage::Kind kind, std::vector<std::string> evidence) {
  if (!evidence.empty()) damages.push_back({kind, std::move(evidence)});
}

}  // namespace

bool RestsWith(const NodeStatus& leader, const NodeStatus& node) {
  const bool follows = node.term == leader.term && node.leader == leader.id && node.last_index == leader.last_index;
  return follows && node.commit_index == node.last_index && node.last_applied == node.last_index;
}

std::string PropertyOf(Damage::Kind kind) {
  switch (kind) {
    case Damage::Kind::kLostWrite:
      return "durability: an acknowledged write is never lost";
    case Damage::Kind::kAcknowledgedTwice:
      return "state machine safety: one index, one write (Raft, Figure 3)";
    case Damage::Kind::kNotLinearizable:
      return "linearizability of the clients' history";
    case Damage::Kind::kLogsDiffer:
      return "log matching: one index and term, one command (Raft, Figure 3)";
    case Damage::Kind::kPromiseBroken:
      return "a promise of Raft, as the simulator's judges see it";
  }
  return {};
}

std::vector<Damage> FindDamage(const Clients& clients, const NodeLogs& logs) {
  std::vector<Damage> damages;
  const std::vector<AcknowledgedWrite> writes = clients.acknowledged();
  AddIfAny(damages, Damage::Kind::kLostWrite, FindLostWrites(writes, logs));
  AddIfAny(damages, Damage::Kind::kAcknowledgedTwice, FindAcknowledgedTwice(writes));
  AddIfAny(damages, Damage::Kind::kLogsDiffer, FindDifferentCommands(logs));
  AddIfAny(damages, Damage::Kind::kNotLinearizable, FindHistoryViolation(clients.history()));
  return damages;
}

std::vector<std::string> FindLostWrites(const std::vector<AcknowledgedWrite>& writes, const NodeLogs& logs) {
  std::vector<std::string> lost;
  for (const AcknowledgedWrite& write : writes) {
    std::vector<NodeId> without;
    for (const auto& [node, log] : logs) {
      if (!Holds(log, PutCommand(write.key, write.value))) without.push_back(node);
    }
    if (without.empty()) continue;
    const std::string where = without.size() == logs.size()
                                  ? "is in no log"
                                  : absl::StrCat("is not in the log of ", absl::StrJoin(without, ", "));
    lost.push_back(absl::StrCat(Told(write), " and ", where, ": ", WhatIsAt(write.at.index, logs)));
  }
  return lost;
}

std::vector<std::string> FindAcknowledgedTwice(const std::vector<AcknowledgedWrite>& writes) {
  std::vector<std::string> found;
  std::map<Index, const AcknowledgedWrite*> first;
  for (const AcknowledgedWrite& write : writes) {
    const auto [known, is_first] = first.emplace(write.at.index, &write);
    if (!is_first) found.push_back(absl::StrCat(Told(*known->second), ", and ", Told(write)));
  }
  return found;
}

std::vector<std::string> FindDifferentCommands(const NodeLogs& logs) {
  struct Known {
    const Entry* entry;
    NodeId node;
  };
  std::vector<std::string> found;
  std::map<LogPosition, Known> known;
  for (const auto& [node, log] : logs) {
    for (const Entry& entry : log) {
      const auto [other, is_first] = known.emplace(entry.position(), Known{&entry, node});
      if (is_first || other->second.entry->data == entry.data) continue;
      found.push_back(absl::StrCat("at index ", entry.index.value, " and term ", entry.term.value, " the log of ",
                                   other->second.node, " holds ", CommandText(*other->second.entry), ", that of ", node,
                                   " holds ", CommandText(entry)));
    }
  }
  return found;
}

std::vector<std::string> FindHistoryViolation(const History& history) {
  const LinearizabilityVerdict verdict = CheckLinearizable(history);
  if (verdict.result == Linearizability::kHolds) return {};
  return {Printable(verdict.explanation)};
}

std::string CommandText(const Entry& entry) {
  const std::string_view data = entry.data.view();
  const Command command = DecodeCommand(data);
  const std::string key = Printable(command.key);
  const auto text = [&]() -> std::string {
    switch (command.op) {
      case Command::Op::kPut:
        return absl::StrCat("put ", key, "=", Printable(command.value));
      case Command::Op::kDelete:
        return absl::StrCat("del ", key);
      case Command::Op::kAppend:
        return absl::StrCat("append ", key, "=", Printable(command.value));
      case Command::Op::kAdd:
        return absl::StrCat("add ", key, "=", command.by);
      case Command::Op::kTransaction:
        return Printable(ToString(*command.transaction));
      case Command::Op::kClock:
        return absl::StrCat("clock ", command.now_ms);
      case Command::Op::kNothing:
        break;
    }
    return data.empty() ? "a no-op" : Printable(data);
  };
  return absl::StrCat(text(), command.if_version ? absl::StrCat(" if @", *command.if_version) : "",
                      command.once.empty() ? "" : absl::StrCat(" (once ", Printable(command.once), ")"));
}

std::string Printable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string printable;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if ((code >= 0x20 && code < 0x7f) || byte == '\n') {
      printable += byte;
    } else {
      printable.append("\\x").append(1, kHex[code >> 4]).append(1, kHex[code & 15]);
    }
  }
  return printable;
}

}  // namespace raftly
