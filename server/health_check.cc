#include "server/health_check.h"

#include <httplib.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "server/connect_error.h"
#include "server/http_client.h"
#include "server/server_url.h"

namespace raftly {
namespace {

constexpr int kTimeoutSeconds = 2;

}  // namespace

absl::Status CheckHealth(const std::string& url, const TlsFile& authorities) {
  const auto where = ParseServerUrl(url);
  if (!where.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("flag -health-check: \"", url, "\": want http://host:port/path"));
  }
  const auto trust = ReadTlsFiles({.authorities = authorities});
  if (!trust.ok()) return trust.status();
  const auto made = NewHttpClient(where->address, where->secure ? &*trust : nullptr);
  if (!made.ok()) return made.status();
  httplib::Client& client = **made;
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  client.set_url_encode(false);
  const auto result = client.Get(where->path);
  if (!result) {
    if (const char* tls = ExplainTls(result.error())) return absl::UnavailableError(absl::StrCat(url, ": ", tls));
    const bool connected = result.error() == httplib::Error::Read || result.error() == httplib::Error::Write;
    const std::chrono::seconds patience(kTimeoutSeconds);
    return absl::UnavailableError(
        absl::StrCat(url, ": ", connected ? "no answer in time" : WhyNoConnection(where->address, patience)));
  }
  if (result->status != 200) return absl::UnavailableError(absl::StrCat(url, ": status ", result->status));
  return absl::OkStatus();
}

}  // namespace raftly
