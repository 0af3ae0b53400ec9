#include "server/metrics/node_metrics.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "raft/core/check.h"
#include "raft/node/errors.h"

namespace raftly {
namespace {

// Values of labels, in the order of their names below.
enum ProposalOutcome : size_t {
  kCommitted,
  kOverwritten,
  kTimedOut,
  kNotLeader,
  kQueueFull,
  kDiskFull,
  kStopping,
  kFailed
};
const std::vector<std::string>& OutcomeNames() {
  static const std::vector<std::string> names = {"committed",  "overwritten", "timed_out", "not_leader",
                                                 "queue_full", "disk_full",   "stopping",  "failed"};
  return names;
}

enum FailureKind : size_t { kUnreachable, kNoAnswer, kCancelled, kRefused, kOther };
const std::vector<std::string>& FailureKindNames() {
  static const std::vector<std::string> names = {"unreachable", "timed_out", "cancelled", "refused", "other"};
  return names;
}

// In the order of Objection; the last is not the core's.
const std::vector<std::string>& ObjectionNames() {
  static const std::vector<std::string> names = {"stranger",
                                                 "impossible_number",
                                                 "malformed",
                                                 "second_leader",
                                                 "committed_would_change",
                                                 "another_entry_of_one_term",
                                                 "wrong_answer",
                                                 "misdirected"};
  return names;
}

uint64_t StateNumber(Role role) {
  switch (role) {
    case Role::kFollower:
      return 0;
    case Role::kPreCandidate:
    case Role::kCandidate:
      return 1;
    case Role::kLeader:
      return 2;
  }
  return 0;
}

// raft/node/errors.h. Unavailable is a node that stops, of its own will or because its disk has failed.
ProposalOutcome OutcomeOf(const absl::Status& status, bool disk_failed) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kCommitted;
    case absl::StatusCode::kAborted:
      return kOverwritten;
    case absl::StatusCode::kDeadlineExceeded:
      return kTimedOut;
    case absl::StatusCode::kFailedPrecondition:
      return kNotLeader;
    case absl::StatusCode::kResourceExhausted:
      return IsDiskFull(status) ? kDiskFull : kQueueFull;
    case absl::StatusCode::kUnavailable:
      return disk_failed ? kFailed : kStopping;
    default:
      return kFailed;
  }
}

FailureKind KindOf(const absl::Status& why) {
  switch (why.code()) {
    case absl::StatusCode::kUnavailable:
      return kUnreachable;
    case absl::StatusCode::kDeadlineExceeded:
      return kNoAnswer;
    case absl::StatusCode::kCancelled:
      return kCancelled;
    case absl::StatusCode::kFailedPrecondition:
      return kRefused;
    default:
      return kOther;
  }
}

prometheus::Family<prometheus::Counter>& ProposalFamily(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("raftly_proposals_total")
      .Help("Proposals made at this node, by what became of them")
      .Register(registry);
}

prometheus::Family<prometheus::Counter>& RefusedFamily(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("raftly_messages_refused_total")
      .Help("Messages of peers, or of who calls itself one, that no member of this cluster can send, by why")
      .Register(registry);
}

}  // namespace

CounterPerValue::CounterPerValue(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels,
                                 const std::string& label, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    labels[label] = value;
    counters_.push_back(&family.Add(labels));
  }
}

NodeMetrics::NodeMetrics(prometheus::Registry& registry, NodeId self)
    : applied_index_(AddGauge(registry, "raftly_applied_index", "Index of the last entry applied here")),
      committed_index_(AddGauge(registry, "raftly_committed_index", "Index of the last entry known to be committed")),
      recovery_duration_(
          AddGauge(registry, "raftly_recovery_duration_seconds", "Time to recover the log when the node started")),
      elections_(AddCounter(registry, "raftly_elections_total", "Elections started by this node, without pre-votes")),
      leader_changes_(AddCounter(registry, "raftly_leader_changes_total", "Leaders seen by this node, one per term")),
      log_entries_(AddCounter(registry, "raftly_log_entries_total",
                              "Entries applied to the state machine; a restart applies the log anew")),
      repaired_entries_(
          AddCounter(registry, "raftly_repaired_entries_total", "Entries of a damaged log that came back from peers")),
      wal_fsync_duration_(AddHistogram(registry, "raftly_wal_fsync_duration_ms",
                                       "Time to write and sync a batch of the log, in milliseconds",
                                       Doubling(0.1, 12))),
      append_batch_entries_(AddHistogram(registry, "raftly_append_batch_entries",
                                         "Entries that shared one sync of the log", Doubling(1, 12))),
      apply_duration_(AddHistogram(registry, "raftly_apply_duration_seconds",
                                   "From the commit of a batch of entries until all of it is applied",
                                   Doubling(0.00001, 16))),
      proposal_duration_(AddHistogram(registry, "raftly_proposal_duration_seconds",
                                      "From a proposal until it is committed and applied here", Doubling(0.0001, 16))),
      proposals_(ProposalFamily(registry), {}, "outcome", OutcomeNames()),
      refused_(RefusedFamily(registry), {}, "reason", ObjectionNames()),
      lags_(prometheus::BuildHistogram()
                .Name("raftly_replication_lag")
                .Help("Entries that a peer is known to be behind, observed once a second by the leader")
                .Register(registry)),
      in_flight_(prometheus::BuildGauge()
                     .Name("raftly_append_in_flight")
                     .Help("Appends with entries that a peer has not answered yet; of a leader")
                     .Register(registry)),
      failures_(prometheus::BuildCounter()
                    .Name("raftly_rpc_failures_total")
                    .Help("Calls to a peer that failed, by how")
                    .Register(registry)),
      members_(AddGauge(registry, "raftly_voters", "Members that vote, as this node's log says")),
      learners_(AddGauge(registry, "raftly_learners", "Members that do not vote")),
      changing_(AddGauge(registry, "raftly_members_changing", "1 while a joint configuration holds")),
      current_term_(AddGauge(registry, "raftly_current_term", "Current term")),
      state_(AddGauge(registry, "raftly_state", "0 follower, 1 candidate or pre-candidate, 2 leader")),
      self_(std::move(self)) {}

