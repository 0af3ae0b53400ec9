// Asks a running server how it is, for containers.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace raftly {

// OK iff `url` ("http://host:port/path") answers 200 within a few seconds.
absl::Status CheckHealth(const std::string& url);

}  // namespace raftly
