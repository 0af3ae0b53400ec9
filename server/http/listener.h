// A TCP socket for who connects, made so that a port in use is an error and a burst of connects is none.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/address.h"

namespace raftly {

// Takes the port, and gives the descriptor: until Listen, who connects is refused. Port 0 picks a free one. An empty
// host: all interfaces, IPv6 and IPv4. The message of an error names the address and the cause.
absl::StatusOr<int> BindTo(const Address& address);

// From now on who connects waits to be accepted. An error where somebody else, bound to the port at the same moment,
// listens already.
absl::Status Listen(int fd, const Address& address);

// The port that a socket is bound to.
int LocalPort(int fd);

}  // namespace raftly
