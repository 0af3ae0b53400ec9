// Where one HTTP/1.1 answer ends in a stream of bytes, and what its status is. Bodies are counted, not kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace raftly::load {

class ResponseParser {
 public:
  enum class State { kMore, kDone, kBroken };

  // Takes what belongs to this answer from the front of `data`, and removes it. After kDone it expects the next one.
  State Feed(std::string_view& data);

  const std::string& etag() const { return etag_; }  // likewise; empty: it had none
  int status() const { return status_; }             // of the answer that was done last
  bool closes() const { return closes_; }            // the server ends the connection after it

 private:
  enum class Stage { kHead, kBody, kChunkSize, kChunk, kTrailer };

  bool TakeLine(std::string_view& data);
  State Head(std::string_view& data);
  State Body(std::string_view& data);
  State ChunkSize();
  State Done();

  Stage stage_ = Stage::kHead;
  std::string line_;
  bool line_taken_ = false;
  int status_ = 0;
  std::string etag_;
  std::string next_etag_;
  int next_status_ = 0;
  bool chunked_ = false;
  bool closes_ = false;
  bool next_closes_ = false;
  size_t left_ = 0;  // of the body or the chunk, its line end included
};

}  // namespace raftly::load
