#include "server/kv/json_value.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/kv/json.h"

namespace raftly {
namespace {

// absl 20220623 does not take std::string_view in every build.
absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

class TreeReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  using Kind = JsonValue::Kind;

  bool null() override { return Add({.kind = Kind::kNull}); }
  bool boolean(bool value) override { return Add({.kind = Kind::kBool, .boolean = value}); }
  bool number_integer(int64_t value) override { return AddNumber(static_cast<double>(value)); }
  bool number_unsigned(uint64_t value) override { return AddNumber(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) override { return AddNumber(value); }
  bool string(std::string& text) override { return Add({.kind = Kind::kString, .text = std::move(text)}); }
  bool binary(nlohmann::json::binary_t&) override { return Refuse("binary data"); }
  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool start_array(size_t) override { return Open(Kind::kArray); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    name_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Refuse(absl::StrCat("syntax error at byte ", position));
  }

  const std::string& error() const { return error_; }
  JsonValue TakeRoot() { return std::move(root_); }

 private:
  bool AddNumber(double value) { return Add({.kind = Kind::kNumber, .number = value}); }

  bool Add(JsonValue value) { return Place(std::move(value)) != nullptr; }

  JsonValue* Place(JsonValue value) {
    if (++values_ > kMaxJsonValues) {
      Refuse("too many values");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    JsonValue& parent = *open_.back();
    if (parent.kind == Kind::kArray) return &parent.items.emplace_back(std::move(value));
    return &parent.members.emplace_back(std::move(name_), std::move(value)).second;
  }

  // A parent grows only while it is the innermost one, so pointers to the open ones stay valid.
  bool Open(Kind kind) {
    if (open_.size() == static_cast<size_t>(kMaxJsonDepth)) return Refuse("nested too deeply");
    JsonValue* value = Place({.kind = kind});
    if (value != nullptr) open_.push_back(value);
    return value != nullptr;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }
  bool Refuse(std::string why) {
    error_ = std::move(why);
    return false;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string name_;
  std::string error_;
  size_t values_ = 0;
};

std::string_view Describe(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::kString:
      return "a string";
    case JsonValue::Kind::kNumber:
      return "a number";
    case JsonValue::Kind::kArray:
      return "an array";
    case JsonValue::Kind::kObject:
      return "an object";
    case JsonValue::Kind::kBool:
      return "true or false";
    case JsonValue::Kind::kNull:
      break;
  }
  return "null";
}

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->first == name) return &member->second;
  }
  return nullptr;
}

absl::StatusOr<JsonValue> ParseJson(std::string_view text) {
  TreeReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid JSON: ", reader.error()));
  }
  JsonValue root = reader.TakeRoot();
  if (root.kind != JsonValue::Kind::kObject) return absl::InvalidArgumentError("invalid JSON: not an object");
  return root;
}

JsonFields::JsonFields(const JsonValue& value, std::string path) : value_(value), path_(std::move(path)) {
  if (value.kind == JsonValue::Kind::kObject) return;
  const std::string name = path_.empty() ? "the body" : path_.substr(0, path_.size() - 1);
  status_ = absl::InvalidArgumentError(absl::StrCat(name, " is not an object"));
}

void JsonFields::Complain(std::string_view name, std::string_view what) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat("field \"", path_, View(name), "\" ", View(what)));
}

const JsonValue* JsonFields::Get(std::string_view name, JsonValue::Kind kind, bool required) {
  const JsonValue* field = value_.Find(name);
  if (field == nullptr || (!required && field->kind == JsonValue::Kind::kNull)) {
    if (required) Complain(name, "is missing");
    return nullptr;
  }
  if (field->kind == kind) return field;
  Complain(name, "is not " + std::string(Describe(kind)));
  return nullptr;
}

std::string JsonFields::String(std::string_view name) {
  const JsonValue* field = Get(name, JsonValue::Kind::kString, true);
  return field == nullptr ? std::string() : field->text;
}

double JsonFields::Number(std::string_view name) {
  const JsonValue* field = Get(name, JsonValue::Kind::kNumber, true);
  return field == nullptr ? 0 : field->number;
}

const JsonValue* JsonFields::Array(std::string_view name) { return Get(name, JsonValue::Kind::kArray, true); }

std::optional<std::string> JsonFields::OptionalString(std::string_view name) {
  const JsonValue* field = Get(name, JsonValue::Kind::kString, false);
  if (field == nullptr) return std::nullopt;
  return field->text;
}

std::optional<double> JsonFields::OptionalNumber(std::string_view name) {
  const JsonValue* field = Get(name, JsonValue::Kind::kNumber, false);
  if (field == nullptr) return std::nullopt;
  return field->number;
}

std::optional<int64_t> JsonFields::OptionalInteger(std::string_view name) {
  const std::optional<double> number = OptionalNumber(name);
  if (!number) return std::nullopt;
  // Up to 2^53 a double holds every whole number.
  if (std::trunc(*number) == *number && std::fabs(*number) <= 0x1p53) return static_cast<int64_t>(*number);
  Complain(name, "is not a whole number");
  return std::nullopt;
}

const JsonValue* JsonFields::OptionalObject(std::string_view name) {
  return Get(name, JsonValue::Kind::kObject, false);
}

}  // namespace raftly
