// A whole JSON document as a tree, for the control plane; commands and values take the quicker road of json.h.
//
//   auto body = ParseJson(request.body);
//   JsonFields fields(*body);
//   const std::string node = fields.String("node");
//   const double rate = fields.Number("loss_rate");
//   if (!fields.status().ok()) ...        // "field \"loss_rate\" is missing"
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raftly {

struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text = {};                                        // a string's contents
  std::vector<JsonValue> items = {};                            // an array's
  std::vector<std::pair<std::string, JsonValue>> members = {};  // an object's, in order

  // The last member of that name; null where there is none.
  const JsonValue* Find(std::string_view name) const;
};

// A tree is many times as large as its text.
inline constexpr size_t kMaxJsonValues = 20'000;
// The document must be an object. InvalidArgument: it is not, not UTF-8, not JSON, deeper than kMaxJsonDepth, or more
// than kMaxJsonValues.
absl::StatusOr<JsonValue> ParseJson(std::string_view text);

// The fields of one object, of the types that they must have. The first mistake is kept and names its field.
class JsonFields {
 public:
  // `value` outlives it. `path` comes before the names in messages: "rules[2].".
  explicit JsonFields(const JsonValue& value, std::string path = {});

  std::string String(std::string_view name);
  double Number(std::string_view name);
  const JsonValue* Array(std::string_view name);  // null where it is missing or no array
  // null counts as absent.
  std::optional<std::string> OptionalString(std::string_view name);
  std::optional<double> OptionalNumber(std::string_view name);
  std::optional<int64_t> OptionalInteger(std::string_view name);  // 300.0 is one, 300.5 is not
  const JsonValue* OptionalObject(std::string_view name);

  const absl::Status& status() const { return status_; }

 private:
  // The field where it is there and of that kind.
  const JsonValue* Get(std::string_view name, JsonValue::Kind kind, bool required);
  void Complain(std::string_view name, std::string_view what);

  const JsonValue& value_;
  const std::string path_;
  absl::Status status_;
};

}  // namespace raftly
