#include "bench/load/response_parser.h"

#include <algorithm>
#include <charconv>

namespace raftly::load {
namespace {

constexpr size_t kLongestLine = 64 * 1024;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool Number(std::string_view text, size_t& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end != text.data();
}

}  // namespace

// Collects one line without its end. False: more bytes are needed.
bool ResponseParser::TakeLine(std::string_view& data) {
  if (line_taken_) {
    line_.clear();
    line_taken_ = false;
  }
  const size_t end = data.find('\n');
  line_.append(data.substr(0, end));
  data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  line_taken_ = true;
  return true;
}

ResponseParser::State ResponseParser::Done() {
  status_ = next_status_;
  closes_ = next_closes_;
  etag_ = std::move(next_etag_);
  next_etag_.clear();
  stage_ = Stage::kHead;
  next_status_ = 0;
  chunked_ = next_closes_ = false;
  left_ = 0;
  return State::kDone;
}

ResponseParser::State ResponseParser::Head(std::string_view& data) {
  while (TakeLine(data)) {
    if (next_status_ == 0) {
      size_t status = 0;
      if (line_.rfind("HTTP/1.", 0) != 0 || line_.size() < 12) return State::kBroken;
      if (!Number(std::string_view(line_).substr(9, 3), status, 10) || status < 100) return State::kBroken;
      next_status_ = static_cast<int>(status);
      next_closes_ = line_.rfind("HTTP/1.0", 0) == 0;
      continue;
    }
    if (line_.empty()) {
      if (chunked_) {
        stage_ = Stage::kChunkSize;
        return State::kMore;
      }
      if (left_ == 0) return Done();
      stage_ = Stage::kBody;
      return State::kMore;
    }
    const std::string header = Lower(line_);
    const size_t colon = header.find(':');
    if (colon == std::string::npos) return State::kBroken;
    const std::string name = header.substr(0, colon);
    const std::string value = header.substr(std::min(header.find_first_not_of(" \t", colon + 1), header.size()));
    if (name == "content-length" && !Number(value, left_, 10)) return State::kBroken;
    if (name == "transfer-encoding") chunked_ = value == "chunked";
    if (name == "etag") next_etag_ = value;
    if (name == "connection" && value == "close") next_closes_ = true;
  }
  return line_.size() > kLongestLine ? State::kBroken : State::kMore;
}

ResponseParser::State ResponseParser::Body(std::string_view& data) {
  const size_t taken = std::min(left_, data.size());
  data.remove_prefix(taken);
  left_ -= taken;
  return left_ == 0 ? Done() : State::kMore;
}

ResponseParser::State ResponseParser::ChunkSize() {
  size_t size = 0;
  if (!Number(line_, size, 16)) return State::kBroken;
  left_ = size + 2;
  stage_ = size == 0 ? Stage::kTrailer : Stage::kChunk;
  return State::kMore;
}

ResponseParser::State ResponseParser::Feed(std::string_view& data) {
  State state = State::kMore;
  while (!data.empty() && state == State::kMore) {
    switch (stage_) {
      case Stage::kHead:
        state = Head(data);
        break;
      case Stage::kBody:
        state = Body(data);
        break;
      case Stage::kChunkSize:
        if (TakeLine(data)) state = ChunkSize();
        break;
      case Stage::kChunk: {
        const size_t taken = std::min(left_, data.size());
        data.remove_prefix(taken);
        left_ -= taken;
        if (left_ == 0) stage_ = Stage::kChunkSize;
        break;
      }
      case Stage::kTrailer:
        if (TakeLine(data) && line_.empty()) state = Done();
        break;
    }
  }
  return state;
}

}  // namespace raftly::load
