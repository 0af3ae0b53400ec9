#include "server/http/connections.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "server/http/http_connection.h"

namespace raftly {

// Ending a connection means shutting down its reading half: its poller sees the end, and a request that had already
// arrived is still read and answered. Cutting it off means both halves.

bool Connections::Add(int fd, std::shared_ptr<HttpConnection> connection) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  all_[fd].connection = std::move(connection);
  ++busy_;
  return true;
}

void Connections::Remove(int fd) {
  State removed;  // perhaps closed here, after it has left the table
  MutexLock lock(mutex_);
  const auto found = all_.find(fd);
  if (found->second.busy()) --busy_;
  removed = std::move(found->second);
  all_.erase(found);
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

void Connections::Set(int fd, Waits waits, Time since, Time until) {
  State& state = all_.at(fd);
  const bool was_busy = state.busy();
  state.waits = waits;
  state.since = since;
  state.until = until;
  if (state.busy() && !was_busy) ++busy_;
  if (!state.busy() && was_busy && --busy_ == 0) changed_.NotifyAll();
}

void Connections::SetIdle(int fd, Time since, Time until) {
  MutexLock lock(mutex_);
  Set(fd, Waits::kForClient, since, until);
  if (stopping_) shutdown(fd, SHUT_RD);
}

void Connections::SetBusy(int fd, Time wake) {
  MutexLock lock(mutex_);
  Set(fd, Waits::kForAnswer, Time(), wake);
}

void Connections::SetUnsent(int fd, Time since, Time until) {
  MutexLock lock(mutex_);
  Set(fd, Waits::kForReader, since, until);
}

bool Connections::Ended(int fd) const {
  MutexLock lock(mutex_);
  return all_.at(fd).ended;
}

void Connections::BeginStop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [fd, state] : all_) {
    if (!state.busy()) shutdown(fd, SHUT_RD);
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

void Connections::Clear() {
  std::unordered_map<int, State> all;
  {
    MutexLock lock(mutex_);
    all.swap(all_);
    busy_ = 0;
  }
  // Who still owes an answer keeps its connection, but nothing that the connection sends from.
  for (auto& [fd, state] : all) state.connection->DropSource();
}

void Connections::OnTick(Time now) {
  MutexLock lock(mutex_);
  for (auto& [fd, state] : all_) {
    if (state.until >= now) continue;
    state.until = Time::max();
    if (state.waits == Waits::kForAnswer) {
      state.connection->Wake();
    } else {
      state.ended = true;
      shutdown(fd, state.waits == Waits::kForClient ? SHUT_RD : SHUT_RDWR);
    }
  }
}

std::pair<const int, Connections::State>* Connections::Longest(Waits waits, Time before) {
  std::pair<const int, State>* longest = nullptr;
  for (auto& one : all_) {
    const State& state = one.second;
    if (state.waits != waits || state.ended || state.since >= before) continue;
    if (longest == nullptr || state.since < longest->second.since) longest = &one;
  }
  return longest;
}

bool Connections::EndIdlest(Time before) {
  MutexLock lock(mutex_);
  auto* const idlest = Longest(Waits::kForClient, before);
  if (idlest == nullptr) return false;
  idlest->second.ended = true;
  shutdown(idlest->first, SHUT_RD);
  return true;
}

void Connections::CutSlowest() {
  MutexLock lock(mutex_);
  auto* const slowest = Longest(Waits::kForReader, Time::max());
  if (slowest == nullptr) return;
  slowest->second.ended = true;
  shutdown(slowest->first, SHUT_RDWR);
}

}  // namespace raftly
