// A listening TCP socket, made so that a port in use is an error and a burst of connects is none.
#pragma once

#include "absl/status/statusor.h"
#include "server/address.h"

namespace raftly {

// The descriptor; port 0 picks a free one. An empty host: all interfaces, IPv6 and IPv4. The message of an error names
// the address and the cause.
absl::StatusOr<int> ListenOn(const Address& address);

// The port that a socket is bound to.
int LocalPort(int fd);

}  // namespace raftly
