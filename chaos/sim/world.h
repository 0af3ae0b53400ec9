// A world in which time is a number: one queue of events for all threads, timers, links and disks of a cluster.
//
//   World world(seed);
//   world.At(world.now() + 5ms, kNemesis, [&] { ... });
//   world.RunUntil(Time(10s));
//
// Single-threaded. The same seed and the same calls give the same events, at the same times, in the same order, and so
// the same hash.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "chaos/sim/random.h"
#include "raft/env/executor.h"

namespace raftly {

class SimExecutor;

// Whose event it is, for the hash: 0 is the outside world, the rest are executors and links.
using Actor = uint32_t;

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {}
  ~World() { Close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Virtual time since the beginning.
  Time now() const { return now_; }

  void At(Time time, Actor actor, Task task) { Add(time, actor, nullptr, std::move(task)); }
  // Hands `task` to `target` at `time`. An empty task wakes it.
  void Add(Time time, Actor actor, SimExecutor* target, Task task);

  // Runs events up to and including `until`, unless stopped; then it is `until`.
  void RunUntil(Time until);
  // Makes RunUntil return after the event that runs now, and do nothing any more.
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // Runs `action` outside of any other task, once `events` more events have run. One at a time; a new one
  // replaces it, and 0 events only cancel it.
  void AfterEvents(uint64_t events, std::function<void()> action);
  // Drops all events and takes no more: for taking the world apart.
  void Close();

  Random& random() { return random_; }
  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }
  void Mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x9fb21c651e98df25 + (hash_ >> 29); }

 private:
  struct Event {
    Time time;
    uint64_t sequence;
    Actor actor;
    uint32_t slot;
    SimExecutor* target;
  };
  // The heap's top is the earliest; among equal times the first posted.
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };

  void RunNext();

  Time now_{};
  Random random_;
  std::vector<Event> heap_;
  std::vector<Task> slots_;  // tasks stay where they are while the heap moves
  std::vector<uint32_t> free_slots_;
  uint64_t sequence_ = 0;
  uint64_t events_ = 0;
  uint64_t hash_ = 0x51ab1e5eed;
  uint64_t countdown_ = 0;  // 0: no action waits
  std::function<void()> countdown_action_;
  bool stopped_ = false;
  bool closed_ = false;
};

// How long it takes until another thread gets to work, and how often that takes long.
struct HandOver {
  Duration low = std::chrono::microseconds(5);
  Duration high = std::chrono::microseconds(60);
  Duration spike = std::chrono::milliseconds(5);
  uint32_t spike_permille = 2;
};

// A thread with a queue, in virtual time. May be paused, and dies with its process.
class SimExecutor : public EventLoop {
 public:
  // A local clock: at virtual time v it shows offset + v + v * drift_ppm / 1,000,000.
  struct ClockError {
    Duration offset{};
    int64_t drift_ppm = 0;
  };
  // How long a task that blocks takes. It runs at the end of that time, in one instant: what it tells others must not
  // be known before it is true. Null: tasks take no time.
  using ServiceTime = std::function<Duration()>;

  SimExecutor(World& world, Actor actor, HandOver hand_over, ClockError clock, ServiceTime service_time = nullptr)
      : world_(world), actor_(actor), hand_over_(hand_over), clock_(clock), service_time_(std::move(service_time)) {}

  void Post(Task task) override;
  Time Now() const override { return Local(world_.now()); }
  void PostAt(Time time, Task task) override;

  // Another pace from here on; what waits for a time waits as the old pace had it.
  ClockError SetDrift(int64_t ppm) {
    const Time shown = Now();
    clock_.drift_ppm = ppm;
    clock_.offset += shown - Now();
    return clock_;
  }
  void Pause() { paused_ = true; }
  void Resume();

  // The process dies: no event runs here any more. What waits, and what is still posted, runs only through RunWaiting.
  void Die() { dying_ = true; }
  // For taking a dying process apart: the first task that waits, if any.
  bool RunWaiting();
  // Nothing at all from here on.
  void Bury();

 private:
  friend class World;

  // Called by the world when the task is due; an empty one means: see to the backlog.
  void Deliver(Task task);
  Task TakeWaiting();
  void WakeAt(Time time);
  Duration Latency();
  bool Waiting() const { return backlog_head_ < backlog_.size(); }
  Time Local(Time time) const;
  Time Virtual(Time local) const;

  World& world_;
  Actor actor_;
  HandOver hand_over_;
  ClockError clock_;
  ServiceTime service_time_;
  bool paused_ = false;
  bool dying_ = false;
  bool buried_ = false;
  bool wake_posted_ = false;
  Time last_ready_{};  // posted tasks keep their order whatever their latencies
  std::vector<Task> backlog_;
  size_t backlog_head_ = 0;  // everything before it has run
};

}  // namespace raftly
