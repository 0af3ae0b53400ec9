#include "server/randomness.h"

#include <random>

#include "raft/storage/identity.h"

namespace raftly {

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

std::string FreshId() {
  const uint64_t high = RandomSeed();
  return UniqueId(high, RandomSeed());
}

}  // namespace raftly
