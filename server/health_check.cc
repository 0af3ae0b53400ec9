#include "server/health_check.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/address.h"
#include "server/connect_error.h"
#include "server/http_client.h"

namespace raftly {
namespace {

constexpr int kTimeoutSeconds = 2;
constexpr std::string_view kScheme = "http://";
constexpr std::string_view kSecureScheme = "https://";

}  // namespace

absl::Status CheckHealth(const std::string& url, const TlsFile& authorities) {
  std::string_view rest = url;
  const bool secure = rest.substr(0, kSecureScheme.size()) == kSecureScheme;
  if (secure) rest.remove_prefix(kSecureScheme.size());
  if (rest.substr(0, kScheme.size()) == kScheme) rest.remove_prefix(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string path = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  std::string authority(rest.substr(0, slash));
  if (authority.find(':') == std::string::npos) authority += secure ? ":443" : ":80";
  const auto address = ParseAddress(authority);
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("flag -health-check: \"", url, "\": want http://host:port/path"));
  }
  const auto trust = ReadTlsFiles({.authorities = authorities});
  if (!trust.ok()) return trust.status();
  const auto made = NewHttpClient(*address, secure ? &*trust : nullptr);
  if (!made.ok()) return made.status();
  httplib::Client& client = **made;
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  client.set_url_encode(false);
  const auto result = client.Get(path);
  if (!result) {
    if (const char* tls = ExplainTls(result.error())) return absl::UnavailableError(absl::StrCat(url, ": ", tls));
    const bool connected = result.error() == httplib::Error::Read || result.error() == httplib::Error::Write;
    const std::chrono::seconds patience(kTimeoutSeconds);
    return absl::UnavailableError(
        absl::StrCat(url, ": ", connected ? "no answer in time" : WhyNoConnection(*address, patience)));
  }
  if (result->status != 200) return absl::UnavailableError(absl::StrCat(url, ": status ", result->status));
  return absl::OkStatus();
}

}  // namespace raftly
