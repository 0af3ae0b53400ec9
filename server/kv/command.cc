#include "server/kv/command.h"

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/number.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

// A string field, "" where it is absent or null; false where it is anything else.
bool ReadString(const JsonObject& object, std::string_view name, std::string_view& out) {
  const JsonField* field = object.Find(name);
  if (field == nullptr || field->kind == JsonField::Kind::kNull) return true;
  if (field->kind != JsonField::Kind::kString) return false;
  out = field->text;
  return true;
}

// Another kind of number, or none, leaves false.
template <class Number>
bool ReadNumber(const JsonObject& object, std::string_view name, std::optional<Number>& out) {
  const JsonField* field = object.Find(name);
  if (field == nullptr || field->kind == JsonField::Kind::kNull) return true;
  if (field->kind != JsonField::Kind::kNumber) return false;
  const auto number = NumberIn<Number>(field->text);
  if (number) out = *number;
  return number.has_value();
}

Command ClockIn(const JsonObject& object) {
  std::optional<uint64_t> now, keys, ttl;
  if (!ReadNumber(object, "now", now) || !ReadNumber(object, "keys", keys) || !ReadNumber(object, "ttl", ttl))
    return {};
  if (!now || !keys || !ttl) return {};
  return {.op = Command::Op::kClock, .key = {}, .now_ms = *now, .limits = {*keys, *ttl}};
}

std::string OnceField(std::string_view key) { return ",\"once\":" + JsonString(key) + "}"; }

void End(std::string& out, Condition condition) {
  if (condition) absl::StrAppend(&out, ",\"if_version\":", *condition);
  out.push_back('}');
}

absl::StatusOr<std::string> EncodeWithValue(std::string_view head, std::string_view key, std::string_view value,
                                            Condition condition) {
  std::string out;
  out.reserve(head.size() + key.size() + value.size() + 40);
  out.append(head);
  AppendJsonString(out, key);
  out.append(R"(,"value":)");
  AppendJsonString(out, value);
  End(out, condition);
  if (out.size() > kMaxCommandBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("the encoded command has ", out.size(), " bytes, at most ", kMaxCommandBytes, " may be"));
  }
  return out;
}

absl::Status CheckKey(std::string_view key, size_t longest) {
  if (key.empty()) return absl::InvalidArgumentError("the key is empty");
  if (key.size() > longest) {
    return absl::OutOfRangeError(absl::StrCat("the key has ", key.size(), " bytes, at most ", longest, " may be"));
  }
  if (!IsUtf8(key)) return absl::InvalidArgumentError("the key is not UTF-8");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckKey(std::string_view key) { return CheckKey(key, kMaxKeyBytes); }
absl::Status CheckSoughtKey(std::string_view key) { return CheckKey(key, kMaxSoughtKeyBytes); }

absl::Status CheckValue(std::string_view value) {
  if (value.size() > kMaxValueBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("the value has ", value.size(), " bytes, at most ", kMaxValueBytes, " may be"));
  }
  if (!IsUtf8(value)) return absl::InvalidArgumentError("the value is not UTF-8");
  return absl::OkStatus();
}

absl::StatusOr<std::string> EncodePut(std::string_view key, std::string_view value, Condition condition) {
  return EncodeWithValue(R"({"op":"put","key":)", key, value, condition);
}

absl::StatusOr<std::string> EncodeAppend(std::string_view key, std::string_view value, Condition condition) {
  return EncodeWithValue(R"({"op":"append","key":)", key, value, condition);
}

std::string EncodeAdd(std::string_view key, int64_t by, Condition condition) {
  std::string out = R"({"op":"add","key":)";
  AppendJsonString(out, key);
  absl::StrAppend(&out, ",\"by\":", by);
  End(out, condition);
  return out;
}

std::string EncodeDelete(std::string_view key, Condition condition) {
  std::string out = R"({"op":"delete","key":)";
  AppendJsonString(out, key);
  End(out, condition);
  return out;
}

std::string EncodeClock(uint64_t now_ms, OnceTable::Limits limits) {
  return absl::StrCat(R"({"op":"clock","now":)", now_ms, ",\"keys\":", limits.keys, ",\"ttl\":", limits.ttl_ms, "}");
}

std::string WithOnce(std::string command, std::string_view key) {
  command.pop_back();
  command += OnceField(key);
  return command;
}

std::string_view WithoutOnce(std::string_view command, std::string_view key) {
  const std::string field = OnceField(key);
  if (command.size() < field.size() || command.substr(command.size() - field.size()) != field) return command;
  return command.substr(0, command.size() - field.size());
}

Command DecodeCommand(std::string_view data) {
  if (data.empty()) return {};  // a new leader's no-op
  const auto object = ParseJsonObject(data);
  if (!object.ok()) return {};
  std::string_view op;
  std::string_view key;
  std::string_view value;
  if (!ReadString(*object, "op", op) || !ReadString(*object, "key", key) || !ReadString(*object, "value", value)) {
    return {};
  }
  std::string_view once;
  if (!ReadString(*object, "once", once)) return {};
  if (op == "txn") {
    auto transaction = ParseTransaction(data);
    if (!transaction.ok()) return {};
    Command several{.op = Command::Op::kTransaction};
    several.transaction = std::make_shared<const Transaction>(*std::move(transaction));
    several.once = std::string(once);
    return several;
  }
  if (op == "clock") return ClockIn(*object);
  Command command{.op = Command::Op::kNothing, .key = std::string(key)};
  if (!ReadNumber(*object, "if_version", command.if_version)) return {};
  std::optional<int64_t> by;
  if (op == "put" || op == "append") {
    command.op = op == "put" ? Command::Op::kPut : Command::Op::kAppend;
    command.value = std::string(value);
  } else if (op == "delete") {
    command.op = Command::Op::kDelete;
  } else if (op == "add" && ReadNumber(*object, "by", by) && by) {
    command.op = Command::Op::kAdd;
    command.by = *by;
  } else {
    return {};
  }
  command.once = std::string(once);
  return command;
}

}  // namespace raftly
