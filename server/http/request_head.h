// The head of a request, line by line (RFC 9112, sections 2 to 6). Strict: what two readers could read differently is
// refused, because the other one may be a proxy in front of this server.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "server/http/http_message.h"

namespace raftly {

// Why a request is not even looked at. The connection ends: nobody knows where the next request would begin.
struct HttpRefusal {
  int status = 400;
  const char* why = "malformed request";
};

struct RequestHead {
  HttpRequest request = {};
  bool http_1_0 = false;
  // What the headers come to; known after ConcludeHead.
  bool last = false;              // the client wants no answer after this one's
  bool expects_continue = false;  // it waits for "100 Continue" before it sends the body
  bool chunked = false;
  size_t length = 0;  // of the body, where it is not chunked
};

// `line` comes without its end. Nothing: it is in order.
std::optional<HttpRefusal> ParseRequestLine(std::string_view line, RequestHead& head);
// Also of the trailer behind a chunked body.
std::optional<HttpRefusal> ParseFieldLine(std::string_view line, HttpHeaders& headers);
// After the last line: what the headers say together.
std::optional<HttpRefusal> ConcludeHead(RequestHead& head, size_t max_body_bytes);

// Whether a method or a header could begin with this.
bool IsTokenChar(char c);
// Whether this could be a header's value: no control character but tabs.
bool IsFieldText(std::string_view text);

}  // namespace raftly
