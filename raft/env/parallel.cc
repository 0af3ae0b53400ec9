#include "raft/env/parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace raftly {

void ForEachInParallel(size_t n, const std::function<void(size_t)>& part) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) part(i);
  };
  std::vector<std::thread> helpers;
  const size_t threads = std::min<size_t>(std::thread::hardware_concurrency(), n);
  try {
    for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads to be had: those that there are do the work.
  }
  work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace raftly
