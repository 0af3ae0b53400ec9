#include "server/http/response_writer.h"

#include <ctime>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

const char* Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
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

// RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale. Made once a second and thread.
const std::string& Date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::time_t second = -1;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == second) return text;
  std::tm utc{};
  gmtime_r(&now, &utc);
  const auto two = [](int number) { return absl::Dec(number, absl::kZeroPad2); };
  text = absl::StrCat(kDays[utc.tm_wday], ", ", two(utc.tm_mday), " ", kMonths[utc.tm_mon], " ", 1900 + utc.tm_year,
                      " ", two(utc.tm_hour), ":", two(utc.tm_min), ":", two(utc.tm_sec), " GMT");
  second = now;
  return text;
}

}  // namespace

std::string WriteResponse(const HttpResponse& response, const Framing& framing) {
  const std::string& body = response.body;
  const bool stream = response.source != nullptr;
  const bool newline = !body.empty() && body.back() != '\n' && response.content_type == "application/json";
  const size_t length = body.size() + (newline ? 1 : 0);
  std::string out;
  out.reserve(256 + (framing.head_only ? 0 : length));
  absl::StrAppend(&out, "HTTP/1.1 ", response.status, " ", Reason(response.status), "\r\nDate: ", Date(), "\r\n");
  if (!stream) absl::StrAppend(&out, "Content-Length: ", length, "\r\n");
  if (stream || length > 0) absl::StrAppend(&out, "Content-Type: ", response.content_type, "\r\n");
  if (framing.keep_alive.count() > 0) {
    absl::StrAppend(&out, "Keep-Alive: timeout=", framing.keep_alive.count(), "\r\n");
  } else {
    out += "Connection: close\r\n";
  }
  for (const auto& [name, value] : response.headers) absl::StrAppend(&out, name, ": ", value, "\r\n");
  if (FindHeader(response.headers, "Raftly-Node").empty()) {
    absl::StrAppend(&out, "Raftly-Node: ", framing.node, "\r\n");
  }
  out += "\r\n";
  if (!framing.head_only) out += body;
  if (!framing.head_only && newline) out += '\n';
  return out;
}

}  // namespace raftly
