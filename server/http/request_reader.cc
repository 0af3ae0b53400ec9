#include "server/http/request_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace raftly {
namespace {

// Room is made for as much of a body as is announced, but not for what may never come.
constexpr size_t kMostReserved = size_t{1} << 20;
constexpr size_t kLongestChunkLine = 4096;  // with its extensions, which nobody here reads
constexpr size_t kMostFields = 1000;        // a header costs more to keep than it has bytes

}  // namespace

RequestReader::State RequestReader::Read(std::string_view& data) {
  while (!data.empty() && stage_ < Stage::kComplete) {
    if (stage_ == Stage::kBody) {
      TakeBody(data, Stage::kComplete);
    } else if (stage_ == Stage::kChunk) {
      TakeBody(data, Stage::kChunkEnd);
    } else if (const auto line = TakeLine(data)) {
      OnLine(*line);
    }
  }
  if (stage_ == Stage::kComplete) return State::kComplete;
  if (stage_ == Stage::kRefused) return State::kRefused;
  return begun_ ? State::kPartial : State::kNothing;
}

void RequestReader::Reset() {
  stage_ = Stage::kRequestLine;
  head_ = {};
  line_.clear();
  head_bytes_ = field_bytes_ = left_ = 0;
  begun_ = false;
}

bool RequestReader::TakeExpectation() { return std::exchange(head_.expects_continue, false); }

std::optional<std::string_view> RequestReader::TakeLine(std::string_view& data) {
  const size_t feed = data.find('\n');
  const bool whole = feed != std::string_view::npos;
  const std::string_view piece = data.substr(0, whole ? feed + 1 : data.size());
  data.remove_prefix(piece.size());
  begun_ = true;
  if (!CheckLength(line_.size() + piece.size())) return std::nullopt;
  std::string_view line = piece;
  if (!whole || !line_.empty()) {
    line_ += piece;
    if (!whole) {
      // Something else than HTTP may have no lines at all.
      if (stage_ == Stage::kRequestLine && line_.front() != '\r' && !IsTokenChar(line_.front())) Refuse({});
      return std::nullopt;
    }
    taken_ = std::exchange(line_, {});
    line = taken_;
  }
  // RFC 9112, section 2.2 lets a lone line feed pass. Who sends one may mean to be read in two ways.
  if (line.size() < 2 || line[line.size() - 2] != '\r') {
    Refuse({400, "a line does not end with carriage return and line feed"});
    return std::nullopt;
  }
  return line.substr(0, line.size() - 2);
}

bool RequestReader::CheckLength(size_t line_bytes) {
  switch (stage_) {
    case Stage::kRequestLine:
      if (line_bytes > limits_.line_bytes) Refuse({414, "the request line is too long"});
      break;
    case Stage::kFields:
    case Stage::kTrailer:
      if (field_bytes_ + line_bytes > limits_.head_bytes) Refuse({431, "the headers are too large"});
      break;
    default:
      if (line_bytes > kLongestChunkLine) Refuse({400, "a chunk's size is too long"});
  }
  return stage_ != Stage::kRefused;
}

void RequestReader::OnLine(std::string_view line) {
  switch (stage_) {
    case Stage::kRequestLine:
      // RFC 9112, section 2.2: old clients send an empty line behind a body.
      if (line.empty()) {
        begun_ = false;
        return;
      }
      head_bytes_ = line.size();
      if (Check(ParseRequestLine(line, head_))) stage_ = Stage::kFields;
      return;
    case Stage::kFields:
      if (line.empty()) return EndHead();
      field_bytes_ += line.size();
      head_bytes_ += line.size();
      if (head_.request.headers.size() >= kMostFields) return Refuse({431, "too many headers"});
      Check(ParseFieldLine(line, head_.request.headers));
      return;
    case Stage::kChunkSize:
      return OnChunkSize(line);
    case Stage::kChunkEnd:
      if (!line.empty()) return Refuse({400, "a chunk is not as long as it says"});
      stage_ = Stage::kChunkSize;
      return;
    default: {  // the trailer: nobody here reads it
      HttpHeaders dropped;
      field_bytes_ += line.size();
      if (line.empty()) {
        stage_ = Stage::kComplete;
      } else {
        Check(ParseFieldLine(line, dropped));
      }
    }
  }
}

void RequestReader::EndHead() {
  if (!Check(ConcludeHead(head_, limits_.body_bytes))) return;
  left_ = head_.length;
  head_.request.body.reserve(std::min(left_, kMostReserved));
  stage_ = head_.chunked ? Stage::kChunkSize : left_ > 0 ? Stage::kBody : Stage::kComplete;
}

void RequestReader::OnChunkSize(std::string_view line) {
  const char* const end = line.data() + line.size();
  size_t size = 0;
  const auto [stop, error] = std::from_chars(line.data(), end, size, 16);
  const std::string_view rest(stop, static_cast<size_t>(end - stop));
  const size_t extension = rest.find_first_not_of(" \t");
  const bool well_formed =
      extension == std::string_view::npos ? rest.empty() : rest[extension] == ';' && IsFieldText(rest);
  if (error == std::errc::result_out_of_range) return Refuse({413, "the body is too large"});
  if (error != std::errc() || !well_formed) return Refuse({400, "malformed chunk"});
  if (size > limits_.body_bytes - head_.request.body.size()) return Refuse({413, "the body is too large"});
  left_ = size;
  field_bytes_ = 0;
  stage_ = size > 0 ? Stage::kChunk : Stage::kTrailer;
}

void RequestReader::TakeBody(std::string_view& data, Stage then) {
  const size_t taken = std::min(left_, data.size());
  head_.request.body.append(data.data(), taken);
  data.remove_prefix(taken);
  left_ -= taken;
  if (left_ == 0) stage_ = then;
}

bool RequestReader::Check(const std::optional<HttpRefusal>& refusal) {
  if (refusal) Refuse(*refusal);
  return !refusal;
}

void RequestReader::Refuse(HttpRefusal refusal) {
  refusal_ = refusal;
  stage_ = Stage::kRefused;
}

}  // namespace raftly
