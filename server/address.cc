#include "server/address.h"

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

bool IsHostCharacter(char c, bool brackets) {
  const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter_or_digit || c == '.' || (brackets ? c == ':' || c == '%' : c == '-' || c == '_');
}

absl::StatusOr<int> ParsePort(std::string_view text) {
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return absl::InvalidArgumentError("the port is not a number");
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || port < 1 || port > 65535) {
    return absl::InvalidArgumentError("the port is not between 1 and 65535");
  }
  return port;
}

}  // namespace

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return absl::InvalidArgumentError("want host:port or :port");
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if (!std::all_of(host.begin(), host.end(), [&](char c) { return IsHostCharacter(c, brackets); })) {
    return absl::InvalidArgumentError("want host:port or :port");
  }
  const auto port = ParsePort(text.substr(colon + 1));
  if (!port.ok()) return port.status();
  return Address{std::string(host), *port};
}

std::string ToString(const Address& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return absl::StrCat(brackets ? "[" : "", address.host, brackets ? "]" : "", ":", address.port);
}

}  // namespace raftly
