#include "server/kv/transaction.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/command.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

using Step = Transaction::Step;
using Op = Step::Op;

constexpr std::array<std::string_view, 5> kNames = {"get", "put", "delete", "add", "append"};

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, status.message()));
}

absl::Status CheckStep(const Step& step) {
  const bool sought = step.op == Op::kGet || step.op == Op::kDelete;
  if (absl::Status status = sought ? CheckSoughtKey(step.key) : CheckKey(step.key); !status.ok()) return status;
  return CheckValue(step.value);
}

absl::StatusOr<Step> StepOf(const JsonValue& object, const std::string& path) {
  if (object.kind != JsonValue::Kind::kObject) return absl::InvalidArgumentError(path + "not an object");
  JsonFields fields(object, path);
  const std::string name = fields.String("op");
  Step step{.key = fields.String("key")};
  size_t op = 0;
  while (op < kNames.size() && kNames[op] != name) ++op;
  if (fields.status().ok() && op == kNames.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, "op: want get, put, delete, add or append, not \"", name, "\""));
  }
  step.op = static_cast<Op>(op);
  if (step.op == Op::kPut || step.op == Op::kAppend) step.value = fields.String("value");
  if (step.op == Op::kAdd) {
    const auto by = fields.OptionalInteger("by");
    if (fields.status().ok() && !by) return absl::InvalidArgumentError(path + "by: want an integer");
    step.by = by.value_or(0);
  }
  if (!fields.status().ok()) return fields.status();
  if (absl::Status status = CheckStep(step); !status.ok()) return At(path, status);
  return step;
}

absl::StatusOr<Transaction::Check> CheckOf(const JsonValue& object, const std::string& path) {
  if (object.kind != JsonValue::Kind::kObject) return absl::InvalidArgumentError(path + "not an object");
  JsonFields fields(object, path);
  Transaction::Check check{.key = fields.String("key")};
  const auto version = fields.OptionalInteger("version");
  if (!fields.status().ok()) return fields.status();
  if (!version || *version < 0) return absl::InvalidArgumentError(path + "version: want a version, or 0");
  check.version = static_cast<uint64_t>(*version);
  if (absl::Status status = CheckSoughtKey(check.key); !status.ok()) return At(path, status);
  return check;
}

// The array of that name, or nothing where it is absent.
template <class Item, class Read>
absl::Status ReadEach(const JsonValue& object, const std::string& name, std::vector<Item>& out, const Read& read) {
  const JsonValue* array = object.Find(name);
  if (array == nullptr || array->kind == JsonValue::Kind::kNull) return absl::OkStatus();
  if (array->kind != JsonValue::Kind::kArray) return absl::InvalidArgumentError(name + ": not an array");
  if (array->items.size() > kMostSteps) {
    return absl::OutOfRangeError(
        absl::StrCat(name, ": ", array->items.size(), " of them, at most ", kMostSteps, " may be"));
  }
  for (size_t i = 0; i < array->items.size(); ++i) {
    auto item = read(array->items[i], absl::StrCat(name, "[", i, "]."));
    if (!item.ok()) return item.status();
    out.push_back(*std::move(item));
  }
  return absl::OkStatus();
}

void AppendStep(std::string& out, const Step& step) {
  absl::StrAppend(&out, "{\"op\":\"", std::string(ToString(step.op)), "\",\"key\":");
  AppendJsonString(out, step.key);
  if (step.op == Op::kPut || step.op == Op::kAppend) {
    out += ",\"value\":";
    AppendJsonString(out, step.value);
  }
  if (step.op == Op::kAdd) absl::StrAppend(&out, ",\"by\":", step.by);
  out += '}';
}

void AppendSteps(std::string& out, const std::vector<Step>& steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i > 0) out += ',';
    AppendStep(out, steps[i]);
  }
}

}  // namespace

std::string_view ToString(Op op) { return kNames[static_cast<size_t>(op)]; }

absl::StatusOr<Transaction> ParseTransaction(std::string_view text) {
  const auto object = ParseJson(text);
  if (!object.ok()) return object.status();
  if (object->Find("then") == nullptr && object->Find("else") == nullptr) {
    return absl::InvalidArgumentError("want one of the fields \"then\" and \"else\"");
  }
  Transaction transaction;
  if (auto status = ReadEach(*object, "if", transaction.checks, CheckOf); !status.ok()) return status;
  if (auto status = ReadEach(*object, "then", transaction.then, StepOf); !status.ok()) return status;
  if (auto status = ReadEach(*object, "else", transaction.otherwise, StepOf); !status.ok()) return status;
  return transaction;
}

absl::StatusOr<std::string> EncodeTransaction(const Transaction& transaction) {
  std::string out = R"({"op":"txn","if":[)";
  for (size_t i = 0; i < transaction.checks.size(); ++i) {
    out += i > 0 ? ",{\"key\":" : "{\"key\":";
    AppendJsonString(out, transaction.checks[i].key);
    absl::StrAppend(&out, ",\"version\":", transaction.checks[i].version, "}");
  }
  out += "],\"then\":[";
  AppendSteps(out, transaction.then);
  out += "],\"else\":[";
  AppendSteps(out, transaction.otherwise);
  out += "]}";
  if (out.size() > kMaxCommandBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("the encoded command has ", out.size(), " bytes, at most ", kMaxCommandBytes, " may be"));
  }
  return out;
}

}  // namespace raftly
