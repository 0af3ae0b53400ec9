// Work that is the same for many parts of something, on all processors.
#pragma once

#include <cstddef>
#include <functional>

namespace raftly {

// Runs part(0) to part(n - 1), each once, in any order and several at a time; returns when all have returned. One part
// runs on the calling thread.
void ForEachInParallel(size_t n, const std::function<void(size_t)>& part);

}  // namespace raftly
