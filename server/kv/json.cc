#include "server/kv/json.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
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
    if (depth_ == 1) name_ = object_.Keep(std::move(name));
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Refuse(absl::StrCat("syntax error at byte ", position));
  }

  const std::string& error() const { return error_; }
  JsonObject TakeObject() { return std::move(object_); }

 private:
  bool Value(JsonField::Kind kind, std::string text) {
    if (depth_ == 0) return Refuse("not an object");
    if (depth_ == 1) object_.Add({name_, kind, object_.Keep(std::move(text))});
    return true;
  }
  bool Open(bool object) {
    if (depth_ == 0 && !object) return Refuse("not an object");
    if (depth_ == kMaxJsonDepth) return Refuse("nested too deeply");
    if (depth_ == 1) object_.Add({name_, JsonField::Kind::kNested, {}});
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

  JsonObject object_;
  std::string_view name_;
  std::string error_;
  int depth_ = 0;
};

// What may not stand in a string as it is (RFC 8259, section 7).
bool NeedsEscape(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

// How many bytes at the front may stand as they are: values are scanned whole, several times on the way through the
// cluster.
size_t PlainPrefix(std::string_view text) {
  const size_t plain =
      SkipBlocks(text, [](ByteBlock block) { return (block < 0x20) | (block == '"') | (block == '\\'); });
  const auto end = std::find_if(text.begin() + static_cast<ptrdiff_t>(plain), text.end(), NeedsEscape);
  return static_cast<size_t>(end - text.begin());
}

// What nearly every document here is, on each node for each command: an object of strings.
class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : rest_(text) {}

  std::optional<JsonObject> Run() {
    if (!Skip('{')) return std::nullopt;
    do {
      JsonField field{.kind = JsonField::Kind::kString};
      if (!String(field.name) || !Skip(':') || !String(field.text)) return std::nullopt;
      object_.Add(field);
    } while (Skip(','));
    if (!Skip('}') || !rest_.empty()) return std::nullopt;
    return std::move(object_);
  }

 private:
  void SkipSpace() {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    rest_.remove_prefix(static_cast<size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_space) - rest_.begin()));
  }
  bool Skip(char c) {
    SkipSpace();
    if (!Take(c)) return false;
    SkipSpace();
    return true;
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view TakePlain() {
    const std::string_view plain = rest_.substr(0, PlainPrefix(rest_));
    rest_.remove_prefix(plain.size());
    return plain;
  }
  bool String(std::string_view& out) {
    if (!Take('"')) return false;
    out = TakePlain();
    if (!Take('"')) {
      std::string& text = object_.Keep(std::string(out));
      while (Take('\\')) {
        if (!Escape(text)) return false;
        text.append(TakePlain());
      }
      out = text;
      if (!Take('"')) return false;
    }
    return IsUtf8(out);
  }
  // What follows a backslash.
  bool Escape(std::string& out) {
    if (Take('u')) return Unicode(out);
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const size_t which = rest_.empty() ? std::string_view::npos : kNames.find(rest_.front());
    if (which == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    out.push_back(kMeanings[which]);
    return true;
  }
  // RFC 8259, section 7: beyond the first 65,536 characters, one is written as two surrogates.
  bool Unicode(std::string& out) {
    uint32_t code = 0;
    uint32_t low = 0;
    if (!Hex(code) || (code >= 0xDC00 && code <= 0xDFFF)) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!Take('\\') || !Take('u') || !Hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(out, code);
    return true;
  }
  bool Hex(uint32_t& out) {
    const std::string_view digits = rest_.substr(0, 4);
    rest_.remove_prefix(digits.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
    return error == std::errc() && end == digits.data() + 4;
  }

  std::string_view rest_;
  JsonObject object_;
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

std::optional<JsonObject> ParseStrings(std::string_view text) { return PlainReader(text).Run(); }

absl::StatusOr<JsonObject> ParseJsonObject(std::string_view text) {
  if (auto strings = ParseStrings(text)) return *std::move(strings);
  FlatReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid JSON: ", reader.error()));
  }
  return reader.TakeObject();
}

}  // namespace raftly
