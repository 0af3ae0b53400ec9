#include "server/http/connections.h"

#include <sys/socket.h>

#include <chrono>

namespace raftly {

// Ending an idle connection means shutting down its reading half: the thread that waits on it sees the end, and a
// request that had already arrived is still read and answered.

bool Connections::Add(int fd) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  all_.emplace(fd, State());
  ++busy_;
  return true;
}

void Connections::Remove(int fd) {
  MutexLock lock(mutex_);
  const auto found = all_.find(fd);
  if (found == all_.end()) return;
  if (found->second.busy) --busy_;
  all_.erase(found);
  changed_.NotifyAll();
}

void Connections::SetIdle(int fd, Time since) {
  MutexLock lock(mutex_);
  State& state = all_[fd];
  if (!state.busy) return;
  state = {.busy = false, .idle_since = since};
  --busy_;
  if (stopping_) shutdown(fd, SHUT_RD);
  changed_.NotifyAll();
}

void Connections::SetBusy(int fd) {
  MutexLock lock(mutex_);
  State& state = all_[fd];
  if (state.busy) return;
  state.busy = true;
  ++busy_;
}

void Connections::BeginStop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [fd, state] : all_) {
    if (!state.busy) shutdown(fd, SHUT_RD);
  }
}

bool Connections::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool Connections::AwaitNoneBusy(Time deadline) const {
  const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
  MutexLock lock(mutex_);
  while (busy_ > 0) {
    if (!changed_.WaitUntil(mutex_, until)) return busy_ == 0;
  }
  return true;
}

void Connections::CutAll() {
  MutexLock lock(mutex_);
  for (const auto& [fd, state] : all_) shutdown(fd, SHUT_RDWR);
}

void Connections::EndIdlest(Time before) {
  MutexLock lock(mutex_);
  auto idlest = all_.end();
  for (auto one = all_.begin(); one != all_.end(); ++one) {
    if (one->second.busy || one->second.idle_since >= before) continue;
    if (idlest == all_.end() || one->second.idle_since < idlest->second.idle_since) idlest = one;
  }
  if (idlest == all_.end()) return;
  shutdown(idlest->first, SHUT_RD);
  idlest->second.idle_since = Time::max();  // not twice
}

}  // namespace raftly
