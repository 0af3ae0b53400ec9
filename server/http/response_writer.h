// An answer as bytes of HTTP/1.1.
#pragma once

#include <chrono>
#include <string>

#include "raft/core/types.h"
#include "server/http/http_message.h"

namespace raftly {

// How an answer is framed: by whom it is given, and whether the connection ends with it or after how long a silence.
struct Framing {
  NodeId node;
  std::chrono::seconds keep_alive{0};  // 0: this was the last answer
  bool head_only = false;              // the request was HEAD: the body is only announced
};

// The whole answer; of a stream only what comes before it. JSON ends with a newline, for those who read in terminals.
std::string WriteResponse(const HttpResponse& response, const Framing& framing);

}  // namespace raftly
