#include "server/server_url.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace raftly {

absl::StatusOr<ServerUrl> ParseServerUrl(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kSecureScheme = "https://";
  ServerUrl url;
  url.secure = text.substr(0, kSecureScheme.size()) == kSecureScheme;
  if (url.secure) {
    text.remove_prefix(kSecureScheme.size());
  } else if (text.substr(0, kScheme.size()) == kScheme) {
    text.remove_prefix(kScheme.size());
  }
  if (text.find("://") != std::string_view::npos) return absl::InvalidArgumentError("want http:// or https://");
  const size_t slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) url.path = std::string(text.substr(slash));
  std::string authority(text.substr(0, slash));
  if (authority.empty()) return absl::InvalidArgumentError("want http://host:port");
  if (authority.find('@') != std::string::npos) {
    return absl::InvalidArgumentError("want http://host:port, without a user");
  }
  const size_t bracket = authority.rfind(']');
  if (authority.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos)
    authority += url.secure ? ":443" : ":80";
  auto address = ParseAddress(authority);
  if (!address.ok())
    return absl::InvalidArgumentError(absl::StrCat("want http://host:port: ", address.status().message()));
  url.address = *std::move(address);
  if (url.address.host.empty()) url.address.host = "localhost";
  return url;
}

std::string ToString(const ServerUrl& url) {
  return absl::StrCat(url.secure ? "https://" : "http://", ToString(url.address), url.path == "/" ? "" : url.path);
}

}  // namespace raftly
