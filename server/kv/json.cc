#include "server/kv/json.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

// Takes the parser's events, so that no tree of the document is ever built: a hostile document costs what it is long.
class FlatReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Value(JsonField::Kind::kNull, {}); }
  bool boolean(bool value) override { return Value(JsonField::Kind::kBool, value ? "true" : "false"); }
  bool number_integer(int64_t value) override { return Value(JsonField::Kind::kNumber, std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return Value(JsonField::Kind::kNumber, std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return Value(JsonField::Kind::kNumber, text); }
  bool string(std::string& text) override { return Value(JsonField::Kind::kString, std::move(text)); }
  bool binary(nlohmann::json::binary_t&) override { return Refuse("binary data"); }
  bool start_object(size_t) override { return Open(true); }
  bool start_array(size_t) override { return Open(false); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (depth_ == 1) name_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Refuse(absl::StrCat("syntax error at byte ", position));
  }

  const std::string& error() const { return error_; }
  std::vector<JsonField> TakeFields() { return std::move(fields_); }

 private:
  bool Value(JsonField::Kind kind, std::string text) {
    if (depth_ == 0) return Refuse("not an object");
    if (depth_ == 1) fields_.push_back({std::move(name_), kind, std::move(text)});
    return true;
  }
  bool Open(bool object) {
    if (depth_ == 0 && !object) return Refuse("not an object");
    if (depth_ == kMaxJsonDepth) return Refuse("nested too deeply");
    if (depth_ == 1) fields_.push_back({std::move(name_), JsonField::Kind::kNested, {}});
    ++depth_;
    return true;
  }
  bool Close() {
    --depth_;
    return true;
  }
  bool Refuse(std::string why) {
    error_ = std::move(why);
    return false;
  }

  std::vector<JsonField> fields_;
  std::string name_;
  std::string error_;
  int depth_ = 0;
};

// What may not stand in a string as it is (RFC 8259, section 7).
bool NeedsEscape(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

// How many bytes at the front may stand as they are. Eight at a time: values are scanned whole, several times on the
// way through the cluster.
size_t PlainPrefix(std::string_view text) {
  constexpr uint64_t kEach = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x80 * kEach;
  // Of a byte below `limit` (at most 0x80) in the block; exact for whether there is one.
  const auto any_below = [](uint64_t block, uint64_t limit) { return (block - limit * kEach) & ~block & kHigh; };
  size_t plain = 0;
  for (uint64_t block = 0; text.size() - plain >= sizeof block; plain += sizeof block) {
    std::memcpy(&block, text.data() + plain, sizeof block);
    const uint64_t quotes = block ^ ('"' * kEach);
    const uint64_t backslashes = block ^ ('\\' * kEach);
    if (any_below(block, 0x20) | any_below(quotes, 1) | any_below(backslashes, 1)) break;
  }
  while (plain < text.size() && !NeedsEscape(text[plain])) ++plain;
  return plain;
}

// What nearly every document here is: an object of strings without escapes. The parser takes ten times as long for it,
// on each node for each command. Whatever is not quite so plain is left to the parser: nothing.
class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : rest_(text) {}

  std::optional<std::vector<JsonField>> Run() {
    if (!Skip('{')) return std::nullopt;
    std::vector<JsonField> fields;
    do {
      JsonField field{.kind = JsonField::Kind::kString};
      if (!String(field.name) || !Skip(':') || !String(field.text)) return std::nullopt;
      fields.push_back(std::move(field));
    } while (Skip(','));
    if (!Skip('}') || !rest_.empty()) return std::nullopt;
    return fields;
  }

 private:
  void SkipSpace() {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    rest_.remove_prefix(static_cast<size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_space) - rest_.begin()));
  }
  bool Skip(char c) {
    SkipSpace();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    SkipSpace();
    return true;
  }
  bool String(std::string& out) {
    if (rest_.empty() || rest_.front() != '"') return false;
    const size_t size = PlainPrefix(rest_.substr(1));
    if (size + 1 == rest_.size() || rest_[size + 1] != '"') return false;
    out.assign(rest_.substr(1, size));
    rest_.remove_prefix(size + 2);
    return IsUtf8(out);
  }

  std::string_view rest_;
};

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    const size_t plain = PlainPrefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else {
      out.append("\\u00");
      out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kHex[c & 0xF]);
    }
  }
  out.push_back('"');
}

std::string JsonString(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendJsonString(out, text);
  return out;
}

const JsonField* JsonObject::Find(std::string_view name) const {
  for (auto field = fields_.rbegin(); field != fields_.rend(); ++field) {
    if (field->name == name) return &*field;
  }
  return nullptr;
}

absl::StatusOr<JsonObject> ParseJsonObject(std::string_view text) {
  if (auto plain = PlainReader(text).Run()) return JsonObject(*std::move(plain));
  FlatReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid JSON: ", reader.error()));
  }
  return JsonObject(reader.TakeFields());
}

}  // namespace raftly
