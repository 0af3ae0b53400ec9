#include "server/http_client.h"

#include <httplib.h>

#include "absl/strings/str_cat.h"

namespace raftly {

absl::StatusOr<std::unique_ptr<httplib::Client>> NewHttpClient(const Address& server, const TlsMaterial* tls) {
  const Address place{server.host.empty() ? "localhost" : server.host, server.port};
  if (tls == nullptr) return std::make_unique<httplib::Client>(place.host, place.port);
  auto client = std::make_unique<httplib::Client>(absl::StrCat("https://", ToString(place)));
  client->enable_server_certificate_verification(true);
  if (auto status = Equip(client->ssl_context(), *tls, {}); !status.ok()) return status;
  return client;
}

const char* ExplainTls(httplib::Error error) {
  switch (error) {
    case httplib::Error::SSLConnection:
      return "no TLS with it: it speaks none, or refuses our certificate";
    case httplib::Error::SSLServerVerification:
      return "its certificate is not for this name, or of an authority that is not trusted here";
    case httplib::Error::SSLLoadingCerts:
      return "the authorities cannot be loaded";
    default:
      return nullptr;
  }
}

// httplib reports Write only where the kernel did not take the last bytes.
bool CertainlyNotSent(httplib::Error error) {
  return error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout ||
         error == httplib::Error::BindIPAddress || error == httplib::Error::Write || ExplainTls(error) != nullptr;
}

}  // namespace raftly
