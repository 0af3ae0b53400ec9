#include "server/http/connections.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "server/http/http_connection.h"

namespace raftly {
namespace {

std::chrono::steady_clock::time_point Until(Time deadline) {
  return std::chrono::steady_clock::time_point(deadline.time_since_epoch());
}

}  // namespace

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
  removed = std::move(found->second);
  all_.erase(found);
  if (removed.busy()) --busy_;
  changed_.NotifyAll();
}

size_t Connections::size() const {
  MutexLock lock(mutex_);
  return all_.size();
}

void Connections::AwaitFewer(size_t so_many, Time deadline) const {
  MutexLock lock(mutex_);
  while (all_.size() >= so_many && changed_.WaitUntil(mutex_, Until(deadline))) continue;
}

void Connections::Set(int fd, Waits waits, Time since, Time until) {
  MutexLock lock(mutex_);
  State& state = all_.at(fd);
  if (state.busy()) --busy_;
  state.waits = waits;
  state.since = since;
  state.until = until;
  if (state.busy()) {
    ++busy_;
  } else {
    if (busy_ == 0) changed_.NotifyAll();
    if (stopping_) shutdown(fd, SHUT_RD);
  }
}

bool Connections::Ended(int fd) const {
  MutexLock lock(mutex_);
  return all_.at(fd).ended;
}

void Connections::End(int fd, State& state) {
  state.ended = true;
  state.until = Time::max();
  shutdown(fd, state.busy() ? SHUT_RDWR : SHUT_RD);
}

bool Connections::EndLongest(Waits waits, Time before) {
  MutexLock lock(mutex_);
  auto longest = all_.end();
  for (auto one = all_.begin(); one != all_.end(); ++one) {
    const State& state = one->second;
    if (state.waits != waits || state.ended || state.since >= before) continue;
    if (longest == all_.end() || state.since < longest->second.since) longest = one;
  }
  if (longest == all_.end()) return false;
  End(longest->first, longest->second);
  return true;
}

void Connections::OnTick(Time now) {
  MutexLock lock(mutex_);
  for (auto& [fd, state] : all_) {
    if (state.until >= now) continue;
    if (state.waits != Waits::kForAnswer) {
      End(fd, state);
    } else {
      state.until = Time::max();
      state.connection->Wake();
    }
  }
}

void Connections::LetGo() {
  MutexLock lock(mutex_);
  lets_go_ = true;
}

bool Connections::lets_go() const {
  MutexLock lock(mutex_);
  return lets_go_;
}

void Connections::BeginStop() {
  MutexLock lock(mutex_);
  lets_go_ = true;
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
  MutexLock lock(mutex_);
  while (busy_ > 0) {
    if (!changed_.WaitUntil(mutex_, Until(deadline))) return busy_ == 0;
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

}  // namespace raftly
