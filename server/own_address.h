// Whether an address in -peers is the node's own: a node that calls itself gets answers, and never those of the peer.
#pragma once

#include "server/address.h"

namespace raftly {

// As far as it can be told without asking a name server: by name, by loopback, and by this machine's name and network
// interfaces where `listen` takes all of them. What it overlooks is found by the first request that comes back to its
// sender (raft/node/node_identity.h).
bool IsOwnAddress(const Address& listen, const Address& peer);

}  // namespace raftly
