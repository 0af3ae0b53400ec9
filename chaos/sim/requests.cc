#include "chaos/sim/requests.h"

#include <utility>

#include "chaos/sim/kv_machine.h"
#include "server/kv/command.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

using Kind = Operation::Kind;
using Told = Operation::Outcome;

std::string PlainCommand(const Operation& operation) {
  const std::string value = operation.value.value_or("");
  switch (operation.kind) {
    case Kind::kPut:
      return PutCommand(operation.key, value, operation.if_version);
    case Kind::kAppend:
      return AppendCommand(operation.key, value, operation.if_version);
    case Kind::kAdd:
      return EncodeAdd(operation.key, std::stoll(value), operation.if_version);
    case Kind::kTransaction:
      return EncodeTransaction(*operation.transaction).value_or("");
    case Kind::kDelete:
    case Kind::kGet:
      break;
  }
  return EncodeDelete(operation.key, operation.if_version);
}

// {"succeeded":true,"index":7,"results":[{"op":"get","key":"k","version":3,"value":"v"},...]}
absl::Status TakeResults(const std::string& json, Operation& operation) {
  const auto answer = ParseJson(json);
  if (!answer.ok()) return absl::DataLossError(answer.status().message());
  JsonFields fields(*answer);
  const JsonValue* const succeeded = answer->Find("succeeded");
  const JsonValue* const results = fields.Array("results");
  operation.version = static_cast<uint64_t>(fields.OptionalInteger("index").value_or(0));
  if (!fields.status().ok() || succeeded == nullptr || succeeded->kind != JsonValue::Kind::kBool) {
    return absl::DataLossError("no answer to a transaction: " + json);
  }
  operation.succeeded = succeeded->boolean;
  for (const JsonValue& item : results->items) {
    JsonFields result(item);
    operation.results.push_back({.key = result.String("key"),
                                 .version = static_cast<uint64_t>(result.Number("version")),
                                 .value = result.OptionalString("value")});
    if (!result.status().ok()) return absl::DataLossError("no answer to a transaction: " + json);
  }
  return absl::OkStatus();
}

}  // namespace

std::string CommandOf(const Operation& operation, const std::string& once) {
  std::string command = PlainCommand(operation);
  return once.empty() ? command : WithOnce(std::move(command), once);
}

uint32_t FeaturesOf(const Operation& operation, const std::string& once) {
  const bool conditional = operation.if_version || operation.kind == Kind::kAdd || operation.kind == Kind::kAppend;
  return (conditional ? kConditions : 0) | (operation.transaction ? kTransactions : 0) | (once.empty() ? 0 : kOnce);
}

absl::Status TakeAnswer(const WriteOutcome& answer, Operation& operation) {
  const bool is_transaction = operation.kind == Kind::kTransaction;
  operation.outcome = answer.kind == WriteOutcome::Kind::kDone ? Told::kOk : Told::kRefused;
  if (is_transaction && operation.outcome == Told::kOk) return TakeResults(answer.value, operation);
  if (!is_transaction) operation.version = answer.version.value;
  const bool tells = operation.kind == Kind::kAdd || operation.kind == Kind::kAppend;
  if (tells && operation.outcome == Told::kOk) operation.found = answer.value;
  return absl::OkStatus();
}

}  // namespace raftly
