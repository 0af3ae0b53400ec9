// Reads a located document field by field. The first thing that is wrong is kept, with its line and field, and what was
// wanted comes back all the same: whoever reads asks in the end.
//
//   FieldReader reader(document);
//   FieldReader::Object root = reader.ObjectAt("");
//   const int64_t nodes = reader.Integer(root, "nodes", 1, 7, std::nullopt);
//   reader.RefuseUnknown(root);
//   if (!reader.status().ok()) ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lab/located_json.h"
#include "raft/core/time.h"

namespace raftly {

class FieldReader {
 public:
  // The object under way, and which of its fields have been asked for.
  struct Object {
    const nlohmann::json& value;
    std::string pointer;
    std::vector<std::string> known = {};
  };

  // The document outlives it.
  explicit FieldReader(const LocatedJson& document) : document_(document) {}

  const absl::Status& status() const { return status_; }
  // The one at this pointer. What is none is wrong, and reads as an empty one.
  Object ObjectAt(const std::string& pointer);
  void Fail(const std::string& pointer, std::string_view what);
  // What was not asked for by then.
  void RefuseUnknown(const Object& object);

  // Null where it is not there.
  const nlohmann::json* Find(Object& object, const std::string& field, bool required);
  // Without `otherwise` they are required.
  int64_t Integer(Object& object, const std::string& field, int64_t low, int64_t high,
                  std::optional<int64_t> otherwise);
  // In milliseconds.
  Duration Time(Object& object, const std::string& field, Duration low, Duration high,
                std::optional<Duration> otherwise);
  bool Bool(Object& object, const std::string& field, std::optional<bool> otherwise);
  std::string Text(Object& object, const std::string& field, bool required);
  std::vector<std::string> Texts(Object& object, const std::string& field, bool required);

 private:
  const LocatedJson& document_;
  absl::Status status_;
};

}  // namespace raftly
