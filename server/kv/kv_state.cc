#include "server/kv/kv_state.h"

#include <utility>

#include "raft/storage/big_endian.h"

namespace raftly {
namespace {

constexpr size_t kSize = sizeof(uint32_t);

// A string behind its size at `offset`, which then lies behind it.
std::optional<std::string_view> TakeString(std::string_view bytes, size_t& offset) {
  if (bytes.size() - offset < kSize) return std::nullopt;
  const size_t size = GetBigEndian<uint32_t>(bytes, offset);
  if (bytes.size() - offset - kSize < size) return std::nullopt;
  const std::string_view text = bytes.substr(offset + kSize, size);
  offset += kSize + size;
  return text;
}

void AppendString(std::string& out, std::string_view text) {
  PutBigEndian(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

}  // namespace

void AppendPair(std::string& out, std::string_view key, std::string_view value, Index version) {
  AppendString(out, key);
  AppendString(out, value);
  PutBigEndian(out, version.value);
}

void KvPairReader::Feed(std::string_view bytes) {
  bytes_.erase(0, std::exchange(taken_, 0));
  bytes_.append(bytes);
}

std::optional<KvPair> KvPairReader::Next() {
  size_t offset = taken_;
  const auto key = TakeString(bytes_, offset);
  if (!key) return std::nullopt;
  const auto value = TakeString(bytes_, offset);
  if (!value || bytes_.size() - offset < sizeof(uint64_t)) return std::nullopt;
  KvPair pair{std::string(*key), Bytes(std::string(*value)), {GetBigEndian<uint64_t>(bytes_, offset)}};
  taken_ = offset + sizeof(uint64_t);
  return pair;
}

}  // namespace raftly
