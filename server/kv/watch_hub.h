// Those who watch keys (SPEC section 4.2), and when they hear of changes: in rounds.
//
//   auto watcher = hub.Watch("config/", {}, [] { /* ask Next again */ });
//   std::string text;
//   while (watcher->Next(text) == WatchHub::Piece::kSome) Send(text);
//
// A round looks up who watches what has changed since the last one, makes the text of each change once, and wakes whom
// it concerns. Waking thousands takes its time, so the next round waits until that was a small part of all time: what
// watchers cost the writes is bounded, and it is delay that grows with their number. Nobody's reading is waited for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/env/executor.h"
#include "raft/env/mutex.h"
#include "server/kv/change_log.h"

namespace raftly {

class WatchHub {
 public:
  enum class Piece {
    kSome,     // appended; it may have been nothing, and there may be more
    kNothing,  // until it is woken
    kEnd,
  };
  class Watcher;

  // Both outlive it; rounds run on `loop`, which runs nothing any more when this is destroyed. Takes the log's Listen.
  WatchHub(ChangeLog& changes, EventLoop& loop);
  ~WatchHub();

  // From any thread. Changes of keys with this prefix from `from` on (nothing: from now on), which may be yet to come.
  // `wake` says that Next may have more; from any thread, holding no lock. OutOfRange: what lies there is not known any
  // more.
  absl::StatusOr<std::unique_ptr<Watcher>> Watch(std::string prefix, std::optional<ChangePosition> from,
                                                 std::function<void()> wake);
  size_t watchers() const { return watchers_; }
  // All watchers come to their end.
  void Stop();

 private:
  struct Member;
  struct Group;
  struct Frame {
    ChangePosition at;
    ChangePosition after;
    std::shared_ptr<const std::string> text;
  };

  void OnAppended(uint64_t appended);
  void RoundWhenDue();
  void Round();
  using Groups = std::vector<std::shared_ptr<Group>>;
  bool Publish(ChangePosition until, Groups& touched, size_t& changes);
  void Hand(const Change& change, Groups& touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SkipTo(ChangePosition begin, Groups& touched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(const std::shared_ptr<Member>& member);

  ChangeLog& changes_;
  EventLoop& loop_;

  std::atomic<size_t> watchers_{0};
  std::atomic<bool> scheduled_{false};
  std::atomic<bool> urgent_{false};           // a round was asked for before its time
  std::atomic<uint64_t> published_bytes_{0};  // of ChangeLog::Bounds::appended
  Time next_round_ = {};                      // loop only
  uint64_t rounds_ = 0;                       // loop only
  ChangePosition last_begin_;                 // loop only: of the last round
  Groups had_news_;                           // loop only: whose frames are kept, some twice

  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  ChangePosition published_ ABSL_GUARDED_BY(mutex_);  // watchers hear of what lies before it
  // By the prefix's length: a key's groups are those of its first bytes.
  std::map<size_t, absl::flat_hash_map<std::string, std::shared_ptr<Group>>> groups_ ABSL_GUARDED_BY(mutex_);
};

// One client's. Used by one thread at a time; the hub outlives it.
class WatchHub::Watcher {
 public:
  ~Watcher();
  // Appends events to `out`, as Server-Sent Events.
  Piece Next(std::string& out);
  // All that lies before it was handed out.
  ChangePosition position() const { return next_; }

 private:
  friend class WatchHub;
  Watcher(WatchHub& hub, std::shared_ptr<Member> member, ChangePosition from)
      : hub_(hub), member_(std::move(member)), next_(from) {}
  Piece ReadLog(ChangePosition until, std::string& out);

  WatchHub& hub_;
  const std::shared_ptr<Member> member_;
  ChangePosition next_;
  bool gone_ = false;
};

}  // namespace raftly
