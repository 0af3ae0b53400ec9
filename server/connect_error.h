// Why a server cannot be connected to, in the system's words: cpp-httplib only says that it could not.
#pragma once

#include <chrono>
#include <string>

#include "server/address.h"

namespace raftly {

// Tries once more and tells: "connection refused", "no route to host", "unknown host: …", "no answer within 3 s".
// Blocking, at most for `patience` after the name was resolved. "cannot connect" where this time it worked.
std::string WhyNoConnection(const Address& server, std::chrono::milliseconds patience);

}  // namespace raftly
