#include "server/http/connections.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

namespace raftly {

// Ending a connection means shutting down its reading half: who waits on it sees the end, and a request that had
// already arrived is still read and answered.

HttpConnection* Connections::Add(std::unique_ptr<HttpConnection> connection) {
  MutexLock lock(mutex_);
  if (stopping_) return nullptr;
  HttpConnection* const added = connection.get();
  all_[added->socket.fd()].connection = std::move(connection);
  ++busy_;
  return added;
}

void Connections::Remove(HttpConnection& connection) {
  State removed;  // closed after it has left the table
  MutexLock lock(mutex_);
  const auto found = all_.find(connection.socket.fd());
  removed = std::move(found->second);
  all_.erase(found);
  if (removed.busy) --busy_;
  changed_.NotifyAll();
}

void Connections::AwaitFewer(size_t so_many, Time deadline) const {
  const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
  MutexLock lock(mutex_);
  while (all_.size() >= so_many && changed_.WaitUntil(mutex_, until)) continue;
}

size_t Connections::size() const {
  MutexLock lock(mutex_);
  return all_.size();
}

void Connections::SetIdle(const HttpConnection& connection, Time since, Time until) {
  MutexLock lock(mutex_);
  State& state = all_.at(connection.socket.fd());
  state.idle_since = since;
  state.until = until;
  if (stopping_) shutdown(connection.socket.fd(), SHUT_RD);
  if (!std::exchange(state.busy, false)) return;
  if (--busy_ == 0) changed_.NotifyAll();
}

void Connections::SetBusy(const HttpConnection& connection) {
  MutexLock lock(mutex_);
  State& state = all_.at(connection.socket.fd());
  state.until = Time::max();
  if (!std::exchange(state.busy, true)) ++busy_;
}

bool Connections::Ended(const HttpConnection& connection) const {
  MutexLock lock(mutex_);
  return all_.at(connection.socket.fd()).ended;
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

void Connections::EndOverdue(Time now) {
  MutexLock lock(mutex_);
  for (auto& [fd, state] : all_) {
    if (state.until >= now) continue;
    state.ended = true;
    shutdown(fd, SHUT_RD);
  }
}

bool Connections::EndIdlest(Time before) {
  MutexLock lock(mutex_);
  auto idlest = all_.end();
  for (auto one = all_.begin(); one != all_.end(); ++one) {
    if (one->second.busy || one->second.idle_since >= before) continue;
    if (idlest == all_.end() || one->second.idle_since < idlest->second.idle_since) idlest = one;
  }
  if (idlest == all_.end()) return false;
  shutdown(idlest->first, SHUT_RD);
  idlest->second.idle_since = Time::max();  // not twice
  idlest->second.ended = true;
  return true;
}

}  // namespace raftly
