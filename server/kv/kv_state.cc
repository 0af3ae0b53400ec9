#include "server/kv/kv_state.h"

#include <algorithm>
#include <utility>

#include "raft/storage/big_endian.h"

namespace raftly {
namespace {

constexpr size_t kSize = sizeof(uint32_t);
constexpr size_t kVersion = sizeof(uint64_t);

// Of the pair that `bytes` begins with; where that is more than there are, it has so many at least.
size_t PairSize(std::string_view bytes) {
  size_t size = 0;
  for (int strings = 0; strings < 2; ++strings) {
    if (bytes.size() < size + kSize) return size + kSize;
    size += kSize + GetBigEndian<uint32_t>(bytes, size);
  }
  return size + kVersion;
}

std::string TakeString(std::string_view& bytes) {
  const size_t size = GetBigEndian<uint32_t>(bytes, 0);
  const std::string_view text = bytes.substr(kSize, size);
  bytes.remove_prefix(kSize + size);
  return std::string(text);
}

// Requires that it is whole.
KvPair TakePair(std::string_view& bytes) {
  std::string key = TakeString(bytes);
  Bytes value(TakeString(bytes));
  const Index version{GetBigEndian<uint64_t>(bytes, 0)};
  bytes.remove_prefix(kVersion);
  return {std::move(key), std::move(value), version};
}

void AppendString(std::string& out, std::string_view text) {
  PutBigEndian(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

// Where a key's size would be, each of its bytes: no key is so long.
constexpr char kMark = '\xFF';

}  // namespace

void AppendMark(std::string& out) { out.append(kSize, kMark); }

void AppendPair(std::string& out, std::string_view key, std::string_view value, Index version) {
  AppendString(out, key);
  AppendString(out, value);
  PutBigEndian(out, version.value);
}

// It, too, may come in pieces.
bool KvPairReader::AtMark() const {
  if (kept_.size() >= kSize || kept_.size() + rest_.size() < kSize) return false;
  const auto all = [](std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == kMark; });
  };
  return all(kept_) && all(rest_.substr(0, kSize - kept_.size()));
}

// What is whole is taken where it lies; only what has to wait for more is copied.
std::optional<KvPair> KvPairReader::Next() {
  if (!answers_ && AtMark()) {
    rest_.remove_prefix(kSize - kept_.size());
    kept_.clear();
    answers_.emplace();
  }
  if (answers_) {
    answers_->append(std::exchange(rest_, {}));
    return std::nullopt;
  }
  if (kept_.empty() && PairSize(rest_) <= rest_.size()) return TakePair(rest_);
  // Its size is known a part at a time.
  size_t size = PairSize(kept_);
  while (size > kept_.size() && !rest_.empty()) {
    const size_t more = std::min(size - kept_.size(), rest_.size());
    kept_.append(rest_.substr(0, more));
    rest_.remove_prefix(more);
    size = PairSize(kept_);
  }
  if (size > kept_.size()) return std::nullopt;
  std::string_view whole = kept_;
  KvPair pair = TakePair(whole);
  kept_.clear();
  return pair;
}

}  // namespace raftly
