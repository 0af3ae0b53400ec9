#include "server/kv/command.h"

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
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

absl::StatusOr<std::string> EncodePut(std::string_view key, std::string_view value) {
  std::string out;
  out.reserve(key.size() + value.size() + 40);
  out.append(R"({"op":"put","key":)");
  AppendJsonString(out, key);
  out.append(R"(,"value":)");
  AppendJsonString(out, value);
  out.push_back('}');
  if (out.size() > kMaxCommandBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("the encoded command has ", out.size(), " bytes, at most ", kMaxCommandBytes, " may be"));
  }
  return out;
}

std::string EncodeDelete(std::string_view key) {
  std::string out = R"({"op":"delete","key":)";
  AppendJsonString(out, key);
  out.push_back('}');
  return out;
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
  if (op == "put") return {Command::Op::kPut, std::string(key), std::string(value)};
  if (op == "delete") return {Command::Op::kDelete, std::string(key), {}};
  return {};
}

}  // namespace raftly
