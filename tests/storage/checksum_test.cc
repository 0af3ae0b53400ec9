// The checksum is zlib's, whatever computes it: files of older servers and of Go nodes hold it.
#include "raft/storage/checksum.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>
#include <string>

namespace raftly {
namespace {

uint32_t ZlibsChecksum(std::string_view data, uint32_t before = 0) {
  return static_cast<uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

std::string RandomBytes(size_t size) {
  std::mt19937 random(size + 1);
  std::string bytes(size, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

TEST(Checksum, IsTheOneThatEverybodyPrints) { EXPECT_EQ(Checksum("123456789"), 0xCBF43926u); }

TEST(Checksum, IsZlibsAtEveryLengthAndAlignment) {
  const std::string bytes = RandomBytes(1200);
  for (size_t begin : {0, 1, 3, 7, 13})
    for (size_t size = 0; begin + size <= bytes.size(); ++size) {
      const std::string_view part = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(Checksum(part), ZlibsChecksum(part)) << begin << ", " << size;
    }
  const std::string large = RandomBytes(3'000'017);
  EXPECT_EQ(Checksum(large), ZlibsChecksum(large));
}

TEST(Checksum, GoesOnFromTheOneBeforeAndCombines) {
  const std::string bytes = RandomBytes(5000);
  const uint32_t whole = ZlibsChecksum(bytes);
  for (size_t cut : {0, 1, 17, 255, 256, 4096, 5000}) {
    const std::string_view head = std::string_view(bytes).substr(0, cut), tail = std::string_view(bytes).substr(cut);
    EXPECT_EQ(Checksum(tail, Checksum(head)), whole) << cut;
    EXPECT_EQ(CombinedChecksum(Checksum(head), Checksum(tail), tail.size()), whole) << cut;
  }
}

}  // namespace
}  // namespace raftly
