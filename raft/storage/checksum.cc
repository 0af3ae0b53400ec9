#include "raft/storage/checksum.h"

#include <zlib.h>

namespace raftly {

uint32_t Checksum(std::string_view data, uint32_t before) {
  return static_cast<uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

uint32_t CombinedChecksum(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

}  // namespace raftly
