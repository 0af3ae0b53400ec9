#include "server/http/url.h"

#include <algorithm>

#include "absl/status/status.h"

namespace raftly {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

absl::StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return absl::InvalidArgumentError("a '%' is not followed by two hexadecimal digits");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[static_cast<unsigned char>(c) & 0xF]);
  }
  return out;
}

absl::StatusOr<std::optional<std::string>> QueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    std::string item(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
    std::replace(item.begin(), item.end(), '+', ' ');
    const size_t equals = std::min(item.find('='), item.size());
    const auto key = PercentDecode(std::string_view(item).substr(0, equals));
    if (!key.ok()) return key.status();
    if (*key != name) continue;
    auto value = PercentDecode(std::string_view(item).substr(std::min(equals + 1, item.size())));
    if (!value.ok()) return value.status();
    return std::optional<std::string>(*std::move(value));
  }
  return std::optional<std::string>();
}

}  // namespace raftly
