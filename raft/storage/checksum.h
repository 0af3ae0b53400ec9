// The checksum of everything that this library writes to files: CRC-32 (IEEE, as in zlib).
#pragma once

#include <cstdint>
#include <string_view>

namespace raftly {

// With `before`, the checksum of what it was the checksum of, followed by `data`.
uint32_t Checksum(std::string_view data, uint32_t before = 0);

// The checksum of a whole of which the first part has the checksum `first`, and the rest, so many bytes, `second`.
uint32_t CombinedChecksum(uint32_t first, uint32_t second, uint64_t second_bytes);

}  // namespace raftly
