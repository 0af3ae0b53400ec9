// One request and its answer, between httplib's types and ours: framing is checked, the body read within its limit, the
// front door asked, every failure made JSON.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <string>

#include "raft/core/time.h"
#include "raft/core/types.h"
#include "server/http/front_door.h"
#include "server/http/http_message.h"
#include "server/http/socket_stream.h"

namespace raftly {

struct Exchange {
  Exchange(SocketStream& own, Time since) : socket(own), received(since) {}

  SocketStream& socket;
  const Time received;  // HttpRequest::received
  // Nothing of the request is left in the connection. Until this is certain the connection cannot carry another one:
  // the rest of a body would be taken for a request.
  bool request_consumed = false;
  bool has_body = false;
  bool streamed = false;  // the answer had no end: the connection cannot carry another one
  int refusal = 0;        // the status for a request whose framing was refused; 0: none
  std::string why;
};

class Exchanges {
 public:
  // Installs its handlers in `server`. The front door outlives it.
  Exchanges(httplib::Server& server, const FrontDoor& front, NodeId node, size_t max_body_bytes);

  // Around a request, on the thread that serves it: httplib hands its handlers no way to tell the connection.
  void Begin(Exchange& exchange, httplib::Request& request) const;
  void End() const;

 private:
  void CheckFraming(Exchange& exchange, const httplib::Request& request) const;
  void Answer(const httplib::Request& request, httplib::Response& response, std::string body) const;
  void ReadAndAnswer(const httplib::Request& request, httplib::Response& response,
                     const httplib::ContentReader& reader) const;
  void Refuse(httplib::Response& response) const;
  void Stream(const HttpResponse& answer) const;

  const FrontDoor& front_;
  const NodeId node_;
  const size_t max_body_bytes_;
};

}  // namespace raftly
