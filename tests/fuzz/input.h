// Takes an input apart, from the front: what a target needs besides bytes that it gives on as they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace raftly::fuzz {

class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  // 0 where nothing is left.
  uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte.front());
  }
  // As many as there are.
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Bytes behind their length, which has two.
  std::string_view Chunk() {
    const size_t high = Byte();
    return Take(high << 8 | Byte());
  }
  std::string_view Rest() { return Take(rest_.size()); }

 private:
  std::string_view rest_;
};

// As Input::Chunk takes it.
inline void AppendChunk(std::string& out, std::string_view bytes) {
  out += static_cast<char>(bytes.size() >> 8);
  out += static_cast<char>(bytes.size());
  out += bytes;
}

}  // namespace raftly::fuzz
