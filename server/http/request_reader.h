// Reads one request after the other from the bytes of a connection, in whatever pieces they come. Does not wait.
//
//   std::string_view data = received;
//   switch (reader.Read(data)) { case RequestReader::State::kComplete: Serve(reader.request()); ... reader.Reset(); }
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/http_message.h"
#include "server/http/request_head.h"

namespace raftly {

class RequestReader {
 public:
  struct Limits {
    size_t line_bytes = size_t{64} << 10;  // the request line; beyond: 414
    size_t head_bytes = size_t{64} << 10;  // all header lines, and all trailer lines; beyond: 431
    size_t body_bytes = size_t{8} << 20;   // beyond: 413
  };
  enum class State {
    kNothing,   // nothing of a request has come
    kPartial,   // there is more to come
    kComplete,  // request(); Read again after Reset
    kRefused,   // refusal(); the connection cannot carry another request
  };

  explicit RequestReader(Limits limits) : limits_(limits) {}

  // Takes from the front of `data` what belongs to the request: all of it, unless the request is complete or refused.
  State Read(std::string_view& data);
  void Reset();

  const HttpRequest& request() const { return head_.request; }
  HttpRequest& request() { return head_.request; }
  const HttpRefusal& refusal() const { return refusal_; }
  // The client wants the connection to end after this answer.
  bool last() const { return head_.last; }
  // Whether the client waits for "100 Continue". True once.
  bool TakeExpectation();
  // What it holds of a request.
  size_t held_bytes() const { return head_bytes_ + head_.request.body.size(); }

 private:
  enum class Stage { kRequestLine, kFields, kBody, kChunkSize, kChunk, kChunkEnd, kTrailer, kComplete, kRefused };

  // Takes one line, without its end. Nothing: it has not come as a whole, or is none.
  std::optional<std::string_view> TakeLine(std::string_view& data);
  void TakeBody(std::string_view& data, Stage then);
  void OnLine(std::string_view line);
  void OnChunkSize(std::string_view line);
  void EndHead();
  // Whether a line of this length may come in this stage; refuses otherwise.
  bool CheckLength(size_t line_bytes);
  bool Check(const std::optional<HttpRefusal>& refusal);
  void Refuse(HttpRefusal refusal);

  const Limits limits_;
  Stage stage_ = Stage::kRequestLine;
  RequestHead head_;
  HttpRefusal refusal_;
  std::string line_;        // the beginning of one
  std::string taken_;       // what TakeLine returned, where it came in pieces
  size_t head_bytes_ = 0;   // of lines
  size_t field_bytes_ = 0;  // of lines of headers or trailers
  size_t left_ = 0;         // of the body, or of the chunk
  bool begun_ = false;
};

}  // namespace raftly
