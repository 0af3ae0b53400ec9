#include "server/http/exchange.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include "server/http/plain_http.h"

namespace raftly {
namespace {

using httplib::Server;

thread_local Exchange* current = nullptr;

bool MayCarryBody(const std::string& method) {
  return method == "PUT" || method == "POST" || method == "PATCH" || method == "DELETE";
}

void Fill(httplib::Response& out, HttpResponse answer) {
  out.status = answer.status;
  out.body = std::move(answer.body);
  if (!out.body.empty()) out.set_header("Content-Type", answer.content_type);
  for (const auto& [name, value] : answer.headers) {
    out.headers.erase(name);
    out.set_header(name, value);
  }
}

const char* Explain(int status) {
  switch (status) {
    case 413:
      return "the body is too large";
    case 414:
      return "the request line is too long";
    case 416:
      return "malformed Range header";
    case 500:
      return "internal error";
    default:
      return "malformed request";
  }
}

HttpRequest Convert(const httplib::Request& request) {
  HttpRequest out{.method = request.method, .target = request.target, .headers = {}, .body = {}};
  if (out.target.rfind("http://", 0) == 0) {  // as sent to a proxy
    const size_t slash = out.target.find('/', 7);
    out.target = slash == std::string::npos ? "/" : out.target.substr(slash);
  }
  out.headers.assign(request.headers.begin(), request.headers.end());
  return out;
}

}  // namespace

Exchanges::Exchanges(Server& server, const FrontDoor& front, NodeId node, size_t max_body_bytes)
    : front_(front), node_(std::move(node)), max_body_bytes_(max_body_bytes) {
  server.set_default_headers({{"Raftly-Node", node_}});
  server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (MayCarryBody(request.method) && current->refusal == 0) return Server::HandlerResponse::Unhandled;
    Answer(request, response, {});
    return Server::HandlerResponse::Handled;
  });
  // Begin gives every request this path: httplib's regular expressions do not match a newline, and are slow.
  const Server::HandlerWithContentReader with_body = [this](const auto& request, auto& response, const auto& reader) {
    ReadAndAnswer(request, response, reader);
  };
  server.Put("/", with_body).Post("/", with_body).Patch("/", with_body).Delete("/", with_body);
  server.set_expect_100_continue_handler([](const httplib::Request&, httplib::Response& response) {
    if (current->refusal == 0) return 100;
    response.status = current->refusal;
    response.set_header("Connection", "close");
    return current->refusal;
  });
  // Failures that httplib finds itself come without a body.
  const Server::HandlerWithResponse on_error = [this](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return Server::HandlerResponse::Unhandled;
    // Before Begin nothing is known of a body, so the connection ends.
    if (current == nullptr) response.set_header("Connection", "close");
    const bool refused = current != nullptr && current->refusal == response.status;
    front_.Refused(response.status);
    Fill(response, ErrorResponse(response.status, refused ? current->why : Explain(response.status)));
    return Server::HandlerResponse::Handled;
  };
  server.set_error_handler(on_error);
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
    Fill(response, ErrorResponse(500, Explain(500)));
  });
}

void Exchanges::Begin(Exchange& exchange, httplib::Request& request) const {
  current = &exchange;
  CheckFraming(exchange, request);
  request.path = "/";
  // Nothing here has ranges, forms or a compressed answer, and a form's parser must not touch a value.
  request.ranges.clear();
  request.headers.erase("Range");
  request.headers.erase("Accept-Encoding");
  request.headers.erase("Content-Type");
}

void Exchanges::End() const { current = nullptr; }

// RFC 9112, section 6: what is ambiguous about a body's length is refused, not guessed.
void Exchanges::CheckFraming(Exchange& exchange, const httplib::Request& request) const {
  const auto refuse = [&](int status, const char* why) {
    exchange.refusal = status;
    exchange.why = why;
  };
  const size_t lengths = request.headers.count("Content-Length");
  const size_t encodings = request.headers.count("Transfer-Encoding");
  exchange.has_body = encodings > 0;
  if (lengths + encodings > 1) return refuse(400, "more than one length of the body");
  if (encodings == 1 && request.get_header_value("Transfer-Encoding") != "chunked") {
    return refuse(400, "unknown Transfer-Encoding");
  }
  if (lengths == 1) {
    const std::string text = request.get_header_value("Content-Length");
    const bool digits =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return refuse(400, "malformed Content-Length");
    if (text.size() > 18 || std::stoull(text) > max_body_bytes_) return refuse(413, Explain(413));
    exchange.has_body = std::stoull(text) > 0;
  }
  if (exchange.has_body && !MayCarryBody(request.method)) return;  // left unread: the connection ends
  exchange.request_consumed = !exchange.has_body;
}

void Exchanges::ReadAndAnswer(const httplib::Request& request, httplib::Response& response,
                              const httplib::ContentReader& reader) const {
  std::string body;
  bool too_large = false;
  if (current->has_body) {
    const bool complete = reader([&](const char* data, size_t size) {
      too_large = body.size() + size > max_body_bytes_;
      if (!too_large) body.append(data, size);
      return !too_large;
    });
    if (!complete) {
      current->refusal = too_large ? 413 : 400;
      current->why = too_large ? Explain(413) : "the body ended early or is malformed";
      return Refuse(response);
    }
    current->request_consumed = true;
  }
  Answer(request, response, std::move(body));
}

void Exchanges::Answer(const httplib::Request& request, httplib::Response& response, std::string body) const {
  if (current->refusal != 0) return Refuse(response);
  HttpRequest converted = Convert(request);
  converted.body = std::move(body);
  converted.received = current->received;
  HttpResponse answer = front_.Handle(converted);
  if (answer.stream && request.method != "HEAD") return Stream(answer);
  Fill(response, std::move(answer));
  if (!current->request_consumed) response.set_header("Connection", "close");
}

// httplib sends an answer without a length only in chunks, and only where its own loop accepts connections.
void Exchanges::Stream(const HttpResponse& answer) const {
  class Sink : public HttpSink {
   public:
    explicit Sink(SocketStream& socket) : socket_(socket) {}
    bool Write(std::string_view data) override { return socket_.SendNow(data); }
    bool Alive() const override { return socket_.Alive(); }

   private:
    SocketStream& socket_;
  };

  current->streamed = true;
  current->socket.KeepLittleUnread();
  Sink sink(current->socket);
  if (sink.Write(WriteHead(answer, {.node = node_}, -1))) answer.stream(sink);
  current->socket.Mute();
}

void Exchanges::Refuse(httplib::Response& response) const {
  front_.Refused(current->refusal);
  Fill(response, ErrorResponse(current->refusal, current->why));
  response.set_header("Connection", "close");
  current->request_consumed = false;
}

}  // namespace raftly
