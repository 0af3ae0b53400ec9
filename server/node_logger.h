// What happens in a node, as log lines: transitions, not repetitions.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "raft/node/observer.h"
#include "server/line_limit.h"
#include "server/log.h"

namespace raftly {

class NodeLogger : public NodeObserver {
 public:
  // `log` outlives it.
  explicit NodeLogger(const Logger& log) : log_(log) {}

  void OnRecovered(const Wal::Opened& opened, Duration took) override;
  void OnEvent(Time now, const NodeEvent& event) override;
  void OnStep(Time now, const RaftCore& core) override;
  void OnCallFailed(const NodeId& peer, const absl::Status& why) override;
  void OnMisdirected(const NodeId& from, const std::string& why) override;
  // Not of the observer: a message came from somebody whose certificate is not that of whom it says it is from. On the
  // loop.
  void OnStranger(const NodeId& claimed, const std::string& why, Time now);
  void OnClusterKnown(const Identity& identity) override;
  void OnRepair(const RepairNews& news) override;
  void OnSnapshotTaken(LogPosition last_included, uint64_t bytes, Duration took, const absl::Status& status) override;
  void OnSnapshotDamaged(const absl::Status& why) override;
  void OnSnapshotRefused(const absl::Status& why) override;
  void OnFatal(const absl::Status& why) override;

 private:
  void Line(const ElectionStarted& event);
  void Line(const RoleChanged& event);
  void Line(const LeaderChanged& event);
  void Line(const VoteCast& event);
  void Line(const LogTruncated& event);
  void Line(const CommitAdvanced&) {}  // far too many
  void Line(const PeerLostLog& event);
  void Line(const VoteRegained& event);
  void Line(const MessageRefused& event);
  void Line(const PeerRefuses& event);
  void Line(const InstallationChanged& event);
  void Line(const SnapshotInstalled& event);
  void Line(const ConfigurationChanged& event);
  void Line(const HandoverChanged& event);
  void Line(const VoteRefused& event);
  bool Repeated(const ElectionStarted& event);
  void RefusedBy(const NodeId& peer, const std::string& why);
  void ReachableAgain(const NodeId& peer);

  const Logger& log_;
  Time now_ = Time::min();              // loop only, as of the latest batch
  std::map<NodeId, Time> unreachable_;  // loop only; since when the last call failed
  // Loop only; the campaigns since a leader was lost, however many they become.
  struct Search {
    uint64_t campaigns = 0;
    Time since;
    Time next_line;
    Duration interval;
    bool quiet = false;  // the campaign under way is not told of
  };
  Search search_;
  // Loop only; for what a peer can have us say as often as it likes.
  LineLimit refusals_{std::chrono::minutes(1)};
  LineLimit votes_{std::chrono::seconds(1)};
};

}  // namespace raftly
