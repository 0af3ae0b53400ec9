// Where a server is, as users write it: "http://host:port", "https://host".
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/address.h"

namespace raftly {

struct ServerUrl {
  bool secure = false;  // https
  Address address;
  std::string path = "/";

  bool operator==(const ServerUrl&) const = default;
};

// The scheme may be left out: http. InvalidArgument says what is wrong, without repeating `text`.
absl::StatusOr<ServerUrl> ParseServerUrl(std::string_view text);
std::string ToString(const ServerUrl& url);

}  // namespace raftly
