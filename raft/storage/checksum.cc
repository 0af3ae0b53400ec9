#include "raft/storage/checksum.h"

#include <zlib.h>

namespace raftly {

uint32_t Checksum(std::string_view data, uint32_t before) {
  return static_cast<uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

}  // namespace raftly