void NodeMetrics::OnMembers(const Members& members) {
  members_.Set(static_cast<double>(members.configuration.voters.size()));
  learners_.Set(static_cast<double>(members.configuration.learners.size()));
  changing_.Set(members.configuration.joint() ? 1 : 0);
  std::vector<Peer> peers;
  for (const NodeId& node : members.configuration.Others(self_)) {
    const auto known = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& one) { return one.id == node; });
    peers.push_back(known == peers_.end() ? AddPeer(node) : std::move(*known));
    if (known != peers_.end()) peers_.erase(known);
  }
  for (Peer& gone : peers_) gone.in_flight.Set(0);
  peers_ = std::move(peers);
}

// A family gives the same series for the same labels.
NodeMetrics::Peer NodeMetrics::AddPeer(const NodeId& peer) {
  const prometheus::Labels labels = {{"peer", peer}};
  return {.id = peer,
          .lag = &lags_.Add(labels, Doubling(1, 10)),
          .in_flight = Cached(in_flight_.Add(labels)),
          .failures = CounterPerValue(failures_, labels, "kind", FailureKindNames())};
}

void NodeMetrics::OnRecovered(const Wal::Opened& opened, Duration took) {
  recovery_duration_.Set(Seconds(took));
  current_term_.Set(opened.hard_state.term.value);
}

void NodeMetrics::OnEvent(Time, const NodeEvent& event) {
  if (const auto* advanced = std::get_if<CommitAdvanced>(&event)) {
    committed_index_.Set(static_cast<double>(advanced->commit.value));
  } else if (const auto* started = std::get_if<ElectionStarted>(&event)) {
    if (started->role == Role::kCandidate) elections_.Increment();
  } else if (const auto* changed = std::get_if<LeaderChanged>(&event)) {
    // The leader of a term may be lost and found again.
    if (changed->leader.empty() || changed->term == last_leaders_term_) return;
    last_leaders_term_ = changed->term;
    leader_changes_.Increment();
  } else if (const auto* refused = std::get_if<MessageRefused>(&event)) {
    refused_.Increment(static_cast<size_t>(refused->why));
  } else if (const auto* refuses = std::get_if<PeerRefuses>(&event)) {
    CountFailure(refuses->peer, kRefused);
  }
}

void NodeMetrics::OnRepair(const RepairNews& news) { repaired_entries_.Increment(static_cast<double>(news.entries)); }

void NodeMetrics::OnMisdirected(const NodeId&, const std::string&) { refused_.Increment(kObjections); }

void NodeMetrics::OnStep(Time now, const RaftCore& core) {
  current_term_.Set(core.term().value);
  state_.Set(StateNumber(core.role()));
  if (core.role() == Role::kLeader) {
    WatchPeers(now, core);
  } else if (leads_) {
    StopLeading();
  }
}

void NodeMetrics::WatchPeers(Time now, const RaftCore& core) {
  // A new leader knows nothing of its peers' logs: they get until the first observation to answer.
  if (!std::exchange(leads_, true)) next_lag_ = now + kLagEvery;
  const bool observe_lag = now >= next_lag_;
  if (observe_lag) next_lag_ = next_lag_ + kLagEvery > now ? next_lag_ + kLagEvery : now + kLagEvery;
  auto peer = peers_.begin();
  for (const auto& [id, progress] : core.progress()) {
    while (peer != peers_.end() && peer->id < id) ++peer;
    if (peer == peers_.end() || peer->id != id) continue;
    peer->in_flight.Set(progress.in_flight.size());
    if (observe_lag) peer->lag->Observe(static_cast<double>(core.log().last().index - progress.match));
    ++peer;
  }
}

void NodeMetrics::StopLeading() {
  leads_ = false;
  for (Peer& peer : peers_) peer.in_flight.Set(0);
}

void NodeMetrics::OnCallFailed(const NodeId& peer, const absl::Status& why) { CountFailure(peer, KindOf(why)); }

void NodeMetrics::CountFailure(const NodeId& peer, size_t kind) {
  for (Peer& one : peers_) {
    if (one.id == peer) one.failures.Increment(kind);
  }
}

void NodeMetrics::OnSynced(size_t entries, Duration took) {
  wal_fsync_duration_.Observe(Milliseconds(took));
  if (entries > 0) append_batch_entries_.Observe(static_cast<double>(entries));
}

void NodeMetrics::OnApplied(const Entry& entry) {
  applied_index_.Set(static_cast<double>(entry.index.value));
  log_entries_.Increment();
}

void NodeMetrics::OnStateLoaded(LogPosition at) {
  applied_index_.Set(static_cast<double>(at.index.value));
  committed_index_.Set(std::max(committed_index_.Value(), static_cast<double>(at.index.value)));
}

void NodeMetrics::OnBatchApplied(size_t, Duration took) { apply_duration_.Observe(Seconds(took)); }

void NodeMetrics::OnProposalSettled(const absl::Status& status, Duration took) {
  proposals_.Increment(OutcomeOf(status, disk_failed_.load(std::memory_order_relaxed)));
  if (status.ok()) proposal_duration_.Observe(Seconds(took));
}

void NodeMetrics::OnFatal(const absl::Status&) { disk_failed_.store(true, std::memory_order_relaxed); }

}  // namespace raftly
