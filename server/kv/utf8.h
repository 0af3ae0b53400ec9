// Whether bytes are text: UTF-8 as RFC 3629 defines it, so no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace raftly {

bool IsUtf8(std::string_view text);
// Appends one character, which is neither a surrogate nor above U+10FFFF.
void AppendUtf8(std::string& out, uint32_t code);

// Sixteen bytes at a time, compared all at once: a compiler's extension that needs no particular processor.
using ByteBlock = uint8_t __attribute__((vector_size(16)));

// How many bytes at the front lie in whole blocks of which `stops_at` says 0 for each byte.
template <class Predicate>
size_t SkipBlocks(std::string_view text, const Predicate& stops_at) {
  size_t skipped = 0;
  for (ByteBlock block; text.size() - skipped >= sizeof block; skipped += sizeof block) {
    std::memcpy(&block, text.data() + skipped, sizeof block);
    const auto stops = stops_at(block);
    uint64_t halves[2];
    static_assert(sizeof stops == sizeof halves);
    std::memcpy(halves, &stops, sizeof halves);
    if ((halves[0] | halves[1]) != 0) break;
  }
  return skipped;
}

}  // namespace raftly
