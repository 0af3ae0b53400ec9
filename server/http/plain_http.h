// HTTP/1.1 as nearly all clients speak it, without a library and without waiting: a request that is there as a whole,
// and an answer of known length. Whatever is unusual is left to httplib.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "raft/core/types.h"
#include "server/http/http_message.h"

namespace raftly {

struct PlainRequest {
  enum class Verdict {
    kComplete,    // `request`, and what it makes of the connection's bytes
    kIncomplete,  // plain as far as it goes; there is more to come
    kUnusual,     // for httplib
  };

  Verdict verdict = Verdict::kUnusual;
  HttpRequest request = {};
  size_t bytes = 0;
};

// Unusual: another version than 1.1, an absolute target or one with a second '?', a body of GET or HEAD,
// Transfer-Encoding, Content-Encoding, Expect, Range, a Connection that is not kept alive, more than one length or an
// odd one, a folded line, a very long one, an odd character. A complete request is the one that httplib would find.
PlainRequest ParsePlainRequest(std::string_view received);

// How an answer is framed: by whom it is given, and whether the connection ends with it or after how long a silence.
struct Framing {
  NodeId node;
  std::chrono::seconds keep_alive{0};  // 0: this was the last answer
};

// Status line and headers; `length` is the body's, negative where nobody knows it yet.
std::string WriteHead(const HttpResponse& response, const Framing& framing, long long length);
// The whole answer. Requires that it is no stream.
std::string WriteResponse(const HttpResponse& response, const Framing& framing);

}  // namespace raftly
