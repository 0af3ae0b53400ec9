// What those who watch the cluster may still want to hear: the latest picture of each kind, and the last changes.
//
// Nobody's reading is waited for: pictures replace each other, changes beyond the limits are forgotten. So a slow
// reader skips, and one that comes back is told what it missed, as far as that is still known.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raft/core/types.h"
#include "raft/env/mutex.h"

namespace raftly {

// The pictures, and the counts on links (SPEC section 4.1). Changes are everybody's.
enum class Topic : uint8_t { kStatus, kChaos, kLog, kLinks, kMembers };

class Topics {
 public:
  Topics() = default;
  Topics(std::initializer_list<Topic> topics) {
    for (const Topic topic : topics) Add(topic);
  }
  void Add(Topic topic) { bits_ |= Bit(topic); }
  bool Has(Topic topic) const { return (bits_ & Bit(topic)) != 0; }

 private:
  static unsigned Bit(Topic topic) { return 1U << static_cast<unsigned>(topic); }

  unsigned bits_ = 0;
};

struct Event {
  std::string_view type;
  int64_t timestamp_ms = 0;
  NodeId node = {};  // empty: none
  std::string data;  // JSON
};

// A frame as it is sent: "id: …\ndata: …\n\n".
using Frame = std::shared_ptr<const std::string>;

// From any thread.
class EventLog {
 public:
  static constexpr size_t kMaxChanges = 256;
  static constexpr size_t kMaxLinkFrames = 8;

  // `epoch` tells this log's ids from those of the same server before a restart.
  explicit EventLog(std::string epoch) : epoch_(std::move(epoch)) {}

  void AddChange(const Event& change);
  void AddLinks(const Event& links);
  // Replaces the picture of any topic but kLinks.
  void SetPicture(Topic topic, const Event& picture);
  // It is no longer looked at, and would be old when somebody asks again.
  void ForgetPicture(Topic topic);

  // How far one reader has come.
  struct Cursor {
    uint64_t changes = 0;
    uint64_t pictures = 0;
    uint64_t links = 0;
  };
  // A new reader: gets the pictures as they are, changes and counts from now on; with the id of the last frame that it
  // got (Last-Event-ID, any text), also the changes since then.
  Cursor Connect(std::string_view last_id = {}) const;

  // What came after the cursor, in order. Moves the cursor.
  std::vector<Frame> Take(Cursor& cursor, Topics topics) const;

  // Calls `wake` whenever there may be something new, and at the end, on the thread that brings it, until the
  // subscription is destroyed. `wake` must not call back.
  class Subscription;
  Subscription Subscribe(std::function<void()> wake);

  // No more is to be expected.
  void Stop();
  bool stopped() const;

 private:
  using Numbered = std::pair<uint64_t, Frame>;

  using Wakes = std::list<std::function<void()>>;

  Numbered MakeFrame(const Event& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string epoch_;
  mutable Mutex mutex_;
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Numbered> changes_ ABSL_GUARDED_BY(mutex_);
  std::deque<Numbered> links_ ABSL_GUARDED_BY(mutex_);
  std::map<Topic, Numbered> pictures_ ABSL_GUARDED_BY(mutex_);
  Wakes wakes_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

// As long as it lives, its reader is woken. The log outlives it.
class EventLog::Subscription {
 public:
  Subscription() = default;
  ~Subscription();
  Subscription(Subscription&& other) noexcept { *this = std::move(other); }
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(log_, other.log_);
    std::swap(wake_, other.wake_);
    return *this;
  }

 private:
  friend class EventLog;
  Subscription(EventLog* log, Wakes::iterator wake) : log_(log), wake_(wake) {}

  EventLog* log_ = nullptr;
  Wakes::iterator wake_ = {};
};

}  // namespace raftly
