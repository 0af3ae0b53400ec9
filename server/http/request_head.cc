#include "server/http/request_head.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using Maybe = std::optional<HttpRefusal>;

constexpr size_t kMostLengthDigits = 18;  // fits size_t
constexpr size_t kUsualHeaders = 8;

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }

// Characters of a kind, looked up: every byte of a head is.
class Characters {
 public:
  template <class Predicate>
  constexpr explicit Characters(Predicate holds) {
    for (int c = 0; c < 256; ++c) holds_[c] = holds(static_cast<char>(c));
  }
  constexpr bool operator()(char c) const { return holds_[static_cast<unsigned char>(c)]; }

 private:
  bool holds_[256] = {};
};

constexpr Characters LettersDigitsAnd(std::string_view others) {
  return Characters([others](char c) { return IsLetter(c) || IsDigit(c) || others.find(c) != std::string_view::npos; });
}

constexpr Characters kToken = LettersDigitsAnd("!#$%&'*+-.^_`|~");
constexpr Characters kHost = LettersDigitsAnd("-._~%!$&'()*+,;=");
constexpr Characters kAddress = LettersDigitsAnd("-._~%!$&'()*+,;=:");
// RFC 9110, section 5.5: a tab and bytes from 0x80 up are allowed.
constexpr Characters kValue([](char c) { return c == '\t' || !IsControl(c); });
// Bytes from 0x80 up are no part of a URI, but clients send keys as they are typed. A fragment is the client's own.
constexpr Characters kTarget([](char c) { return c != ' ' && c != '#' && !IsControl(c); });

template <class Predicate>
bool AllOf(std::string_view text, const Predicate& predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Host = uri-host [ ":" port ]
bool IsAuthority(std::string_view text) {
  size_t end = 0;
  if (!text.empty() && text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || !AllOf(text.substr(1, end - 1), kAddress)) return false;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    if (!AllOf(text.substr(0, end), kHost)) return false;
  }
  return end == text.size() || (text[end] == ':' && AllOf(text.substr(end + 1), IsDigit));
}

Maybe ParseVersion(std::string_view version, RequestHead& head) {
  const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && IsDigit(version[5]) &&
                           version[6] == '.' && IsDigit(version[7]);
  if (!well_formed) return HttpRefusal{400, "the request line is not METHOD TARGET HTTP/1.1"};
  if (version[5] != '1') return HttpRefusal{505, "only HTTP/1.1 is spoken here"};
  head.http_1_0 = version[7] == '0';
  return std::nullopt;
}

// All headers of that name. Null: there is none; the second one counts in `count`.
const std::string* Only(const HttpHeaders& headers, std::string_view name, size_t& count) {
  const std::string* found = nullptr;
  count = 0;
  for (const auto& [key, value] : headers) {
    if (Same(key, name) && ++count == 1) found = &value;
  }
  return found;
}

