#include "lab/field_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace raftly {

using nlohmann::json;

void FieldReader::Fail(const std::string& pointer, std::string_view what) {
  if (status_.ok()) status_ = document_.Error(pointer, what);
}

FieldReader::Object FieldReader::ObjectAt(const std::string& pointer) {
  static const json kEmpty = json::object();
  const json::json_pointer place(pointer);
  const json* value = document_.root().contains(place) || pointer.empty() ? &document_.root().at(place) : nullptr;
  if (value == nullptr) Fail(pointer, "is missing");
  if (value != nullptr && !value->is_object()) Fail(pointer, "must be an object");
  return {value != nullptr && value->is_object() ? *value : kEmpty, pointer};
}

const json* FieldReader::Find(Object& object, const std::string& field, bool required) {
  object.known.push_back(field);
  const auto found = object.value.find(field);
  if (found != object.value.end()) return &*found;
  if (required) Fail(absl::StrCat(object.pointer, "/", field), "is missing");
  return nullptr;
}

void FieldReader::RefuseUnknown(const Object& object) {
  for (const auto& [field, value] : object.value.items()) {
    if (std::find(object.known.begin(), object.known.end(), field) != object.known.end()) continue;
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("is not known here; known are ", [&] {
           std::string names;
           for (const std::string& name : object.known) absl::StrAppend(&names, names.empty() ? "" : ", ", name);
           return names;
         }()));
  }
}

int64_t FieldReader::Integer(Object& object, const std::string& field, int64_t low, int64_t high,
                             std::optional<int64_t> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(low);
  const bool fits = value->is_number_unsigned()
                        ? value->get<uint64_t>() <= static_cast<uint64_t>(high) &&
                              (low < 0 || value->get<uint64_t>() >= static_cast<uint64_t>(low))
                        : value->is_number_integer() && value->get<int64_t>() >= low && value->get<int64_t>() <= high;
  if (!fits) {
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("must be an integer from ", low, " to ", high));
    return low;
  }
  return value->get<int64_t>();
}

Duration FieldReader::Time(Object& object, const std::string& field, Duration low, Duration high,
                           std::optional<Duration> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(low);
  const double ms = value->is_number() ? value->get<double>() : -1;
  const double low_ms = static_cast<double>(low.count()) / 1e6, high_ms = static_cast<double>(high.count()) / 1e6;
  if (!(ms >= low_ms && ms <= high_ms)) {
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("must be a number from ", low_ms, " to ", high_ms));
    return low;
  }
  return Duration(std::llround(ms * 1e6));
}

bool FieldReader::Bool(Object& object, const std::string& field, std::optional<bool> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(false);
  if (!value->is_boolean()) Fail(absl::StrCat(object.pointer, "/", field), "must be true or false");
  return value->is_boolean() && value->get<bool>();
}

std::string FieldReader::Text(Object& object, const std::string& field, bool required) {
  const json* value = Find(object, field, required);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  Fail(absl::StrCat(object.pointer, "/", field), "must be a text");
  return {};
}

std::vector<std::string> FieldReader::Texts(Object& object, const std::string& field, bool required) {
  std::vector<std::string> texts;
  const json* value = Find(object, field, required);
  if (value == nullptr) return texts;
  const std::string pointer = absl::StrCat(object.pointer, "/", field);
  if (!value->is_array()) Fail(pointer, "must be a list of texts");
  for (size_t i = 0; value->is_array() && i < value->size(); ++i) {
    if (!(*value)[i].is_string()) {
      Fail(absl::StrCat(pointer, "/", i), "must be a text");
    } else {
      texts.push_back((*value)[i].get<std::string>());
    }
  }
  return texts;
}

}  // namespace raftly
