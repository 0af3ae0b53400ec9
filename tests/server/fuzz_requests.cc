#include "tests/server/fuzz_requests.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace raftly {
namespace {

std::string Repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string RuleArray(size_t rules) { return "[" + Repeated(R"({"action":"drop"},)", rules) + R"({"action":"drop"}])"; }

const std::vector<std::string>& OddQueries() {
  static const std::vector<std::string> queries = {"limit=0",
                                                   "limit=-1",
                                                   "limit=200",
                                                   "limit=201",
                                                   "limit=99999999999999999999",
                                                   "limit=1e3",
                                                   "limit=%32",
                                                   "consistency=stale",
                                                   "consistency=",
                                                   "consistency=%FF",
                                                   "include=chaos",
                                                   "include=chaos,log,links,members",
                                                   "include=,",
                                                   "include=%00",
                                                   "&&&===",
                                                   "=",
                                                   "a=b=c",
                                                   "%",
                                                   "%4",
                                                   "%zz=%zz",
                                                   "limit=%",
                                                   "consistency=+stale+",
                                                   "limit=5&limit=x"};
  return queries;
}

const std::vector<std::string>& OddPathParts() {
  static const std::vector<std::string> parts = {"%00",  "%0A", "%2F",     "%FF",  "%C0%80",       "%ED%A0%80", "%",
                                                 "%4",   "%zz", "/",       "//",   "..",           "/../",      "+",
                                                 "\xFF", "#",   "%25%32F", "a%20", "%F0%9F%98%80", ";",         "\\"};
  return parts;
}

const std::vector<std::pair<std::string, std::string>>& OddHeaders() {
  static const std::vector<std::pair<std::string, std::string>> headers = {
      {"Origin", "http://elsewhere.example"},
      {"Origin", "null"},
      {"Origin", "http://localhost"},
      {"Last-Event-ID", "fuzz-18446744073709551615"},
      {"Last-Event-ID", "fuzz-1"},
      {"Content-Type", "application/x-www-form-urlencoded"},
      {"Content-Type", "multipart/form-data; boundary="},
      {"Content-Type", "multipart/form-data; boundary=x"},
      {"Content-Encoding", "gzip"},
      {"Content-Encoding", "br"},
      {"Accept-Encoding", "gzip, br"},
      {"Range", "bytes=0-1"},
      {"Range", "bytes=x"},
      {"Expect", "100-continue"},
      {"Raftly-Timeout-Ms", "99999999999"},
      {"Raftly-Timeout-Ms", "-1"},
      {"Raftly-Timeout-Ms", "1"},
      {"Raftly-Forwarded", "node2"},
      {"X-Long", std::string(7000, 'x')},
      {"X-Odd", "\xFF\x01"},
      {"Authorization", "Basic \xFF"},
      {"Cookie", ";;;"}};
  return headers;
}

// A place where a JSON value begins, and its end, roughly.
std::pair<size_t, size_t> AnyValue(const std::string& json, std::mt19937_64& random) {
  const size_t from = json.find_first_of(":[,", random() % json.size());
  if (from == std::string::npos) return {0, json.size()};
  const size_t end = json.find_first_of(",}]", from + 1);
  return {from + 1, end == std::string::npos ? json.size() : end};
}

}  // namespace

std::string FuzzRequest::Bytes() const {
  std::string bytes = absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: localhost\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  const bool has_body = !body.empty() || method == "PUT" || method == "POST";
  if (has_body) absl::StrAppend(&bytes, "Content-Length: ", body.size(), "\r\n");
  return bytes + "\r\n" + body;
}

std::string Printable(const std::string& bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 400)) {
    const bool plain = (std::isprint(static_cast<unsigned char>(c)) != 0 && c != '\\') || c == '\n';
    out += plain ? std::string(1, c) : absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
  }
  return bytes.size() > 400 ? absl::StrCat(out, "… (", bytes.size(), " bytes)") : out;
}

void BreakBytes(std::string& bytes, std::mt19937_64& random) {
  if (bytes.empty()) bytes = "x";
  const size_t at = random() % bytes.size();
  const size_t some = std::min<size_t>(1 + random() % 16, bytes.size() - at);
  switch (random() % 6) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      bytes.erase(at, some);
      break;
    case 2:
      bytes.insert(at, bytes.substr(at, some));
      break;
    case 3:
      bytes[at] = static_cast<char>(random());
      break;
    case 4:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    default:
      static const std::vector<std::string> odd = {std::string(1, '\0'), "\xFF", "\"", "\\", "{", "[", "\r\n", "\xC3"};
      bytes.insert(at, odd[random() % odd.size()]);
  }
}

