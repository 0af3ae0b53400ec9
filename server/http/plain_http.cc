#include "server/http/plain_http.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr size_t kMostLengthDigits = 9;
constexpr size_t kLongestLine = 4096;  // httplib refuses them beyond 8192
constexpr std::string_view kNewLine = "\r\n";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameChar(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; }
bool IsTargetChar(char c) { return c > ' ' && c <= '~' && c != '#'; }
// httplib decodes percent signs, even in headers.
bool IsValueChar(char c) { return c >= ' ' && c <= '~' && c != '%'; }

template <typename Predicate>
bool AllOf(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

// Up to `mark`, and past it. Nothing where there is none.
std::optional<std::string_view> CutAt(std::string_view& text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at + mark.size());
  return head;
}

bool ParseRequestLine(std::string_view line, HttpRequest& request) {
  const auto method = CutAt(line, " ");
  const auto target = method ? CutAt(line, " ") : std::nullopt;
  if (!target || line != "HTTP/1.1" || !AllOf(*method, IsLetter)) return false;
  if (!AllOf(*target, IsTargetChar) || target->front() != '/') return false;
  if (std::count(target->begin(), target->end(), '?') > 1) return false;
  request.method = std::string(*method);
  request.target = std::string(*target);
  return true;
}

bool IsName(std::string_view text, const char* name) {
  return absl::EqualsIgnoreCase({text.data(), text.size()}, name);
}

// Whether the header changes how the rest is to be read, or what becomes of the connection.
bool IsUnusual(std::string_view name, std::string_view value) {
  if (IsName(name, "Connection")) return !IsName(value, "keep-alive");
  for (const char* one : {"Transfer-Encoding", "Content-Encoding", "Expect", "Range"}) {
    if (IsName(name, one)) return true;
  }
  return false;
}

bool ParseHeader(std::string_view line, HttpRequest& request, std::optional<size_t>& length) {
  const auto name = CutAt(line, ":");
  if (!name || !AllOf(*name, IsNameChar)) return false;
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  if (!AllOf(line, IsValueChar) || IsUnusual(*name, line)) return false;
  if (IsName(*name, "Content-Length")) {
    if (length || line.size() > kMostLengthDigits || !AllOf(line, IsDigit)) return false;
    length = std::stoul(std::string(line));
  }
  request.headers.emplace_back(*name, line);
  return true;
}

const char* Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 413:
      return "Payload Too Large";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "";  // RFC 9112, section 4: clients ignore it
  }
}

}  // namespace

PlainRequest ParsePlainRequest(std::string_view received) {
  using Verdict = PlainRequest::Verdict;
  std::string_view rest = received;
  PlainRequest found;
  std::optional<size_t> length;
  const auto request_line = CutAt(rest, kNewLine);
  if (!request_line) return {.verdict = Verdict::kIncomplete};
  if (request_line->size() > kLongestLine || !ParseRequestLine(*request_line, found.request)) return {};
  while (true) {
    const auto line = CutAt(rest, kNewLine);
    if (!line) return {.verdict = Verdict::kIncomplete};
    if (line->empty()) break;
    if (line->size() > kLongestLine || !ParseHeader(*line, found.request, length)) return {};
  }
  const size_t body = length.value_or(0);
  const bool may_have_body = found.request.method == "PUT" || found.request.method == "DELETE";
  if (body > 0 && !may_have_body) return {};
  if (rest.size() < body) return {.verdict = Verdict::kIncomplete};
  found.request.body = std::string(rest.substr(0, body));
  found.bytes = received.size() - rest.size() + body;
  found.verdict = Verdict::kComplete;
  return found;
}

std::string WriteHead(const HttpResponse& response, const Framing& framing, long long length) {
  std::string head = absl::StrCat("HTTP/1.1 ", response.status, " ", Reason(response.status), "\r\n");
  if (length >= 0) absl::StrAppend(&head, "Content-Length: ", length, "\r\n");
  if (length != 0) absl::StrAppend(&head, "Content-Type: ", response.content_type, "\r\n");
  if (framing.keep_alive.count() > 0) {
    absl::StrAppend(&head, "Keep-Alive: timeout=", framing.keep_alive.count(), "\r\n");
  } else {
    head += "Connection: close\r\n";
  }
  for (const auto& [name, value] : response.headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  if (FindHeader(response.headers, "Raftly-Node").empty()) {
    absl::StrAppend(&head, "Raftly-Node: ", framing.node, "\r\n");
  }
  return head + "\r\n";
}

std::string WriteResponse(const HttpResponse& response, const Framing& framing) {
  return WriteHead(response, framing, static_cast<long long>(response.body.size())) + response.body;
}

}  // namespace raftly
