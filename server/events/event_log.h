// What those who watch the cluster may still want to hear: the latest picture of each kind, and the last changes.
//
// Nobody's reading is waited for: pictures replace each other, changes beyond the limits are forgotten. So a slow
// reader skips, and one that comes back is told what it missed, as far as that is still known.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raft/core/time.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"

namespace raftly {

// The pictures, and the counts on links (SPEC section 4.1). Changes are everybody's.
enum class Topic : uint8_t { kStatus, kChaos, kLog, kLinks };

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
  // Replaces the picture of kStatus, kChaos or kLog.
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

  // What came after the cursor, in order, at the latest at `deadline` (steady clock; empty then). Moves the cursor.
  std::vector<Frame> Await(Cursor& cursor, Topics topics, Time deadline) const;
  // Ends all waiting, now and later.
  void Stop();
  bool stopped() const;

 private:
  using Numbered = std::pair<uint64_t, Frame>;

  Numbered MakeFrame(const Event& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Frame> Since(const Cursor& cursor, Topics topics) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string epoch_;
  mutable Mutex mutex_;
  mutable CondVar news_;
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Numbered> changes_ ABSL_GUARDED_BY(mutex_);
  std::deque<Numbered> links_ ABSL_GUARDED_BY(mutex_);
  std::map<Topic, Numbered> pictures_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace raftly
