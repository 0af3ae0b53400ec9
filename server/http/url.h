// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace raftly {

// Any byte may come out, NUL and newline too; a plus stays a plus. InvalidArgument: a '%' without two hex digits.
absl::StatusOr<std::string> PercentDecode(std::string_view text);

// Everything but letters, digits and "-._~" is encoded, slashes too.
std::string PercentEncode(std::string_view text);

// The first value of `name` in a query, where a plus is a space; nullopt where it is absent.
absl::StatusOr<std::optional<std::string>> QueryParameter(std::string_view query, std::string_view name);

}  // namespace raftly
