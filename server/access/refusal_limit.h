// How often one address is refused in full: beyond that it is told to wait, and the log is spared.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "raft/core/time.h"
#include "raft/env/mutex.h"

namespace raftly {

// From any thread.
class RefusalLimit {
 public:
  static constexpr int kPerSecond = 10;
  // Addresses that are remembered; beyond, all new ones share one count.
  static constexpr size_t kAddresses = 4096;

  // Of one more refusal of `address` (an IP; of IPv6 its /64 counts, which is one customer's). False: too many.
  bool Admit(const std::string& address, Time now);

 private:
  struct Second {
    Time begin;
    int refusals = 0;
  };

  Mutex mutex_;
  std::map<std::string, Second> all_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
