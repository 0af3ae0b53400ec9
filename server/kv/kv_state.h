// The bytes of a KvStore's state, as a snapshot holds them.
//
//   state = pair*                                               in byte order of the keys
//   pair  = key_size:4  key  value_size:4  value  version:8     version: index of the entry that last changed the key
//
// All integers big-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "raft/core/types.h"

namespace raftly {

inline constexpr std::string_view kKvFormatName = "kv";
inline constexpr uint32_t kKvFormatVersion = 1;

struct KvPair {
  std::string key;
  Bytes value;
  Index version;
};

void AppendPair(std::string& out, std::string_view key, std::string_view value, Index version);

// Takes pairs out of bytes that come in any pieces. Sizes are believed: what carries these bytes has checksums.
class KvPairReader {
 public:
  void Feed(std::string_view bytes);
  // The next pair that is whole.
  std::optional<KvPair> Next();
  // Nothing is left over.
  bool done() const { return taken_ == bytes_.size(); }

 private:
  std::string bytes_;
  size_t taken_ = 0;
};

}  // namespace raftly
