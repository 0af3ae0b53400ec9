// Asks a running server how it is, for containers.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "transport/tls_files.h"

namespace raftly {

// OK iff `url` ("http://host:port/path", or https) answers 200 within a few seconds. `authorities`: a file of those who
// vouch for the server besides those of this machine; no path: there is none.
absl::Status CheckHealth(const std::string& url, const TlsFile& authorities = {});

}  // namespace raftly
