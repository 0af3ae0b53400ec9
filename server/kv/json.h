// The little JSON that keys, values and commands need: strings written, flat objects read.
//
// The parser library stays behind this header, because it costs seconds of compile time wherever it is seen.
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace raftly {

// Appends `text` as a JSON string, quotes included. Requires UTF-8. Only what JSON demands is escaped.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonString(std::string_view text);

struct JsonField {
  enum class Kind { kString, kNumber, kBool, kNull, kNested };

  std::string_view name;
  Kind kind = Kind::kNull;
  std::string_view text;  // a string's contents, a number or bool as written; empty for null, objects and arrays
};

// One JSON object's top level, in order; where a name is repeated, the last one counts. Fields are parts of the text
// that was parsed, which outlives them: a large value is not copied.
class JsonObject {
 public:
  const std::vector<JsonField>& fields() const { return fields_; }
  // Null where there is none.
  const JsonField* Find(std::string_view name) const;

  void Add(const JsonField& field) { fields_.push_back(field); }
  // Takes what is not in the text as it is.
  std::string& Keep(std::string text) { return kept_.emplace_front(std::move(text)); }

 private:
  std::vector<JsonField> fields_;
  std::forward_list<std::string> kept_;
};

// Nested values are checked and skipped, down to kMaxJsonDepth. InvalidArgument: not UTF-8, not JSON, not an object, or
// nested too deeply.
inline constexpr int kMaxJsonDepth = 64;
absl::StatusOr<JsonObject> ParseJsonObject(std::string_view text);
absl::StatusOr<JsonObject> ParseJsonObject(std::string&& text) = delete;
// The same of an object of nothing but strings, ten times as fast. Nothing: it is something else, or wrong.
std::optional<JsonObject> ParseStrings(std::string_view text);
std::optional<JsonObject> ParseStrings(std::string&& text) = delete;

}  // namespace raftly
