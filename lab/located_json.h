// JSON that knows on which line each of its values stands, for errors that lead to the place.
//
//   const auto document = LocatedJson::Parse(text);
//   if (!document.ok()) ...                                  // InvalidArgument: "line 3: ..."
//   document->LineOf("/acts/2/at_ms");
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace raftly {

class LocatedJson {
 public:
  // InvalidArgument where it is no JSON, or an object has a key twice.
  static absl::StatusOr<LocatedJson> Parse(std::string_view text);

  const nlohmann::json& root() const { return root_; }
  // Of the value that a JSON pointer leads to; of what holds it where there is none; from 1.
  int LineOf(std::string pointer) const;
  // InvalidArgument, "line 3: acts[2].at_ms: <what>".
  absl::Status Error(const std::string& pointer, std::string_view what) const;

 private:
  class Builder;

  nlohmann::json root_;
  std::map<std::string, int> lines_;
};

}  // namespace raftly
