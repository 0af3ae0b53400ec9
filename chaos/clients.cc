#include "chaos/clients.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "chaos/sim/kv_machine.h"

namespace raftly {

Operation::Outcome OutcomeOf(Operation::Kind kind, const absl::Status& status) {
  if (status.ok()) return Operation::Outcome::kOk;
  const bool certain = absl::IsFailedPrecondition(status) || absl::IsResourceExhausted(status) ||
                       absl::IsAborted(status) || kind == Operation::Kind::kGet;
  return certain ? Operation::Outcome::kFailed : Operation::Outcome::kUnknown;
}

size_t Clients::Ask(int node, Operation::Kind kind, const std::string& key, std::optional<std::string> value) {
  Asked asked;
  asked.operation = {.client = node + 1,
                     .kind = kind,
                     .key = key,
                     .value = std::move(value),
                     .invoked = stage_.now(),
                     .returned = stage_.now(),
                     .outcome = Operation::Outcome::kUnknown};
  asked.node = stage_.id(node);
  memory_->push_back(std::move(asked));
  return memory_->size() - 1;
}

void Clients::Answer(Asked& asked, Time now, const absl::Status& status) {
  asked.answered = true;
  asked.status = status;
  asked.operation.returned = now;
  asked.operation.outcome = OutcomeOf(asked.operation.kind, status);
}

size_t Clients::Put(int node, const std::string& key, const std::string& value, Duration timeout) {
  const size_t number = Ask(node, Operation::Kind::kPut, key, value);
  stage_.Propose(node, PutCommand(key, value), timeout,
                 [&stage = stage_, memory = memory_, number](const absl::StatusOr<Applied>& applied) {
                   Asked& asked = (*memory)[number];
                   Answer(asked, stage.now(), applied.status());
                   if (applied.ok()) asked.at = applied->at;
                 });
  return number;
}

size_t Clients::Get(int node, const std::string& key, Duration timeout) {
  const size_t number = Ask(node, Operation::Kind::kGet, key, std::nullopt);
  stage_.Read(node, key, timeout,
              [&stage = stage_, memory = memory_, number](absl::StatusOr<std::optional<std::string>> got) {
                Asked& asked = (*memory)[number];
                Answer(asked, stage.now(), got.status());
                if (got.ok()) asked.operation.value = *std::move(got);
              });
  return number;
}

History Clients::history() const {
  History history;
  for (const Asked& asked : *memory_) {
    history.push_back(asked.operation);
    if (!asked.answered) history.back().returned = stage_.now();
  }
  return history;
}

std::vector<AcknowledgedWrite> Clients::acknowledged() const {
  std::vector<AcknowledgedWrite> writes;
  for (const Asked& asked : *memory_) {
    if (asked.operation.kind != Operation::Kind::kPut || !asked.answered || !asked.status.ok()) continue;
    writes.push_back({asked.node, asked.operation.key, asked.operation.value.value_or(""), asked.at});
  }
  return writes;
}

std::vector<std::string> Clients::keys() const {
  std::vector<std::string> keys;
  for (const Asked& asked : *memory_) {
    const Operation& operation = asked.operation;
    if (operation.kind != Operation::Kind::kPut) continue;
    if (std::find(keys.begin(), keys.end(), operation.key) == keys.end()) keys.push_back(operation.key);
  }
  return keys;
}

}  // namespace raftly
