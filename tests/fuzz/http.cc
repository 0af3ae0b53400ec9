// Requests as they come on a connection, in any pieces, up to what they want of the keys.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "raft/core/check.h"
#include "server/http/allowed_hosts.h"
#include "server/http/kv_wish.h"
#include "server/http/request_reader.h"
#include "server/http/url.h"
#include "server/kv/command.h"
#include "server/kv/utf8.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

// Near enough for short inputs to reach them.
constexpr RequestReader::Limits kLimits{.line_bytes = 256, .head_bytes = 512, .body_bytes = 512};

struct Heard {
  std::vector<HttpRequest> requests;
  std::vector<bool> last;
  RequestReader::State then = RequestReader::State::kNothing;
};

Heard Hear(std::string_view bytes, size_t piece) {
  RequestReader reader(kLimits);
  Heard heard;
  while (!bytes.empty() && heard.then != RequestReader::State::kRefused) {
    std::string_view data = bytes.substr(0, piece);
    const size_t before = data.size();
    heard.then = reader.Read(data);
    bytes.remove_prefix(before - data.size());
    RAFTLY_CHECK(reader.held_bytes() <= kLimits.line_bytes + kLimits.head_bytes + kLimits.body_bytes,
                 "a request is larger than the limits");
    if (heard.then == RequestReader::State::kComplete) {
      heard.last.push_back(reader.last());
      heard.requests.push_back(std::move(reader.request()));
      reader.Reset();
    } else {
      RAFTLY_CHECK(data.empty() || heard.then == RequestReader::State::kRefused, "bytes were left without a reason");
    }
  }
  if (heard.then == RequestReader::State::kRefused) {
    RAFTLY_CHECK(reader.refusal().status >= 400 && *reader.refusal().why != '\0', "refused without a reason");
  }
  return heard;
}

bool SameRequest(const HttpRequest& a, const HttpRequest& b) {
  return a.method == b.method && a.target == b.target && a.headers == b.headers && a.body == b.body;
}

// Of the message and not of what it says; HTTP/1.0 ignores the last.
bool IsFraming(std::string_view name) {
  const absl::string_view header(name.data(), name.size());
  return absl::EqualsIgnoreCase(header, "Content-Length") || absl::EqualsIgnoreCase(header, "Transfer-Encoding") ||
         absl::EqualsIgnoreCase(header, "Expect");
}

// What was understood of a request, said in the plainest way, is understood as the same.
void CheckSaidAgain(const HttpRequest& request) {
  HttpRequest plain = request;
  std::erase_if(plain.headers, [](const auto& header) { return IsFraming(header.first); });
  const bool has_host = std::any_of(plain.headers.begin(), plain.headers.end(),
                                    [](const auto& header) { return absl::EqualsIgnoreCase(header.first, "host"); });
  if (!has_host) plain.headers.emplace_back("Host", "x");  // HTTP/1.0 may leave it out
  std::string bytes = plain.method + " " + plain.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : plain.headers) bytes += name + ":" + value + "\r\n";
  if (!plain.body.empty()) {
    plain.headers.emplace_back("Content-Length", std::to_string(plain.body.size()));
    bytes += "Content-Length: " + std::to_string(plain.body.size()) + "\r\n";
  }
  bytes += "\r\n" + plain.body;
  RequestReader reader({});
  std::string_view data = bytes;
  const auto state = reader.Read(data);
  RAFTLY_CHECK(state == RequestReader::State::kComplete && data.empty(), "what was understood is refused");
  RAFTLY_CHECK(SameRequest(reader.request(), plain), "what was understood is understood in another way");
}

void CheckUrl(const HttpRequest& request) {
  const std::string everything = request.target + request.body;
  const auto decoded = PercentDecode(PercentEncode(everything));
  RAFTLY_CHECK(decoded.ok() && *decoded == everything, "percent-encoding loses something");
  const auto parameter = QueryParameter(request.query(), "limit");
  RAFTLY_CHECK(parameter.ok() || IsUtf8(std::string(parameter.status().message())), "an error is no text");
}

void CheckWish(const HttpRequest& request) {
  if (!request.path().starts_with(kKeysPrefix) && request.path() != kTransactionPath) return;
  const auto wish = WishOf(request);
  if (!wish.ok()) {
    const HttpResponse answer = AnswerTo(wish.status());
    RAFTLY_CHECK(answer.status == 400 || answer.status == 413, "a bad wish is nobody's mistake");
    RAFTLY_CHECK(IsUtf8(answer.body), "an error is no text");
    return;
  }
  if (wish->reads()) return;
  const Command command = DecodeCommand(wish->write.command);
  RAFTLY_CHECK(command.op != Command::Op::kNothing, "a write was taken that does nothing");
  RAFTLY_CHECK(command.key == wish->key, "a write is to another key than was asked for");
  RAFTLY_CHECK(command.once == request.header("Idempotency-Key"), "a write has another key to come again by");
  RAFTLY_CHECK(wish->write.command.size() <= kMaxCommandBytes, "a command is too long");
}

const AllowedHosts& Hosts() {
  static const AllowedHosts hosts({"localhost:8001", "node1"}, {".cluster.local", "raftly.example.com"});
  return hosts;
}

}  // namespace

void FuzzHttp(std::string_view input) {
  Input bytes(input);
  const size_t piece = 1 + bytes.Byte();
  const std::string_view stream = bytes.Rest();
  const Heard whole = Hear(stream, stream.size());
  const Heard pieces = Hear(stream, piece);
  RAFTLY_CHECK(
      whole.requests.size() == pieces.requests.size() && whole.last == pieces.last && whole.then == pieces.then,
      "what is understood depends on the pieces that it comes in");
  for (size_t i = 0; i < whole.requests.size(); ++i) {
    const HttpRequest& request = whole.requests[i];
    RAFTLY_CHECK(SameRequest(request, pieces.requests[i]), "a request depends on the pieces that it comes in");
    CheckSaidAgain(request);
    CheckUrl(request);
    CheckWish(request);
    Hosts().KnowsHost(request.header("Host"));
    Hosts().KnowsOrigin(request.header("Origin"));
  }
}

std::vector<std::string> HttpSeeds() {
  const std::string host = "Host: localhost:8001\r\n";
  const auto put = [&](const std::string& headers, const std::string& body) {
    return "PUT /keys/a%20b HTTP/1.1\r\n" + host + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  return {
      " GET /keys/a?consistency=stale HTTP/1.1\r\n" + host + "\r\n",
      "\x07" + put("If-Match: \"7\"\r\nIdempotency-Key: k1\r\n", R"({"value":"v"})"),
      " " + put("If-None-Match: *\r\nOrigin: https://raftly.example.com\r\n", R"({"value":"\u00e4\n"})"),
      " POST /keys/n HTTP/1.1\r\n" + host +
          "Transfer-Encoding: chunked\r\n\r\n9;x=y\r\n{\"add\":-1\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
      " POST /api/txn HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nContent-Length: 52\r\n\r\n"
      R"({"if":[{"key":"a","version":1}],"then":[{"op":"get","key":"a"}]})",
      " \r\nDELETE http://node1:1/keys/a HTTP/1.0\r\nConnection: close\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
      "\xff" + put("", R"({"value":"1"})") + put("", R"({"value":"2"})") +
          "GET /api/log?limit=5&limit=%35 HTTP/1.1\r\n" + host + "\r\n",
  };
}

}  // namespace raftly::fuzz
