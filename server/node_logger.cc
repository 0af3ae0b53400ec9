#include "server/node_logger.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "raft/node/errors.h"

namespace raftly {
namespace {

// When a search for a leader is told of again, and how far apart those lines come to be.
constexpr Duration kFirstSearchLine = std::chrono::seconds(1);
constexpr Duration kLastSearchInterval = std::chrono::minutes(1);

template <class Tag>
std::string Number(Counter<Tag> counter) {
  return std::to_string(counter.value);
}

std::string OrNone(const NodeId& node) { return node.empty() ? "none" : node; }

std::string Milliseconds(Duration duration) {
  return absl::StrFormat("%.1f", std::chrono::duration<double, std::milli>(duration).count());
}

const char* ReasonOf(ElectionReason reason) {
  switch (reason) {
    case ElectionReason::kTimeout:
      return "no leader heard";
    case ElectionReason::kPreVoteWon:
      return "pre-vote won";
    case ElectionReason::kHandedOver:
      return "the leader hands the lead over";
    case ElectionReason::kLeaderGone:
      return "the leader's process is gone";
  }
  return "";
}

}  // namespace

void NodeLogger::OnRecovered(const Wal::Opened& opened, Duration took) {
  if (opened.torn_tail) {
    log_.Warn(
        "torn tail cut from the log: an interrupted write that was never acknowledged",
        {{"offset", std::to_string(opened.torn_tail->offset)}, {"bytes", std::to_string(opened.torn_tail->bytes)}});
  }
  const LogPosition last = opened.entries.empty() ? LogPosition{} : opened.entries.back().position();
  log_.Info("recovered", {{"entries", std::to_string(opened.entries.size())},
                          {"last_index", Number(last.index)},
                          {"last_term", Number(last.term)},
                          {"term", Number(opened.hard_state.term)},
                          {"voted_for", OrNone(opened.hard_state.voted_for)},
                          {"may_vote", opened.hard_state.may_vote ? "true" : "false"},
                          {"took_ms", Milliseconds(took)}});
}

void NodeLogger::OnEvent(Time now, const NodeEvent& event) {
  now_ = now;
  std::visit([this](const auto& one) { Line(one); }, event);
}

void NodeLogger::OnRepair(const RepairNews& news) {
  switch (news.what) {
    case RepairNews::What::kBegun:
      return log_.Warn("repair begins: this node asks its peers for what it has lost, and takes no part until then",
                       {{"damage", news.text}});
    case RepairNews::What::kWaits:
      return log_.Warn("repair waits: no peer could help yet", {{"answers", news.text}});
    case RepairNews::What::kFetched:
      return log_.Info("repair has all that was missing",
                       {{"entries", std::to_string(news.entries)}, {"from", OrNone(news.peer)}});
    case RepairNews::What::kDone:
      return log_.Info("repair done: the log is what it was, and this node takes part again");
  }
}

void NodeLogger::OnStep(Time now, const RaftCore& core) {
  now_ = now;
  if (unreachable_.empty()) return;
  std::vector<NodeId> heard;
  for (const auto& [peer, progress] : core.progress()) {
    const auto failed = unreachable_.find(peer);
    // A new leader has heard of nobody yet, whatever heard_at says: it begins as if all had just answered.
    if (failed == unreachable_.end() || !progress.confirmed) continue;
    if (progress.heard_at > failed->second) heard.push_back(peer);
  }
  for (const NodeId& peer : heard) ReachableAgain(peer);
}

void NodeLogger::OnCallFailed(const NodeId& peer, const absl::Status& why) {
  if (IsPeerRefused(why)) return RefusedBy(peer, std::string(why.message()));
  const bool first = unreachable_.insert_or_assign(peer, now_).second;
  if (first) log_.Warn("peer unreachable", {{"peer", peer}, {"reason", std::string(why.message())}});
}

void NodeLogger::OnMisdirected(const NodeId& from, const std::string& why) {
  const auto kept_back = refusals_.Admit(absl::StrCat("misdirected ", from), now_);
  if (!kept_back) return;
  log_.Warn("a peer's message refused: it was not meant for this node",
            {{"peer", OrNone(from)}, {"reason", why}, {"not_logged", std::to_string(*kept_back)}});
}

void NodeLogger::OnStranger(const NodeId& claimed, const std::string& why, Time now) {
  const auto kept_back = refusals_.Admit(absl::StrCat("stranger ", claimed), now);
  if (!kept_back) return;
  log_.Warn("a peer's message refused: its certificate is another's",
            {{"peer", OrNone(claimed)}, {"reason", why}, {"not_logged", std::to_string(*kept_back)}});
}

void NodeLogger::OnClusterKnown(const Identity& identity) {
  log_.Info("cluster known", {{"cluster_id", identity.cluster_id}, {"incarnation", identity.incarnation}});
}

void NodeLogger::OnFatal(const absl::Status& why) {
  const bool other_cluster = absl::IsFailedPrecondition(why);
  log_.Error(other_cluster ? "the log belongs to another cluster, the node stops and promises nothing any more"
                           : "the disk failed, the node stops and promises nothing any more",
             {{"reason", why.ToString()}});
}

void NodeLogger::ReachableAgain(const NodeId& peer) {
  if (unreachable_.erase(peer) > 0) log_.Info("peer reachable again", {{"peer", peer}});
}

// The first campaign since a leader was known is told in full; then one now and then, with their number.
bool NodeLogger::Repeated(const ElectionStarted& event) {
  if (event.reason == ElectionReason::kPreVoteWon) return search_.quiet;
  const bool first = search_.campaigns++ == 0;
  if (first)
    search_ = {.campaigns = 1, .since = now_, .next_line = now_ + kFirstSearchLine, .interval = kFirstSearchLine};
  search_.quiet = !first && now_ < search_.next_line;
  if (!first && !search_.quiet) {
    search_.interval = std::min(2 * search_.interval, kLastSearchInterval);
    search_.next_line = now_ + search_.interval;
  }
  return search_.quiet;
}

void NodeLogger::Line(const ElectionStarted& event) {
  if (Repeated(event)) return;
  const bool pre_vote = event.role == Role::kPreCandidate;
  const char* reason = ReasonOf(event.reason);
  log_.Info(pre_vote ? "pre-vote started" : "election started", {{"term", Number(event.term)},
                                                                 {"reason", reason},
                                                                 {"last_leader", OrNone(event.last_leader)},
                                                                 {"campaigns", std::to_string(search_.campaigns)},
                                                                 {"searching_ms", Milliseconds(now_ - search_.since)}});
}

void NodeLogger::Line(const RoleChanged& event) {
  const bool campaign =
      event.to == Role::kPreCandidate || event.to == Role::kCandidate || event.reason == RoleReason::kHigherTerm;
  if (campaign && search_.quiet) return;
  log_.Info("role changed", {{"from", std::string(ToString(event.from))},
                             {"to", std::string(ToString(event.to))},
                             {"term", Number(event.term)},
                             {"reason", std::string(ToString(event.reason))}});
}

void NodeLogger::Line(const LeaderChanged& event) {
  if (!event.leader.empty()) search_ = {};
  log_.Info("leader changed", {{"leader", OrNone(event.leader)}, {"term", Number(event.term)}});
  ReachableAgain(event.leader);
}

void NodeLogger::Line(const VoteCast& event) {
  log_.Info("vote cast", {{"candidate", event.candidate}, {"term", Number(event.term)}});
}

void NodeLogger::Line(const LogTruncated& event) {
  log_.Warn("log truncated: entries replaced by the leader's",
            {{"from", Number(event.from)}, {"entries", std::to_string(event.entries)}, {"leader", event.leader}});
}

void NodeLogger::Line(const PeerLostLog& event) {
  log_.Error(
      "peer lost its log: it no longer holds what it had acknowledged; set its data directory aside and restart it "
      "with -rejoin",
      {{"peer", event.peer}, {"acknowledged", Number(event.acknowledged)}});
}

void NodeLogger::Line(const VoteRegained& event) {
  log_.Info("vote regained: caught up with the cluster", {{"index", Number(event.caught_up_to)}});
}

void NodeLogger::Line(const MessageRefused& event) {
  const auto kept_back = refusals_.Admit(absl::StrCat("from ", event.from, static_cast<int>(event.why)), now_);
  if (!kept_back) return;
  log_.Warn("a peer's message refused: no member of this cluster can say that",
            {{"peer", OrNone(event.from)},
             {"term", Number(event.term)},
             {"reason", std::string(ToString(event.why))},
             {"not_logged", std::to_string(*kept_back)}});
}

// Pre-votes come as often as elections are feared, votes when one is held.
void NodeLogger::Line(const VoteRefused& event) {
  if (event.pre_vote && !log_.Wants(LogLevel::kDebug)) return;
  const auto kept_back = votes_.Admit(
      absl::StrCat(event.pre_vote ? "pre-vote " : "vote ", event.candidate, static_cast<int>(event.why)), now_);
  if (!kept_back) return;
  const LogFields fields = {
      {"candidate", OrNone(event.candidate)},         {"term", Number(event.term)},
      {"reason", std::string(ToString(event.why))},   {"their_last_index", Number(event.theirs.index)},
      {"their_last_term", Number(event.theirs.term)}, {"our_last_index", Number(event.ours.index)},
      {"our_last_term", Number(event.ours.term)},     {"voted_for", OrNone(event.voted_for)},
      {"not_logged", std::to_string(*kept_back)}};
  event.pre_vote ? log_.Debug("pre-vote refused", fields) : log_.Info("vote refused", fields);
}

void NodeLogger::Line(const PeerRefuses& event) {
  RefusedBy(event.peer, "rejects whatever it is sent; is this node among its -peers?");
}

void NodeLogger::Line(const InstallationChanged& event) {
  using What = InstallationChanged::What;
  const LogFields fields = {{"peer", event.peer},
                            {"last_included_index", Number(event.last_included.index)},
                            {"last_included_term", Number(event.last_included.term)}};
  switch (event.what) {
    case What::kBegun:
      return log_.Info("a peer needs a snapshot: sending", fields);
    case What::kDone:
      return log_.Info("a peer has the snapshot", fields);
    case What::kGivenUp:
      return log_.Warn("a peer takes no more of the snapshot: given up for now", fields);
    case What::kNotTaken:
      return log_.Warn("a peer needs a snapshot and takes none (a Go node?)", fields);
  }
}

void NodeLogger::Line(const ConfigurationChanged& event) {
  log_.Info("members changed", {{"members", ToString(event.configuration)}, {"index", std::to_string(event.at.value)}});
}

void NodeLogger::Line(const HandoverChanged& event) {
  using What = HandoverChanged::What;
  const bool went_well = event.what == What::kBegun || event.what == What::kAsked || event.what == What::kDone;
  LogFields fields = {{"what", absl::StrCat(std::string(ToString(event.what)), " ", event.to)},
                      {"peer", event.to},
                      {"term", Number(event.term)}};
  if (event.why) fields.emplace_back("reason", ToString(*event.why));
  went_well ? log_.Info("hand-over", fields) : log_.Warn("hand-over", fields);
}

void NodeLogger::Line(const SnapshotInstalled& event) {
  log_.Info("took up a leader's snapshot", {{"leader", OrNone(event.leader)},
                                            {"last_included_index", Number(event.last_included.index)},
                                            {"last_included_term", Number(event.last_included.term)}});
}

void NodeLogger::OnSnapshotTaken(LogPosition last_included, uint64_t bytes, Duration took, const absl::Status& status) {
  if (!status.ok()) {
    return log_.Warn("no snapshot could be made: the one before stays", {{"reason", status.ToString()}});
  }
  log_.Info("snapshot made", {{"last_included_index", Number(last_included.index)},
                              {"bytes", std::to_string(bytes)},
                              {"took_ms", Milliseconds(took)}});
}

void NodeLogger::OnSnapshotDamaged(const absl::Status& why) {
  log_.Error("a snapshot is damaged and was set aside; an older one serves, where there is one",
             {{"reason", std::string(why.message())}});
}

void NodeLogger::OnSnapshotRefused(const absl::Status& why) {
  const auto kept_back = refusals_.Admit("snapshot", now_);
  if (!kept_back) return;
  log_.Warn("a leader's snapshot cannot be kept",
            {{"reason", why.ToString()}, {"not_logged", std::to_string(*kept_back)}});
}

void NodeLogger::RefusedBy(const NodeId& peer, const std::string& why) {
  const auto kept_back = refusals_.Admit(absl::StrCat("by ", peer), now_);
  if (!kept_back) return;
  log_.Warn("peer refuses this node", {{"peer", peer}, {"reason", why}, {"not_logged", std::to_string(*kept_back)}});
}

}  // namespace raftly
