#include "server/kv/once_table.h"

#include <algorithm>
#include <utility>

#include "raft/storage/big_endian.h"

namespace raftly {
namespace {

// head = clock:8 keys:8 ttl:8     kept = key_size:4 key  request:8  at:8  answer_size:4 answer
size_t BytesOf(const OnceTable::Kept& kept) { return kept.key.size() + kept.answer.size(); }

void AppendKept(std::string& out, const OnceTable::Kept& kept) {
  PutBigEndian(out, static_cast<uint32_t>(kept.key.size()));
  out.append(kept.key);
  PutBigEndian(out, kept.request);
  PutBigEndian(out, kept.at_ms);
  PutBigEndian(out, static_cast<uint32_t>(kept.answer.size()));
  out.append(kept.answer);
}

// Takes from the front; false: it is not whole.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}
  template <class Number>
  bool Take(Number& number) {
    if (bytes_.size() < sizeof number) return false;
    number = GetBigEndian<Number>(bytes_, 0);
    bytes_.remove_prefix(sizeof number);
    return true;
  }
  bool Take(std::string& text) {
    uint32_t size = 0;
    if (!Take(size) || bytes_.size() < size) return false;
    text = std::string(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return true;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

// FNV-1a of the key, and the request, which is a hash already.
uint64_t OnceTable::DigestOf(const Kept& kept) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ kept.request;
  for (const char c : kept.key) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

const OnceTable::Kept* OnceTable::Find(std::string_view key) const {
  const auto found = by_key_.find(absl::string_view(key.data(), key.size()));
  return found == by_key_.end() ? nullptr : &At(found->second);
}

void OnceTable::Keep(std::string key, uint64_t request, std::string answer) {
  Kept kept{std::move(key), request, std::move(answer)};
  if (BytesOf(kept) > kMostBytes) return;
  Append(std::move(kept));
  Trim();
}

void OnceTable::Append(Kept kept) {
  if (chunks_.empty() || chunks_.back()->size() == kChunk) {
    chunks_.push_back(std::make_shared<std::vector<Kept>>());
    chunks_.back()->reserve(kChunk);
  }
  bytes_ += BytesOf(kept);
  digest_ += DigestOf(kept);
  by_key_[kept.key] = end_++;
  chunks_.back()->push_back(std::move(kept));
}

void OnceTable::SetClock(uint64_t now_ms, Limits limits) {
  clock_ms_ = std::max(clock_ms_, now_ms);
  limits_ = limits;
  for (; timeless_ < end_; ++timeless_) Own(timeless_)[(timeless_ - base_) % kChunk].at_ms = clock_ms_;
  Trim();
}

// The chunk of it, no reader's any more.
std::vector<OnceTable::Kept>& OnceTable::Own(uint64_t number) {
  auto& chunk = chunks_[(number - base_) / kChunk];
  if (chunk.use_count() > 1) {
    const auto shared = std::exchange(chunk, std::make_shared<std::vector<Kept>>());
    chunk->reserve(kChunk);
    chunk->assign(shared->begin(), shared->end());
  }
  return *chunk;
}

void OnceTable::Trim() {
  const auto overdue = [this] {
    const uint64_t at_ms = At(begin_).at_ms;
    return at_ms != kNotYet && clock_ms_ - at_ms >= limits_.ttl_ms;
  };
  while (begin_ < end_ && (size() > limits_.keys || bytes_ > kMostBytes || overdue())) DropOldest();
}

void OnceTable::DropOldest() {
  const Kept& oldest = At(begin_);
  bytes_ -= BytesOf(oldest);
  digest_ -= DigestOf(oldest);
  by_key_.erase(oldest.key);
  timeless_ = std::max(timeless_, ++begin_);
  if (begin_ - base_ < kChunk) return;
  chunks_.pop_front();
  base_ += kChunk;
}

// ---- Snapshots -----------------------------------------------------------------------------------------------------

OnceTable::Reader::Reader(const OnceTable& table)
    : chunks_(table.chunks_.begin(), table.chunks_.end()), base_(table.base_), next_(table.begin_), end_(table.end_) {
  PutBigEndian(head_, table.clock_ms_);
  PutBigEndian(head_, table.limits_.keys);
  PutBigEndian(head_, table.limits_.ttl_ms);
}

bool OnceTable::Reader::Read(size_t bytes, std::string& out) {
  const size_t enough = out.size() + bytes;
  out.append(std::exchange(head_, {}));
  for (; next_ < end_ && out.size() < enough; ++next_) {
    AppendKept(out, (*chunks_[(next_ - base_) / kChunk])[(next_ - base_) % kChunk]);
  }
  return next_ < end_;
}

absl::Status OnceTable::Load(std::string_view bytes, OnceTable& table) {
  OnceTable loaded;
  Parser parser(bytes);
  if (!parser.Take(loaded.clock_ms_) || !parser.Take(loaded.limits_.keys) || !parser.Take(loaded.limits_.ttl_ms)) {
    return absl::DataLossError("the state ends before its table of kept answers");
  }
  while (!parser.done()) {
    Kept kept;
    if (!parser.Take(kept.key) || !parser.Take(kept.request) || !parser.Take(kept.at_ms) || !parser.Take(kept.answer)) {
      return absl::DataLossError("the state ends in the middle of a kept answer");
    }
    if (loaded.Find(kept.key) != nullptr) return absl::DataLossError("the state keeps two answers of one key");
    const bool timeless = kept.at_ms == kNotYet;
    loaded.Append(std::move(kept));
    if (!timeless) loaded.timeless_ = loaded.end_;
  }
  table = std::move(loaded);
  return absl::OkStatus();
}

}  // namespace raftly
