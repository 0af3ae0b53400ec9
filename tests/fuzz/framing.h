// Makes checksums right, so that a fuzzer gets past them: what stands between the checksums is the interesting part.
#pragma once

#include <cstdint>
#include <string>

#include "raft/storage/big_endian.h"
#include "raft/storage/checksum.h"

namespace raftly::fuzz {

inline void OverwriteBigEndian(std::string& bytes, size_t at, uint32_t value) {
  std::string four;
  PutBigEndian(four, value);
  bytes.replace(at, four.size(), four);
}

// Of `size` bytes at `at`, into the four behind them. Requires that they are there.
inline uint32_t MakeRight(std::string& bytes, size_t at, size_t size) {
  const uint32_t checksum = Checksum(std::string_view(bytes).substr(at, size));
  OverwriteBigEndian(bytes, at + size, checksum);
  return checksum;
}

}  // namespace raftly::fuzz