// Calls `item` for each element of a comma-separated list, which may be spread over several headers.
template <class Function>
void ForEachItem(const HttpHeaders& headers, std::string_view name, const Function& item) {
  for (const auto& [key, value] : headers) {
    if (!Same(key, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      item(Trim(rest.substr(0, comma)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
}

// RFC 9112, section 3.2: what is asked for as from a proxy is asked for here, and its host is the one that counts.
Maybe TakeAbsoluteTarget(HttpRequest& request) {
  const size_t scheme = request.target.find("://");
  if (scheme == std::string::npos) return HttpRefusal{400, "the target is no path"};
  const size_t begin = scheme + 3;
  const size_t end = std::min(request.target.find_first_of("/?", begin), request.target.size());
  const std::string authority = request.target.substr(begin, end - begin);
  const std::string_view name = std::string_view(request.target).substr(0, scheme);
  if ((!Same(name, "http") && !Same(name, "https")) || authority.empty() || !IsAuthority(authority)) {
    return HttpRefusal{400, "the target is no path"};
  }
  const std::string path = request.target.substr(end);
  request.target = path.empty() || path.front() != '/' ? absl::StrCat("/", path) : path;
  std::erase_if(request.headers, [](const auto& header) { return Same(header.first, "Host"); });
  request.headers.emplace_back("Host", authority);
  return std::nullopt;
}

Maybe CheckHost(RequestHead& head) {
  size_t hosts = 0;
  const std::string* host = Only(head.request.headers, "Host", hosts);
  if (hosts > 1) return HttpRefusal{400, "more than one Host"};
  if (hosts == 0 && !head.http_1_0) return HttpRefusal{400, "the header Host is missing"};
  if (host != nullptr && !IsAuthority(*host)) return HttpRefusal{400, "malformed Host"};
  const std::string& target = head.request.target;
  if (target.front() == '/' || (target == "*" && head.request.method == "OPTIONS")) return std::nullopt;
  return TakeAbsoluteTarget(head.request);
}

Maybe CheckTransferEncoding(RequestHead& head) {
  std::string_view final_coding;
  size_t codings = 0;
  ForEachItem(head.request.headers, "Transfer-Encoding", [&](std::string_view item) {
    final_coding = item;
    ++codings;
  });
  size_t headers = 0;
  Only(head.request.headers, "Transfer-Encoding", headers);
  if (headers == 0) return std::nullopt;
  // RFC 9112, section 6.1: in HTTP/1.0 it is a sign of somebody in between who did not understand it.
  if (head.http_1_0) return HttpRefusal{400, "Transfer-Encoding in HTTP/1.0"};
  if (headers > 1 || !Same(final_coding, "chunked")) return HttpRefusal{400, "the length of the body cannot be known"};
  if (codings > 1) return HttpRefusal{501, "the only Transfer-Encoding understood is chunked"};
  head.chunked = true;
  return std::nullopt;
}

// RFC 9112, section 6: what is ambiguous about a body's length is refused, not guessed.
Maybe CheckLength(RequestHead& head, size_t max_body_bytes) {
  size_t lengths = 0;
  const std::string* length = Only(head.request.headers, "Content-Length", lengths);
  if (length == nullptr) return std::nullopt;
  if (head.chunked || lengths > 1) return HttpRefusal{400, "more than one length of the body"};
  if (length->empty() || !AllOf(*length, IsDigit)) return HttpRefusal{400, "malformed Content-Length"};
  if (length->size() > kMostLengthDigits || std::stoull(*length) > max_body_bytes) {
    return HttpRefusal{413, "the body is too large"};
  }
  head.length = std::stoull(*length);
  return std::nullopt;
}

Maybe CheckContentEncoding(const RequestHead& head) {
  bool encoded = false;
  ForEachItem(head.request.headers, "Content-Encoding",
              [&](std::string_view item) { encoded |= !item.empty() && !Same(item, "identity"); });
  if (!encoded || (!head.chunked && head.length == 0)) return std::nullopt;
  return HttpRefusal{415, "a body is taken as it is, without Content-Encoding"};
}

Maybe CheckExpect(RequestHead& head) {
  bool unknown = false;
  bool expects = false;
  ForEachItem(head.request.headers, "Expect",
              [&](std::string_view item) { (Same(item, "100-continue") ? expects : unknown) = true; });
  if (head.http_1_0) return std::nullopt;  // RFC 9110, section 10.1.1: to be ignored
  if (unknown) return HttpRefusal{417, "the only expectation understood is 100-continue"};
  head.expects_continue = expects && (head.chunked || head.length > 0);
  return std::nullopt;
}

}  // namespace

bool IsTokenChar(char c) { return kToken(c); }

bool IsFieldText(std::string_view text) { return AllOf(text, kValue); }

std::optional<HttpRefusal> ParseRequestLine(std::string_view line, RequestHead& head) {
  constexpr HttpRefusal kMalformed{400, "the request line is not METHOD TARGET HTTP/1.1"};
  const size_t first = line.find(' ');
  if (first == 0 || first == std::string_view::npos) return kMalformed;
  const size_t second = line.find(' ', first + 1);
  if (second == first + 1 || second == std::string_view::npos) return kMalformed;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (!AllOf(method, kToken)) return kMalformed;
  if (!AllOf(target, kTarget)) return HttpRefusal{400, "a character in the target has to be percent-encoded"};
  if (auto refusal = ParseVersion(line.substr(second + 1), head)) return refusal;
  head.request.method = method;
  head.request.target = target;
  head.request.headers.reserve(kUsualHeaders);
  return std::nullopt;
}

std::optional<HttpRefusal> ParseFieldLine(std::string_view line, HttpHeaders& headers) {
  if (line.front() == ' ' || line.front() == '\t') return HttpRefusal{400, "a folded header"};
  const size_t colon = line.find(':');
  // RFC 9112, section 5.1: a space before the colon has been used to hide a header from somebody in between.
  if (colon == 0 || colon == std::string_view::npos || !AllOf(line.substr(0, colon), kToken)) {
    return HttpRefusal{400, "a header is not NAME: VALUE"};
  }
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!IsFieldText(value)) return HttpRefusal{400, "a control character in a header"};
  headers.emplace_back(line.substr(0, colon), value);
  return std::nullopt;
}

std::optional<HttpRefusal> ConcludeHead(RequestHead& head, size_t max_body_bytes) {
  head.last = head.http_1_0;
  ForEachItem(head.request.headers, "Connection", [&](std::string_view item) { head.last |= Same(item, "close"); });
  if (auto refusal = CheckHost(head)) return refusal;
  if (auto refusal = CheckTransferEncoding(head)) return refusal;
  if (auto refusal = CheckLength(head, max_body_bytes)) return refusal;
  if (auto refusal = CheckContentEncoding(head)) return refusal;
  return CheckExpect(head);
}

}  // namespace raftly