const std::vector<FuzzRequest>& FuzzRequests::Valid() {
  static const std::vector<FuzzRequest> valid = {
      {"PUT", "/keys/hello", R"({"value":"world"})"},
      {"GET", "/keys/hello"},
      {"GET", "/keys/hello?consistency=stale"},
      {"DELETE", "/keys/hello/world"},
      {"GET", "/status"},
      {"GET", "/healthz"},
      {"GET", "/readyz"},
      {"GET", "/api/log?limit=5"},
      {"GET", "/api/config"},
      {"POST", "/api/config", R"({"election_timeout_ms":150,"heartbeat_ms":50})"},
      {"GET", "/api/links"},
      {"GET", "/api/cluster"},
      {"GET", "/api/cluster/log?limit=5"},
      {"GET", "/api/cluster/config"},
      {"POST", "/api/cluster/config", R"({"election_timeout_ms":150,"heartbeat_ms":50})"},
      {"HEAD", "/api/events?include=chaos,log,links"},
      {"POST", "/api/chaos/heal"},
      {"POST", "/api/chaos/apply",
       R"({"rules":[{"id":"mine","from_node":"node1","to_node":"node2","action":"delay",)"
       R"("params":{"delay_ms":20,"jitter_ms":5.5}},{"action":"loss","params":{"loss_rate":0.1}},{"action":"drop"}]})"},
      {"GET", "/api/chaos/rules"},
      {"DELETE", "/api/chaos/rules/mine"},
      {"GET", "/api/cluster/chaos/state"},
      {"POST", "/api/cluster/chaos/isolate", R"({"node":"node1"})"},
      {"POST", "/api/cluster/chaos/partition", R"({"a":"node1","b":"node2"})"},
      {"POST", "/api/cluster/chaos/delay", R"({"node":"node1","delay_ms":20,"jitter_ms":5})"},
      {"POST", "/api/cluster/chaos/loss", R"({"node":"node1","loss_rate":0.3})"},
      {"POST", "/api/cluster/chaos/heal"},
      {"GET", "/"},
      {"GET", "/api/openapi.yaml"}};
  return valid;
}

std::string FuzzRequests::OddJson() {
  static const std::vector<std::string> odd = {"0",
                                               "-1",
                                               "-0.0",
                                               "1e308",
                                               "1e999",
                                               "-1e999",
                                               "1e-320",
                                               "NaN",
                                               "Infinity",
                                               "0x10",
                                               "01",
                                               "1.",
                                               ".5",
                                               "300.5",
                                               "9007199254740993",
                                               "9223372036854775808",
                                               "99999999999999999999999999",
                                               "60000",
                                               "60000.0001",
                                               "null",
                                               "true",
                                               "[]",
                                               "{}",
                                               "[[]]",
                                               "{\"a\":{}}",
                                               R"("")",
                                               R"("node1")",
                                               R"("node2")",
                                               R"("node9")",
                                               R"("delay")",
                                               R"("\u0000")",
                                               R"("\ud800")",
                                               R"("\ud83d\ude00")",
                                               "\"\xFF\"",
                                               "\"\xC0\x80\"",
                                               "\"\xED\xA0\x80\"",
                                               R"("\x")",
                                               "'x'",
                                               "",
                                               std::string(1, '\0'),
                                               "\"a\nb\"",
                                               "/* */1"};
  if (!OneIn(40)) return Pick(odd);
  switch (Below(7)) {
    case 0:
      return '"' + std::string(1 + Below(2000), 'x') + '"';
    case 1:
      return '"' + std::string(size_t{1} << 20, 'x') + "y\"";
    case 2:
      return std::string(1 + Below(100'000), '[');
    case 3:
      return Repeated("{\"a\":", 1 + Below(100));
    case 4:
      return "[0" + Repeated(",0", Below(30'000)) + "]";
    case 5:
      return std::string(1 + Below(1000), '9');
    default:
      return RuleArray(Below(12'000));
  }
}

void FuzzRequests::BreakJson(std::string& body) {
  const auto [begin, end] = AnyValue(body, random_);
  const std::string value = body.substr(begin, end - begin);
  if (OneIn(4)) {  // the same field twice, or one more
    body.insert(end, absl::StrCat(",\"", Pick<std::string>({"node", "value", "rules", "id", "action", "params", "x"}),
                                  "\":", OneIn(2) ? value : OddJson()));
  } else {
    body.replace(begin, end - begin, OddJson());
  }
}

void FuzzRequests::BreakBody(std::string& body) {
  if (OneIn(50)) body = Pick(Valid()).body;
  if (OneIn(2000)) body.append((size_t{8} << 20) + Below(2000), ' ');
  for (size_t i = 1 + Below(3); i > 0; --i) {
    if (body.empty() || OneIn(3)) {
      BreakBytes(body, random_);
    } else {
      BreakJson(body);
    }
  }
}

// Never a space or a line break: those would end it.
void FuzzRequests::BreakTarget(std::string& target) {
  switch (Below(5)) {
    case 0:
      target += (target.find('?') == std::string::npos ? "?" : "&") + Pick(OddQueries());
      break;
    case 1:
      target.insert(1 + Below(target.size()), Pick(OddPathParts()));
      break;
    case 2:
      target += Pick(OddPathParts());
      break;
    case 3:
      target.resize(1 + Below(target.size()));
      break;
    default:
      if (OneIn(10)) target += std::string(Below(10'000), 'k');
      target += "%6" + std::string(1, static_cast<char>('0' + Below(10)));
  }
}

FuzzRequest FuzzRequests::Next() {
  FuzzRequest request = Pick(Valid());
  if (OneIn(20)) request.method = Pick<std::string>({"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"});
  if (!request.body.empty() || OneIn(10)) BreakBody(request.body);
  if (request.body.empty() || OneIn(10)) BreakTarget(request.target);
  while (OneIn(5)) request.headers.push_back(Pick(OddHeaders()));
  return request;
}

}  // namespace raftly
