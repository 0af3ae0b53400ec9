#include "server/kv/write_watch.h"

#include <chrono>
#include <utility>

namespace raftly {

WriteWatch::Expected::Expected(WriteWatch& watch, Command command) : watch_(watch), command_(std::move(command)) {
  MutexLock lock(watch_.mutex_);
  watch_.expected_.push_back(this);
  watch_.waiting_ = watch_.expected_.size();
}

WriteWatch::Expected::~Expected() {
  MutexLock lock(watch_.mutex_);
  std::erase(watch_.expected_, this);
  watch_.waiting_ = watch_.expected_.size();
}

bool WriteWatch::Expected::Await(Term term, Index after, Time deadline) const {
  const std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
  const auto seen = [&] {
    const auto last = applied_.find(term);
    return last != applied_.end() && last->second > after;
  };
  MutexLock lock(watch_.mutex_);
  while (!seen() && newest_ <= term && !watch_.stopped_) {
    if (!watch_.changed_.WaitUntil(watch_.mutex_, until)) break;
  }
  return seen();
}

void WriteWatch::OnApplied(const Entry& entry) {
  if (waiting_ == 0) return;
  const Command command = entry.type == EntryType::kNormal ? DecodeCommand(entry.data.view()) : Command();
  MutexLock lock(mutex_);
  for (Expected* expected : expected_) {
    expected->newest_ = entry.term;
    if (expected->command_ == command) expected->applied_[entry.term] = entry.index;
  }
  changed_.NotifyAll();
}

void WriteWatch::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

}  // namespace raftly
