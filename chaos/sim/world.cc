#include "chaos/sim/world.h"

#include <algorithm>
#include <utility>

#include "raft/core/check.h"

namespace raftly {

void World::Add(Time time, Actor actor, SimExecutor* target, Task task) {
  if (closed_ || time == kNever) return;
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(std::move(task));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(task);
  }
  heap_.push_back({std::max(time, now_), sequence_++, actor, slot, target});
  std::push_heap(heap_.begin(), heap_.end(), Later());
}

void World::RunNext() {
  std::pop_heap(heap_.begin(), heap_.end(), Later());
  const Event event = heap_.back();
  heap_.pop_back();
  RAFTLY_CHECK(event.time >= now_, "virtual time would move back");
  now_ = event.time;
  ++events_;
  Mix(static_cast<uint64_t>(now_.time_since_epoch().count()) ^ (uint64_t{event.actor} << 48));
  {
    Task task = std::move(slots_[event.slot]);
    slots_[event.slot] = nullptr;
    free_slots_.push_back(event.slot);
    if (event.target != nullptr) {
      event.target->Deliver(std::move(task));
    } else {
      task();
    }
  }
  if (countdown_ > 0 && --countdown_ == 0) std::exchange(countdown_action_, nullptr)();
}

void World::RunUntil(Time until) {
  while (!stopped_ && !heap_.empty() && heap_.front().time <= until) RunNext();
  if (!stopped_) now_ = std::max(now_, until);
}

void World::AfterEvents(uint64_t events, std::function<void()> action) {
  countdown_ = events;
  countdown_action_ = std::move(action);
}

void World::Close() {
  // Tasks may post others as they are destroyed; those go the same way.
  closed_ = true;
  countdown_ = 0;
  countdown_action_ = nullptr;
  heap_.clear();
  std::vector<Task> slots = std::move(slots_);
  slots_.clear();
  slots.clear();
}

Duration SimExecutor::Latency() {
  Random& random = world_.random();
  if (random.Chance(hand_over_.spike_permille)) return random.Between(hand_over_.high, hand_over_.spike);
  return random.Between(hand_over_.low, hand_over_.high);
}

void SimExecutor::Post(Task task) {
  if (buried_) return;
  if (dying_) {
    backlog_.push_back(std::move(task));
    return;
  }
  last_ready_ = std::max(last_ready_, world_.now() + Latency());
  world_.Add(last_ready_, actor_, this, std::move(task));
}

void SimExecutor::PostAt(Time time, Task task) {
  if (dying_ || time == kNever) return;
  world_.Add(Virtual(time), actor_, this, std::move(task));
}

void SimExecutor::Deliver(Task task) {
  if (dying_) return;
  if (task) {
    if (!paused_ && !Waiting() && service_time_ == nullptr) return task();
    const bool first = !Waiting();
    backlog_.push_back(std::move(task));
    if (first && !paused_) WakeAt(world_.now() + (service_time_ == nullptr ? Duration(0) : service_time_()));
    return;
  }
  wake_posted_ = false;
  if (paused_ || !Waiting()) return;
  TakeWaiting()();
  if (Waiting() && !dying_) WakeAt(world_.now() + (service_time_ == nullptr ? Duration(0) : service_time_()));
}

Task SimExecutor::TakeWaiting() {
  Task task = std::move(backlog_[backlog_head_++]);
  if (!Waiting()) {
    backlog_.clear();
    backlog_head_ = 0;
  }
  return task;
}

void SimExecutor::WakeAt(Time time) {
  if (std::exchange(wake_posted_, true)) return;
  world_.Add(time, actor_, this, nullptr);
}

void SimExecutor::Resume() {
  paused_ = false;
  if (Waiting() && !dying_) WakeAt(world_.now());
}

bool SimExecutor::RunWaiting() {
  if (!Waiting()) return false;
  TakeWaiting()();
  return true;
}

void SimExecutor::Bury() {
  dying_ = buried_ = true;
  std::vector<Task> backlog = std::move(backlog_);
  backlog_.clear();
  backlog_head_ = 0;
}

Time SimExecutor::Local(Time time) const {
  const int64_t v = time.time_since_epoch().count();
  return Time(Duration(v + v / 1'000'000 * clock_.drift_ppm + v % 1'000'000 * clock_.drift_ppm / 1'000'000) +
              clock_.offset);
}

Time SimExecutor::Virtual(Time local) const {
  const int64_t elapsed = (local.time_since_epoch() - clock_.offset).count();
  const int64_t rate = 1'000'000 + clock_.drift_ppm;
  // Whole and remaining parts apart, so that nothing overflows; rounded up, since a timer is never early.
  Time time{Duration(elapsed / rate * 1'000'000 + elapsed % rate * 1'000'000 / rate)};
  while (Local(time) < local) time += Duration(1);
  return time;
}

}  // namespace raftly
