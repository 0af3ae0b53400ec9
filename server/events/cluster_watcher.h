// The one that looks at the cluster for all event streams of this server, however many are open.
//
//   auto watching = watcher.Watch({Topic::kStatus, Topic::kLog});
//   if (!watching.ok()) ...                                   // too many
//   auto cursor = events.Connect();
//   ... events.Take(cursor, topics) ...                       // as long as `watching` lives
//
// Without streams it rests.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "raft/env/mutex.h"
#include "server/cluster/fan_out.h"
#include "server/events/cluster_changes.h"
#include "server/events/event_log.h"

namespace raftly {

class ClusterWatcher {
 public:
  static constexpr size_t kMaxStreams = 64;
  // How often it looks, how often a status is sent, and the rest where somebody wants it.
  static constexpr std::chrono::milliseconds kTick{100};
  static constexpr std::chrono::milliseconds kStatusEvery{500};
  static constexpr std::chrono::milliseconds kDetailsEvery{250};
  // It goes on for this long after the last stream has ended: a page that reconnects has missed nothing.
  static constexpr std::chrono::milliseconds kLinger{30'000};

  // Both outlive it.
  ClusterWatcher(FanOut& fan_out, EventLog& events);
  // Stops.
  ~ClusterWatcher();

  // As long as it lives, its topics are looked at.
  class Watching {
   public:
    Watching(ClusterWatcher& watcher, Topics topics) : watcher_(watcher), topics_(topics) {}
    ~Watching() { watcher_.Unwatch(topics_); }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

   private:
    ClusterWatcher& watcher_;
    const Topics topics_;
  };
  // From any thread. ResourceExhausted beyond kMaxStreams.
  absl::StatusOr<std::unique_ptr<Watching>> Watch(Topics topics);
  size_t streams() const;

  void Start();
  // Ends the looking; does not wait for calls under way (FanOut::Stop does). Idempotent.
  void Stop();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr size_t kTopics = 5;

  // What a node last said. Absent: it was not asked yet.
  struct Seen {
    bool asking = false;
    std::optional<FanOut::Body> status;
    std::optional<FanOut::Body> rules;
    std::optional<FanOut::Body> log;
    std::optional<FanOut::Body> links;
    std::optional<FanOut::Body> members;
  };

  void Unwatch(Topics topics);
  void Run();
  // Waits until somebody watches. False: stopped.
  bool AwaitWork();
  // Asks every node that is not still busy with the last question, and gives them a moment.
  void Look(Topics wanted);
  void AskNode(const NodeId& node, Topics wanted);
  Topics Wanted() const;
  std::map<NodeId, Seen> TakeSeen() const;
  void PublishStatus(TimePoint now, const std::map<NodeId, Seen>& seen);
  void PublishDetails(Topics wanted, const std::map<NodeId, Seen>& seen);
  // The leader alone knows how far each member is; where there is none, this node says what it knows.
  std::string ChooseMembers(const FanOut::Bodies& bodies) const;
  void PublishLinks(const std::map<NodeId, Seen>& seen);
  void PublishIfChanged(Topic topic, std::string_view type, std::string json);
  void ForgetAll();

  FanOut& fan_out_;
  EventLog& events_;

  // Of the watcher's own thread.
  ClusterChanges changes_;
  LinkChanges link_changes_;
  std::map<Topic, std::string> published_;
  NodeId leader_;  // as of the last status; empty: none
  TimePoint status_due_{};
  TimePoint details_due_{};

  mutable Mutex mutex_;
  CondVar changed_;
  std::array<size_t, kTopics> watchers_ ABSL_GUARDED_BY(mutex_) = {};  // by topic; everyone watches kStatus
  TimePoint last_left_ ABSL_GUARDED_BY(mutex_){};
  std::map<NodeId, Seen> seen_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace raftly
