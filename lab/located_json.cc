#include "lab/located_json.h"

#include <cctype>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using nlohmann::json;

// Counts the lines that the parser has gone through.
class Characters {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Characters(const char* at, int* line) : at_(at), line_(line) {}
  const char& operator*() const { return *at_; }
  Characters& operator++() {
    if (*at_++ == '\n') ++*line_;
    return *this;
  }
  bool operator==(const Characters& other) const { return at_ == other.at_; }
  bool operator!=(const Characters& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  int* line_;
};

// Without bytes that are no UTF-8: the parser's own words repeat what it read last, and errors go into JSON themselves.
std::string AsText(std::string_view words) {
  const std::string written = json(words).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(written).get<std::string>();
}

}  // namespace

// Listens to the parser, which builds the values itself.
class LocatedJson::Builder {
 public:
  Builder(LocatedJson& document, const int& line) : document_(document), line_(line) {}

  bool On(json::parse_event_t event, json& value) {
    switch (event) {
      case json::parse_event_t::key:
        places_.back().key = value.get<std::string>();
        if (!places_.back().keys.insert(places_.back().key).second && !twice_) {
          twice_ = places_.size() <= kDeepest ? Here() : std::string();
        }
        Note();
        break;
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        Note();
        places_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        places_.pop_back();
        Next();
        break;
      case json::parse_event_t::value:
        Note();
        Next();
        break;
    }
    return true;
  }
  // The first key that an object has twice, if any.
  const std::optional<std::string>& twice() const { return twice_; }

 private:
  // No document of ours goes as deep; whoever sends another learns the line of what holds it.
  static constexpr size_t kDeepest = 16;

  struct Place {
    std::string key;  // empty: an array, or no key yet
    std::set<std::string> keys;
    int element = 0;
  };

  std::string Here() const {
    std::string pointer;
    for (const Place& place : places_) {
      absl::StrAppend(&pointer, "/", place.keys.empty() ? std::to_string(place.element) : place.key);
    }
    return pointer;
  }
  void Note() {
    if (places_.size() <= kDeepest) document_.lines_.try_emplace(Here(), line_);
  }
  void Next() {
    if (!places_.empty()) ++places_.back().element;
  }

  LocatedJson& document_;
  const int& line_;
  std::vector<Place> places_;
  std::optional<std::string> twice_;
};

absl::StatusOr<LocatedJson> LocatedJson::Parse(std::string_view text) {
  LocatedJson document;
  int line = 1;
  Builder builder(document, line);
  try {
    document.root_ =
        json::parse(Characters(text.data(), &line), Characters(text.data() + text.size(), &line),
                    [&builder](int, json::parse_event_t event, json& value) { return builder.On(event, value); });
  } catch (const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what is wrong".
    const std::string_view what = error.what();
    const size_t colon = what.find(": ");
    return absl::InvalidArgumentError(
        absl::StrCat("line ", line, ": no JSON: ", AsText(what.substr(colon == what.npos ? 0 : colon + 2))));
  }
  if (builder.twice()) return document.Error(*builder.twice(), "is there twice");
  return document;
}

int LocatedJson::LineOf(std::string pointer) const {
  while (!pointer.empty()) {
    const auto found = lines_.find(pointer);
    if (found != lines_.end()) return found->second;
    pointer.erase(pointer.rfind('/'));
  }
  const auto root = lines_.find("");
  return root == lines_.end() ? 1 : root->second;
}

absl::Status LocatedJson::Error(const std::string& pointer, std::string_view what) const {
  std::string field;
  for (size_t at = 0; at < pointer.size();) {
    const size_t end = std::min(pointer.find('/', at + 1), pointer.size());
    const std::string part = pointer.substr(at + 1, end - at - 1);
    const bool element = !part.empty() && std::isdigit(static_cast<unsigned char>(part[0])) != 0;
    absl::StrAppend(&field, element ? "[" : field.empty() ? "" : ".", part, element ? "]" : "");
    at = end;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("line ", LineOf(pointer), ": ", field.empty() ? "" : field + ": ", std::string(what)));
}

}  // namespace raftly
