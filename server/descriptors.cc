#include "server/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace raftly {
namespace {

// Log, snapshots, peers, event streams of peers, requests that are forwarded, the laboratory's process.
constexpr size_t kOwn = 512;
constexpr size_t kFewest = 16;
constexpr size_t kMost = size_t{1} << 16;

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

size_t DescriptorsForConnections(size_t spare) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewest;
  const size_t all = limit.rlim_cur == RLIM_INFINITY ? kMost : std::min<size_t>(limit.rlim_cur, kMost);
  // Where there are few, half of them.
  const size_t own = std::min(kOwn, all / 2) + spare;
  return all > own + kFewest ? all - own : kFewest;
}

}  // namespace raftly
