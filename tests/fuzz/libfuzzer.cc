// One target as libFuzzer wants it. The build says which: RAFTLY_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  raftly::fuzz::RAFTLY_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
