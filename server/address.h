// A host and a port, as flags and users write them: "host:port", ":port", "[::1]:port".
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace raftly {

struct Address {
  std::string host;  // empty: all interfaces to listen on, localhost to connect to; IPv6 without brackets
  int port = 0;

  bool operator==(const Address&) const = default;
};

// The port is between 1 and 65535. InvalidArgument says what is wrong, without repeating `text`.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// With brackets where the host needs them.
std::string ToString(const Address& address);

}  // namespace raftly
