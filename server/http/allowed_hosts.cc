#include "server/http/allowed_hosts.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace raftly {
namespace {

constexpr std::string_view kEverybody = "*";

struct Authority {
  std::string name;  // in lower case, IPv6 without brackets, without a dot at its end
  int port = 0;
  bool well_formed = true;  // as far as the port goes
};

Authority Split(std::string_view text) {
  Authority out;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t end = std::min(text.find(']'), text.size());
    out.name = text.substr(1, end - 1);
    port = text.substr(std::min(end + 1, text.size()));
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    out.name = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data() + 1, end, out.port);
    out.well_formed = port.front() == ':' && stop == end && (port.size() == 1 || error == std::errc());
  }
  absl::AsciiStrToLower(&out.name);
  if (out.name.size() > 1 && out.name.back() == '.') out.name.pop_back();
  return out;
}

bool IsIpAddress(const std::string& name) {
  in_addr v4{};
  in6_addr v6{};
  const std::string without_zone = name.substr(0, name.find('%'));
  return inet_pton(AF_INET, name.c_str(), &v4) == 1 || inet_pton(AF_INET6, without_zone.c_str(), &v6) == 1;
}

}  // namespace

AllowedHosts::AllowedHosts(const std::vector<std::string>& own, const std::vector<std::string>& others)
    : everybody_(std::find(others.begin(), others.end(), kEverybody) != others.end()) {
  for (const std::string& entry : own) own_.push_back(Parse(entry));
  for (const std::string& entry : others) others_.push_back(Parse(entry));
}

AllowedHosts::Entry AllowedHosts::Parse(std::string_view entry) {
  Authority authority = Split(entry);
  return {std::move(authority.name), authority.port};
}

bool AllowedHosts::Matches(const Entry& entry, std::string_view name) {
  const std::string_view known = entry.name;
  if (known.empty() || known.front() != '.') return name == known;
  return name.size() > known.size() && name.substr(name.size() - known.size()) == known;
}

bool AllowedHosts::KnowsHost(std::string_view host) const {
  const std::string name = Split(host).name;
  if (everybody_ || name.empty() || IsIpAddress(name)) return true;
  const auto matches = [&](const Entry& entry) { return Matches(entry, name); };
  return std::any_of(own_.begin(), own_.end(), matches) || std::any_of(others_.begin(), others_.end(), matches);
}

bool AllowedHosts::KnowsOrigin(std::string_view origin) const {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  const bool plain = origin.substr(0, kHttp.size()) == kHttp;
  if (!plain && origin.substr(0, kHttps.size()) != kHttps) return false;
  Authority authority = Split(origin.substr(plain ? kHttp.size() : kHttps.size()));
  if (authority.port == 0) authority.port = plain ? 80 : 443;
  return std::any_of(others_.begin(), others_.end(), [&](const Entry& entry) {
    return (entry.port == 0 || entry.port == authority.port) && Matches(entry, authority.name);
  });
}

bool AllowedHosts::IsEntry(std::string_view text) {
  if (text == kEverybody) return true;
  const auto [name, port, well_formed] = Split(text);
  if (!well_formed || name.empty() || name == "." || (text.front() == '[' && !IsIpAddress(name))) return false;
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  };
  return IsIpAddress(name) || std::all_of(name.begin(), name.end(), fits);
}

}  // namespace raftly
