// The bytes of a KvStore's state, as a snapshot holds them.
//
//   state = pair* [0xFFFFFFFF:4 answers]                        in byte order of the keys; answers: OnceTable::Reader
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
inline constexpr uint32_t kKvFormatVersion = 2;  // 1: without answers

struct KvPair {
  std::string key;
  Bytes value;
  Index version;
};

void AppendMark(std::string& out);
void AppendPair(std::string& out, std::string_view key, std::string_view value, Index version);

// Takes pairs out of bytes that come in any pieces. Sizes are believed: what carries these bytes has checksums.
class KvPairReader {
 public:
  // `bytes` must live until Next has nothing to give; requires that it had nothing before.
  void Feed(std::string_view bytes) { rest_ = bytes; }
  // The next pair that is whole.
  std::optional<KvPair> Next();
  // Nothing is left over.
  bool done() const { return kept_.empty() && rest_.empty(); }
  // What followed the pairs, as far as it has come. Nothing: the mark of it has not come.
  const std::optional<std::string>& answers() const { return answers_; }

 private:
  bool AtMark() const;

  std::string_view rest_;
  std::optional<std::string> answers_;
  std::string kept_;  // the beginning of a pair that is not whole yet
};

}  // namespace raftly
