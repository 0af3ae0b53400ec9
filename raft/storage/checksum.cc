#include "raft/storage/checksum.h"

#include <isa-l/crc.h>
#include <zlib.h>

namespace raftly {

// Of the same polynomial as zlib's crc32, which takes ten times as long: recovery would be spent on it.
uint32_t Checksum(std::string_view data, uint32_t before) {
  return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(data.data()), data.size());
}

uint32_t CombinedChecksum(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

}  // namespace raftly
