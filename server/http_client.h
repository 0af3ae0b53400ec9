// A client of httplib for one of our servers, over TLS where the server speaks it.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/address.h"
#include "transport/tls_files.h"

namespace httplib {
class Client;
enum class Error;
}  // namespace httplib

namespace raftly {

// `tls`: what to show and whom to believe besides the authorities of this machine; null: plain HTTP. The server's
// certificate must be for the host of `server`. Never fails where `tls` is null or was checked.
absl::StatusOr<std::unique_ptr<httplib::Client>> NewHttpClient(const Address& server, const TlsMaterial* tls);

// What went wrong with TLS, in words; null: it was something else.
const char* ExplainTls(httplib::Error error);

// Whether the server cannot have had the whole request; else nobody knows.
bool CertainlyNotSent(httplib::Error error);

}  // namespace raftly
