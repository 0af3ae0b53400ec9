#include "server/kv/leader_watch.h"

#include <chrono>
#include <variant>

namespace raftly {

void LeaderWatch::OnEvent(Time, const NodeEvent& event) {
  const auto* changed = std::get_if<LeaderChanged>(&event);
  if (changed == nullptr) return;
  MutexLock lock(mutex_);
  view_.leader = changed->leader;
  ++view_.version;
  changed_.NotifyAll();
}

LeaderWatch::View LeaderWatch::view() const {
  MutexLock lock(mutex_);
  return view_;
}

LeaderWatch::View LeaderWatch::Await(uint64_t seen, Time deadline) const {
  const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
  MutexLock lock(mutex_);
  while (view_.version == seen && !view_.stopped) {
    if (!changed_.WaitUntil(mutex_, until)) break;
  }
  return view_;
}

void LeaderWatch::Stop() {
  MutexLock lock(mutex_);
  view_.stopped = true;
  changed_.NotifyAll();
}

}  // namespace raftly
