#include "chaos/sim/life.h"

#include "absl/strings/str_cat.h"

namespace raftly {

namespace {

constexpr uint64_t kBeginningMs = 1'700'000'000'000;  // of the world, since 1970

std::string Place(const LogPosition& position) {
  return absl::StrCat("at ", position.index.value, " of term ", position.term.value);
}

}  // namespace

std::string Describe(const NodeEvent& event) {
  struct Visitor {
    std::string operator()(const ElectionStarted& e) const {
      return absl::StrCat("campaigns for term ", e.term.value, " as ", std::string(ToString(e.role)));
    }
    std::string operator()(const RoleChanged& e) const {
      return absl::StrCat("becomes ", std::string(ToString(e.to)), " in term ", e.term.value, " (",
                          std::string(ToString(e.reason)), ")");
    }
    std::string operator()(const LeaderChanged& e) const {
      return e.leader.empty() ? std::string("knows no leader")
                              : absl::StrCat("follows ", e.leader, " in term ", e.term.value);
    }
    std::string operator()(const VoteCast& e) const {
      return absl::StrCat("votes for ", e.candidate, " in term ", e.term.value);
    }
    std::string operator()(const LogTruncated& e) const {
      return absl::StrCat("cuts ", e.entries, " entries from index ", e.from.value, " on, for ", e.leader);
    }
    std::string operator()(const CommitAdvanced& e) const { return absl::StrCat("commits up to ", e.commit.value); }
    std::string operator()(const PeerLostLog& e) const {
      return absl::StrCat("finds that ", e.peer, " lost its log, acknowledged up to ", e.acknowledged.value);
    }
    std::string operator()(const VoteRegained& e) const {
      return absl::StrCat("votes again, caught up to ", e.caught_up_to.value);
    }
    std::string operator()(const MessageRefused& e) const {
      return absl::StrCat("refuses a message of ", e.from, " in term ", e.term.value, " (",
                          std::string(ToString(e.why)), ")");
    }
    std::string operator()(const VoteRefused& e) const {
      return absl::StrCat("refuses ", e.candidate, e.pre_vote ? " a pre-vote" : " its vote", " in term ", e.term.value,
                          ": ", std::string(ToString(e.why)), " (log ends ", Place(e.theirs), " there, ", Place(e.ours),
                          " here", e.voted_for.empty() ? std::string() : absl::StrCat("; voted for ", e.voted_for),
                          ")");
    }
    std::string operator()(const PeerRefuses& e) const { return absl::StrCat("is refused by ", e.peer); }
    std::string operator()(const InstallationChanged& e) const {
      using What = InstallationChanged::What;
      const char* what = e.what == What::kBegun     ? "begins to send "
                         : e.what == What::kDone    ? "has sent "
                         : e.what == What::kGivenUp ? "gives up sending "
                                                    : "cannot send ";
      return absl::StrCat(what, e.peer, " its snapshot ", Place(e.last_included));
    }
    std::string operator()(const ConfigurationChanged& e) const {
      return absl::StrCat("members from entry ", e.at.value, ": ", ToString(e.configuration));
    }
    std::string operator()(const HandoverChanged& e) const {
      return absl::StrCat(std::string(ToString(e.what)), " ", e.to);
    }
    std::string operator()(const SnapshotInstalled& e) const {
      return absl::StrCat("takes up the snapshot ", Place(e.last_included), " from ", e.leader);
    }
  };
  return std::visit(Visitor(), event);
}

// ---- Observer ------------------------------------------------------------------------------------------------------

void SimCluster::Observer::OnRecovered(const Wal::Opened& opened, Duration) {
  if (cluster_.trace_) {
    cluster_.Say(absl::StrCat(
        cluster_.id(life_.place), " recovers term ", opened.hard_state.term.value, ", ", opened.entries.size(),
        " entries",
        opened.torn_tail ? absl::StrCat(", and cuts a torn tail of ", opened.torn_tail->bytes, " bytes") : ""));
  }
  if (cluster_.watcher_ != nullptr) cluster_.watcher_->OnRecovered(life_.place, opened);
  cluster_.judges_.OnRecovered(life_.place, opened, cluster_.FirstOf(life_.place));
}

void SimCluster::Observer::OnEvent(Time, const NodeEvent& event) {
  if (!life_.alive) return;
  if (const auto* truncated = std::get_if<LogTruncated>(&event))
    cluster_.judges_.OnTruncated(life_.place, truncated->from);
  if (std::holds_alternative<VoteRegained>(event)) cluster_.judges_.OnVoteRegained(life_.place);
  if (cluster_.watcher_ != nullptr) cluster_.watcher_->OnNodeEvent(life_.place, event);
  if (cluster_.trace_) cluster_.Say(absl::StrCat(cluster_.id(life_.place), " ", Describe(event)));
}

void SimCluster::Observer::OnStep(Time, const RaftCore& core) {
  if (!life_.alive) return;
  // Not earlier: a crash would take the vote away again.
  if (core.may_vote() && !core.HardStateUnwritten()) cluster_.machines_[life_.place]->rejoin = false;
  cluster_.judges_.OnStep(life_.place, core);
  if (cluster_.watcher_ != nullptr) cluster_.watcher_->OnStep(life_.place, core);
}

void SimCluster::Observer::OnApplied(const Entry& entry) {
  if (!life_.alive) return;
  cluster_.judges_.OnApplied(life_.place, entry, life_.machine.hash());
  cluster_.writes_.OnApplied(entry, life_.machine);
  cluster_.watches_.OnApplied(life_.place, entry, life_.machine);
  if (cluster_.watcher_ != nullptr) cluster_.watcher_->OnApplied(life_.place, entry, life_.machine);
}

void SimCluster::Observer::OnStateLoaded(LogPosition at) {
  if (!life_.alive) return;
  if (cluster_.watcher_ != nullptr) cluster_.watcher_->OnStateLoaded(life_.place, at, life_.machine);
  cluster_.judges_.OnStateLoaded(life_.place, at, life_.machine.hash());
}

void SimCluster::Observer::OnSnapshotDamaged(const absl::Status& why) {
  if (cluster_.machines_[life_.place]->damaged) return;
  cluster_.judges_.Accuse(absl::StrCat("snapshot: nobody damaged it, yet ", why.message()));
}

void SimCluster::Observer::OnClusterKnown(const Identity& identity) {
  if (!life_.alive) return;
  if (cluster_.cluster_id_.empty()) cluster_.cluster_id_ = identity.cluster_id;
  if (identity.cluster_id != cluster_.cluster_id_) {
    cluster_.judges_.Accuse(absl::StrCat("identity: ", identity.node_id, " takes the cluster for another one"));
  }
}

void SimCluster::Observer::OnRepair(const RepairNews& news) { cluster_.OnRepair(life_, news); }

void SimCluster::Observer::OnFatal(const absl::Status& why) { cluster_.OnFatal(life_, why); }

// ---- Tap -----------------------------------------------------------------------------------------------------------

SimCluster::Tap::Promise SimCluster::Tap::PromiseOf(const Request& request) {
  if (const auto* vote = std::get_if<VoteRequest>(&request)) {
    return {.is_vote = true, .binds = !vote->pre_vote, .term = vote->term, .candidate = vote->candidate, .up_to = {}};
  }
  if (const auto* piece = std::get_if<SnapshotRequest>(&request)) {
    return {.term = piece->term, .candidate = {}, .up_to = piece->last_included};
  }
  if (!std::holds_alternative<AppendRequest>(request)) return {.binds = false};
  const auto& append = std::get<AppendRequest>(request);
  return {.term = append.term,
          .candidate = {},
          .up_to = append.entries.empty() ? append.prev : append.entries.back().position()};
}

void SimCluster::Tap::Judge(const Promise& promise, const Reply& reply) {
  if (!life_.alive || !promise.binds) return;
  if (promise.is_vote) {
    const auto* vote = std::get_if<VoteReply>(&reply);
    if (vote != nullptr && vote->granted) cluster_.judges_.OnVote(life_.place, promise.term, promise.candidate);
  } else {
    const auto* append = std::get_if<AppendReply>(&reply);
    const auto* piece = std::get_if<SnapshotReply>(&reply);
    const bool holds = (append != nullptr && append->success) || (piece != nullptr && piece->installed);
    if (holds) cluster_.judges_.OnAppendAcknowledged(life_.place, promise.up_to);
  }
}

absl::Status SimCluster::Tap::Start(Handler handler) {
  return inner_.Start([this, handler = std::move(handler)](Request&& request, ReplyFn&& reply) {
    Promise promise = PromiseOf(request);
    handler(std::move(request), [this, promise = std::move(promise), request_number = cluster_.arriving_,
                                 reply = std::move(reply)](absl::StatusOr<Reply>&& result) mutable {
      if (result.ok()) Judge(promise, *result);
      if (cluster_.watcher_ != nullptr) cluster_.leaving_ = {.answers = request_number, .content = result};
      reply(std::move(result));
      cluster_.leaving_.reset();
    });
  });
}

void SimCluster::Tap::Call(const NodeId& to, Request request, Duration timeout, ReplyFn done) {
  const auto* vote = std::get_if<VoteRequest>(&request);
  // A candidate that asks for votes has given itself its own.
  if (vote != nullptr && !vote->pre_vote && life_.alive) {
    cluster_.judges_.OnVote(life_.place, vote->term, vote->candidate);
  }
  if (cluster_.watcher_ != nullptr) cluster_.leaving_ = {.content = request};
  cluster_.comes_once_ = std::holds_alternative<ForwardRequest>(request);
  inner_.Call(to, std::move(request), timeout, std::move(done));
  cluster_.comes_once_ = false;
  cluster_.leaving_.reset();
}

// ---- Life ----------------------------------------------------------------------------------------------------------

Actor SimCluster::Life::ActorOf(int node_place, int executor) {
  return static_cast<Actor>(1 + node_place * 4 + executor);
}

SimExecutor::ServiceTime SimCluster::Life::ServiceTimeOf(SimCluster& cluster, int node_place) {
  return [&world = cluster.world_, &machine = *cluster.machines_[node_place]] {
    return machine.disk.ServiceTime(world.now());
  };
}

SimCluster::Life::Life(SimCluster& cluster, int node_place, uint64_t number, NodeConfig config)
    : place(node_place),
      loop(cluster.world_, ActorOf(node_place, 0), cluster.settings_.hand_over, cluster.machines_[node_place]->clock),
      disk(cluster.world_, ActorOf(node_place, 1), cluster.settings_.hand_over, {}, ServiceTimeOf(cluster, node_place)),
      snapshots(cluster.world_, ActorOf(node_place, 2), cluster.settings_.hand_over, {},
                ServiceTimeOf(cluster, node_place)),
      apply(cluster.world_, ActorOf(node_place, 3), cluster.settings_.hand_over, {}),
      files(cluster.machines_[node_place]->disk.ForThisLife()),
      machine(cluster.settings_.defences),
      observer(cluster, *this),
      transport(cluster.network_, cluster.id(node_place), loop),
      proxy(transport, cluster.id(node_place), cluster.machines_[node_place]->rules, loop,
            Mix64(cluster.seed_ ^ (number << 8))),
      tap(proxy, cluster, *this),
      node(std::make_unique<RaftNode>(std::move(config),
                                      Environment{.loop = loop,
                                                  .disk = disk,
                                                  .snapshots = snapshots,
                                                  .apply = apply,
                                                  .files = *files,
                                                  .transport = tap,
                                                  .seed = Mix64(cluster.seed_ + number)},
                                      machine, &observer)) {
  const Settings& settings = cluster.settings_;
  if (settings.clock_every == Duration(0)) return;
  consensus = std::make_unique<RaftConsensus>(*node, loop);
  // Servers' wall clocks are set by their networks; theirs that count intervals are each off in its own way.
  const auto wall_clock_ms = [&world = cluster.world_] {
    return kBeginningMs + static_cast<uint64_t>(world.now().time_since_epoch() / std::chrono::milliseconds(1));
  };
  clock = std::make_unique<ClockKeeper>(*consensus, machine.store(), loop, wall_clock_ms, settings.answers,
                                        settings.clock_every);
  clock->Start();
}

void SimCluster::Life::TakeApart() {
  clock = nullptr;
  node->Stop([] {});
  bool busy = true;
  while (busy) {
    busy = false;
    for (SimExecutor* executor : executors()) busy = executor->RunWaiting() || busy;
  }
  node = nullptr;
  for (SimExecutor* executor : executors()) executor->Bury();
}

}  // namespace raftly
