#include "server/health_check.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/address.h"
#include "server/connect_error.h"

namespace raftly {
namespace {

constexpr int kTimeoutSeconds = 2;
constexpr std::string_view kScheme = "http://";

}  // namespace

absl::Status CheckHealth(const std::string& url) {
  std::string_view rest = url;
  if (rest.substr(0, kScheme.size()) == kScheme) rest.remove_prefix(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string path = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  std::string authority(rest.substr(0, slash));
  if (authority.find(':') == std::string::npos) authority += ":80";
  const auto address = ParseAddress(authority);
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("flag -health-check: \"", url, "\": want http://host:port/path"));
  }
  httplib::Client client(address->host.empty() ? "localhost" : address->host, address->port);
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  client.set_url_encode(false);
  const auto result = client.Get(path);
  if (!result) {
    const bool connected = result.error() == httplib::Error::Read || result.error() == httplib::Error::Write;
    const std::chrono::seconds patience(kTimeoutSeconds);
    return absl::UnavailableError(
        absl::StrCat(url, ": ", connected ? "no answer in time" : WhyNoConnection(*address, patience)));
  }
  if (result->status != 200) return absl::UnavailableError(absl::StrCat(url, ": status ", result->status));
  return absl::OkStatus();
}

}  // namespace raftly
