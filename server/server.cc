#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "raft/env/posix_files.h"
#include "raft/env/thread_loop.h"
#include "raft/node/raft_node.h"
#include "raft/storage/snapshot_store.h"
#include "server/cluster/at_leader.h"
#include "server/cluster/fan_out.h"
#include "server/cluster/member_book.h"
#include "server/cluster/peer_client.h"
#include "server/events/cluster_watcher.h"
#include "server/events/event_log.h"
#include "server/http/access.h"
#include "server/http/assets.h"
#include "server/http/chaos_api.h"
#include "server/http/cluster_api.h"
#include "server/http/config_api.h"
#include "server/http/event_api.h"
#include "server/http/front_door.h"
#include "server/http/http_server.h"
#include "server/http/kv_api.h"
#include "server/http/lab_api.h"
#include "server/http/leader_api.h"
#include "server/http/log_api.h"
#include "server/http/members_api.h"
#include "server/http/snapshot_api.h"
#include "server/http/status_api.h"
#include "server/http/watch_api.h"
#include "server/join.h"
#include "server/kv/clock_keeper.h"
#include "server/kv/command.h"
#include "server/kv/consensus.h"
#include "server/kv/kv_service.h"
#include "server/kv/kv_store.h"
#include "server/kv/leader_watch.h"
#include "server/kv/watch_hub.h"
#include "server/metrics/metrics.h"
#include "server/node_logger.h"
#include "server/observers.h"
#include "server/randomness.h"
#include "server/secrets.h"
#include "transport/grpc_transport.h"
#include "transport/network_proxy.h"
#include "transport/network_rules.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

// Requests under way may finish by themselves for this long; then the node settles them, and their answers leave.
// All of it within the 5 s that a stopping process may take.
constexpr milliseconds kDrain{2000};
constexpr milliseconds kLastAnswers{500};
constexpr milliseconds kLastForwarded{50};
// As long as an election usually takes.
constexpr milliseconds kFirstLeader{500};
constexpr milliseconds kLastHandOver{1500};
constexpr milliseconds kTailPatience{1000};
// A hand-over ends within an election timeout, of which the longest is this.
constexpr milliseconds kHandOverPatience{kMaxLiveElectionTimeoutMs + 1000};
constexpr milliseconds kChangePatience{5000};

constexpr uint64_t kLargestSegment = uint64_t{16} << 20;

uint64_t Mebibytes(int n) { return static_cast<uint64_t>(n) << 20; }

// Where all nodes are, as the flags say. Our own listen address may say no host: then it is that of our HTTP address.
std::map<NodeId, Member> FirstMembers(const Options& options) {
  std::map<NodeId, Member> members;
  if (options.join) return members;
  for (const auto& [id, address] : options.peers) members[id].address = ToString(address);
  Address own = options.grpc;
  if (own.host.empty()) own.host = options.http_peers.at(options.id).host;
  members[options.id].address = ToString(own);
  for (const auto& [id, address] : options.http_peers) members[id].http = ToString(address);
  return members;
}

NodeConfig MakeNodeConfig(const Options& options) {
  NodeConfig config;
  config.data_dir = options.data_dir;
  config.core.self = options.id;
  config.fresh_ids = {.incarnation = FreshId(), .cluster_id = FreshId()};
  for (const auto& [id, address] : options.peers) config.core.peers.push_back(id);
  config.core.timings = options.timings;
  config.core.defences.pre_vote = options.pre_vote;
  config.core.rejoin = options.rejoin;
  config.core.joins = options.join.has_value();
  config.members_may_change = true;
  config.first_members = FirstMembers(options);
  config.version = RAFTLY_VERSION;
  config.core.features = kAllFeatures;
  config.core.limits.bytes_in_memory = Mebibytes(options.log_cache_mib);
  config.wal.kept_back_bytes = Mebibytes(options.reserve_mib);
  config.forward = true;
  config.snapshots.log_bytes = Mebibytes(options.snapshot_log_mib);
  config.snapshots.keep_bytes = Mebibytes(options.keep_log_mib);
  config.snapshots.send_rate = Mebibytes(options.snapshot_rate_mib);
  config.snapshots.send_rest = 6;
  // Log goes in whole segments, so they are a good deal smaller than what is kept.
  if (options.snapshot_log_mib > 0) {
    config.wal.segment_bytes = std::clamp(config.snapshots.log_bytes / 4, Mebibytes(1), kLargestSegment);
  }
  // Another node may have been given it since.
  config.core.longest_election_timeout = milliseconds(kMaxLiveElectionTimeoutMs);
  return config;
}

GrpcTransportConfig MakeTransportConfig(const Options& options, const Secrets& secrets) {
  GrpcTransportConfig config;
  config.listen_address = ToString(options.grpc);
  config.credentials = secrets.peers();
  for (const auto& [id, address] : options.peers) config.peers.emplace(id, ToString(address));
  return config;
}

std::vector<NodeId> Others(const Options& options) {
  std::vector<NodeId> others;
  for (const auto& [id, address] : options.peers) others.push_back(id);
  return others;
}

// Waits for the loop, which answers at once unless the node is stopping.
std::pair<Entries, NodeStatus> TailOf(const RaftNode& node, size_t n) {
  const auto answer = std::make_shared<std::promise<Entries>>();
  auto future = answer->get_future();
  node.Tail(n, [answer](Entries entries) { answer->set_value(std::move(entries)); });
  Entries entries;
  if (future.wait_for(kTailPatience) == std::future_status::ready) entries = future.get();
  return {std::move(entries), node.status()};
}

// However long it takes: the node answers, if only that it stops.
absl::StatusOr<SnapshotInfo> TakeSnapshot(RaftNode& node) {
  std::promise<absl::StatusOr<SnapshotInfo>> taken;
  node.TakeSnapshot([&taken](absl::StatusOr<SnapshotInfo> info) { taken.set_value(std::move(info)); });
  return taken.get_future().get();
}

void WriteAccessLog(const Logger& log, const Served& served) {
  if (!log.Wants(LogLevel::kDebug)) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(served.took).count();
  log.Debug("request", {{"method", std::string(served.method)},
                        {"target", std::string(served.target)},
                        {"status", std::to_string(served.status)},
                        {"us", std::to_string(us)}});
}

// Who did it (SPEC section 11.5). Of a request its method and path: a query or a header may hold what is nobody's
// business.
void WriteAuditLine(const Logger& log, std::string_view what, const HttpRequest& request, int status) {
  constexpr size_t kMostOfAPath = 200;
  log.Info(what, {{"name", request.caller == nullptr ? "" : request.caller->name},
                  {"address", request.client == nullptr ? "" : request.client->address},
                  {"request", absl::StrCat(request.method, " ", std::string(request.path().substr(0, kMostOfAPath)))},
                  {"status", std::to_string(status)}});
}

class FatalObserver : public NodeObserver {
 public:
  explicit FatalObserver(std::function<void()> on_fatal) : on_fatal_(std::move(on_fatal)) {}
  void OnFatal(const absl::Status&) override { on_fatal_(); }

 private:
  const std::function<void()> on_fatal_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(const Options& options, const Logger& log, std::function<void()> on_fatal)
      : options_(options),
        log_(log),
        on_fatal_(on_fatal),
        seed_(RandomSeed()),
        loop_("raftly-node"),
        disk_("raftly-disk"),
        snapshot_disk_("raftly-snap"),
        apply_("raftly-apply"),
        watch_loop_("raftly-watch"),
        files_(NewPosixFileSystem()),
        rules_(options.id),
        secrets_(options, log),
        grpc_(TransportConfig(options)),
        network_(grpc_, options.id, rules_, loop_, seed_),
        store_(&writes_, {}, Mebibytes(options.watch_mib)),
        hub_(store_.changes(), watch_loop_),
        book_(options.id, Others(options), options.http_peers),
        metrics_({.version = RAFTLY_VERSION,
                  .self = options.id,
                  .data_dir = options.data_dir,
                  .snapshot_log_bytes = Mebibytes(options.snapshot_log_mib),
                  .wal = [this] { return node_.wal_stats(); },
                  .log_since_snapshot = [this] { return node_.status().log_since_snapshot; },
                  .event_streams = [this] { return watcher_.streams(); },
                  .watchers = [this] { return hub_.watchers(); },
                  .log_lines_dropped = [this] { return log_.dropped(); }}),
        node_logger_(log),
        fatal_(std::move(on_fatal)),
        observers_({&leaders_, &book_, &metrics_.node(), &metrics_.snapshots(), &node_logger_, &fatal_}),
        node_(MakeNodeConfig(options), Environment{loop_, disk_, snapshot_disk_, apply_, *files_, network_, seed_},
              store_, &observers_),
        consensus_(node_, loop_),
        clock_(consensus_, store_, loop_, [] { return static_cast<uint64_t>(WallClockMs()); },
               {options.idempotency_keys, options.idempotency_minutes * 60'000}),
        service_(options.id, consensus_, store_, leaders_),
        peers_([this](const NodeId& node) { return book_.HttpAddressOf(node); },
               [this] { return secrets_.for_requests(); }),
        fan_out_(
            options.id, [this] { return book_.nodes(); },
            [this](const HttpRequest& request) { return router_.Ask(request); }, peers_),
        events_(absl::StrCat(absl::Hex(WallClockMs()))),
        watcher_(fan_out_, events_),
        kv_api_(options.id, service_, peers_, writes_),
        chaos_api_(
            options.id, [this] { return book_.nodes(); }, rules_, [this] { return network_.traffic(); }),
        cluster_chaos_api_(fan_out_),
        snapshot_api_(
            {.self = options.id,
             .consensus = consensus_,
             .peers = peers_,
             .leaders = leaders_,
             .cluster_id = [this] { return node_.status().cluster_id; },
             .take = [this] { return TakeSnapshot(node_); },
             .read = [files = files_.get(), directory = options.data_dir](
                         Index index, uint64_t offset,
                         uint64_t size) { return SnapshotStore(*files, directory).ReadBytes(index, offset, size); }}),
        at_leader_(options.id, peers_, leaders_),
        members_api_({.at_leader = at_leader_,
                      .version = RAFTLY_VERSION,
                      .status = [this] { return node_.status(); },
                      .change = [this](RaftNode::MembersChange change) { return ChangeMembers(std::move(change)); }}),
        config_api_(
            options.id, options.timings, [this](Timings timings) { node_.SetTimings(timings); }, fan_out_),
        access_([this](const NodeId& node) { return book_.Has(node); }, options.id,
                [] { return FreshId() + FreshId(); }),
        front_(
            router_, [this](const Served& served) { OnServed(served); }, [this] { node_.EndBatch(); },
            FrontDoorPolicy{.hosts = AllowedHosts(OwnNames(options), options.allowed_hosts),
                            .chaos = options.chaos,
                            .access = &access_,
                            .on_refused = [this](const HttpRequest& request,
                                                 int status) { WriteAuditLine(log_, "refused", request, status); }}),
        http_({.listen = options.http, .node = options.id, .tls = secrets_.http()}, front_) {
    access_.SetTokens(secrets_.tokens());
    access_.Register(router_);
    kv_api_.Register(router_);
    RegisterStatusApi(
        router_, [this] { return node_.status(); }, [this] { return store_.changes().bounds().begin.index; });
    RegisterLogApi(router_, [this](size_t n) { return TailOf(node_, n); });
    RegisterClusterApi(router_, fan_out_);
    RegisterEventApi(router_, watcher_, events_);
    RegisterWatchApi(router_, hub_);
    chaos_api_.Register(router_);
    cluster_chaos_api_.Register(router_);
    snapshot_api_.Register(router_);
    RegisterLeaderApi(router_, at_leader_, [this](const NodeId& to) { return HandOver(to); });
    members_api_.Register(router_);
    config_api_.Register(router_);
    lab_api_.Register(router_);
    RegisterAssets(router_);
    router_.AddPrompt("GET", "/metrics", [this](const HttpRequest&) {
      return HttpResponse{.body = metrics_.Render(), .content_type = std::string(Metrics::kContentType)};
    });
    metrics_.http().AddRoutes(router_.paths());
  }

  ~Impl() { Stop(); }

  absl::Status Start() {
    if (!secrets_.status().ok()) return secrets_.status();
    if (!options_.join_token.path.empty()) {
      auto token = ReadTlsFile(options_.join_token);
      if (!token.ok()) return token.status();
      join_token_ = std::string(absl::StripAsciiWhitespace(*token));
      if (join_token_.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("flag -join-token-file: \"", options_.join_token.path, "\": the file is empty"));
      }
    }
    // The ports first: where one is taken, the data directory is somebody else's business.
    if (auto status = http_.Bind(); !status.ok()) return status;
    if (auto status = node_.Start(); !status.ok()) return status;
    watcher_.Start();
    clock_.Start();
    AwaitLeader();
    if (auto status = http_.Start(); !status.ok()) return status;
    if (options_.join) Join();
    secrets_.Watch([this](std::shared_ptr<const TokenTable> tokens) { access_.SetTokens(std::move(tokens)); });
    return absl::OkStatus();
  }

  void ReadSecretsAgain() { secrets_.ReadAgain(); }
  size_t max_connections() const { return http_.max_connections(); }
  std::vector<std::string> paths() const { return router_.paths(); }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    if (joining_ != nullptr) joining_->Stop();
    secrets_.Stop();
    const bool handed_over = LeaveTheLead();
    const Time drained_by = loop_.Now() + kDrain;
    events_.Stop();
    hub_.Stop();
    const bool drained = http_.Drain(drained_by);
    if (!drained) log_.Warn("requests are still under way: they are told that their outcome is unknown");
    if (handed_over) AwaitForwarded(drained_by);
    service_.Stop();
    writes_.Stop();
    peers_.Stop();
    node_.Stop();
    http_.Drain(loop_.Now() + kLastAnswers);
    http_.Stop();
    watcher_.Stop();
    fan_out_.Stop();
    apply_.Stop();
    watch_loop_.Stop();
    snapshot_disk_.Stop();
    disk_.Stop();
    loop_.Stop();
  }

 private:
  // A node that comes back is asked for nothing until it can answer: its clients are refused, ask other nodes and come
  // back, where they would wait for it here. Not for long: without a leader, too, people want to see how it is.
  void AwaitLeader() {
    const auto can_answer = [this] {
      const NodeStatus status = node_.status();
      return status.last_index == Index{0} || status.repairing || (!status.leader.empty() && status.ready);
    };
    const Time until = loop_.Now() + kFirstLeader;
    while (!can_answer() && loop_.Now() < until) leaders_.Await(leaders_.view().version, loop_.Now() + milliseconds(5));
  }

  void Join() {
    joining_ = std::make_unique<Joining>(
        options_, node_.status().incarnation, join_token_,
        Joining::Doors{.is_member = [this] { return IsMember(); },
                       .tls = secrets_.for_requests(),
                       .on_refused =
                           [this](const absl::Status& why) {
                             log_.Error("cannot join", {{"reason", std::string(why.message())}});
                             on_fatal_();
                           }},
        log_);
  }

  // A node that was removed may not have heard of it: only who hears a leader knows that its members still hold.
  bool IsMember() const {
    const NodeStatus status = node_.status();
    if (status.leader.empty()) return false;
    const auto own = status.members->known.find(status.id);
    return own != status.members->known.end() && own->second.incarnation == status.incarnation;
  }

  // Waits, at most for kChangePatience.
  absl::StatusOr<Applied> ChangeMembers(RaftNode::MembersChange change) {
    const Time until = loop_.Now() + kChangePatience;
    std::promise<absl::StatusOr<Applied>> done;
    node_.ChangeMembers(std::move(change), until,
                        [&done](absl::StatusOr<Applied> applied) { done.set_value(std::move(applied)); });
    absl::StatusOr<Applied> begun = done.get_future().get();
    // While it is joint, who leaves may still be needed: whoever asked may be about to stop it.
    const auto joint = [this] { return node_.status().members->configuration.joint(); };
    while (begun.ok() && joint() && loop_.Now() < until) {
      leaders_.Await(leaders_.view().version, loop_.Now() + milliseconds(2));
    }
    return begun;
  }

  // Waits: for an election timeout at most, and then the node has kept the lead.
  absl::StatusOr<NodeId> HandOver(const NodeId& to, milliseconds patience = kHandOverPatience) {
    std::promise<absl::StatusOr<NodeId>> handed;
    node_.HandOver(to, loop_.Now() + patience,
                   [&handed](absl::StatusOr<NodeId> leader) { handed.set_value(std::move(leader)); });
    return handed.get_future().get();
  }

  // Clients of all nodes are served on, while this one still answers its own.
  bool LeaveTheLead() {
    const NodeStatus status = node_.status();
    if (status.role != Role::kLeader || status.members->configuration.voters == std::set<NodeId>{status.id})
      return false;
    const auto leader = HandOver({}, kLastHandOver);
    if (!leader.ok()) log_.Warn("stopping as leader: nobody took the lead", {{"reason", leader.status().ToString()}});
    return leader.ok();
  }

  // What other nodes have forwarded here is committed by the next leader, and answered from here: also what they send
  // until they have heard of it. Cut off, its outcome would be unknown.
  void AwaitForwarded(Time most) {
    const Time least = loop_.Now() + kLastForwarded;
    while (loop_.Now() < most && (loop_.Now() < least || node_.status().open_proposals > 0)) {
      leaders_.Await(leaders_.view().version, loop_.Now() + milliseconds(5));
    }
  }

  GrpcTransportConfig TransportConfig(const Options& options) {
    GrpcTransportConfig config = MakeTransportConfig(options, secrets_);
    config.on_stranger = [this](const NodeId& claimed, const std::string& why) {
      loop_.Post([this, claimed, why] {
        node_logger_.OnStranger(claimed, why, loop_.Now());
        metrics_.node().OnMisdirected(claimed, why);
      });
    };
    return config;
  }

  void OnServed(const Served& served) {
    metrics_.http().OnServed(served.route, served.method, served.status, served.took);
    WriteAccessLog(log_, served);
    if (served.request == nullptr || served.status == 401 || served.status == 403 || served.status == 429) return;
    const auto need = NeedOf(served.method, served.request->path());
    if (need && need->changes && router_.Serves(*served.request)) {
      WriteAuditLine(log_, "changed", *served.request, served.status);
    }
  }

  const Options options_;
  const Logger& log_;
  const std::function<void()> on_fatal_;
  const uint64_t seed_;
  bool stopped_ = false;
  std::string join_token_;
  std::unique_ptr<Joining> joining_;

  // The doors.
  ThreadLoop loop_;
  ThreadLoop disk_;
  ThreadLoop snapshot_disk_;
  ThreadLoop apply_;
  ThreadLoop watch_loop_;
  const std::unique_ptr<FileSystem> files_;
  NetworkRules rules_;
  Secrets secrets_;
  GrpcTransport grpc_;
  NetworkProxy network_;

  // The node, and who watches it.
  WriteWatch writes_;
  KvStore store_;
  WatchHub hub_;
  LeaderWatch leaders_;
  MemberBook book_;
  Metrics metrics_;
  NodeLogger node_logger_;
  FatalObserver fatal_;
  Observers observers_;
  RaftNode node_;

  // What clients see.
  RaftConsensus consensus_;
  ClockKeeper clock_;
  KvService service_;
  PeerClient peers_;
  Router router_;
  FanOut fan_out_;
  EventLog events_;
  ClusterWatcher watcher_;
  KvApi kv_api_;
  ChaosApi chaos_api_;
  ClusterChaosApi cluster_chaos_api_;
  SnapshotApi snapshot_api_;
  AtLeader at_leader_;
  MembersApi members_api_;
  ConfigApi config_api_;
  LabApi lab_api_{LabProgram()};
  Access access_;
  FrontDoor front_;
  HttpServer http_;
};

Server::Server(const Options& options, const Logger& log, std::function<void()> on_fatal)
    : impl_(std::make_unique<Impl>(options, log, std::move(on_fatal))) {}
Server::~Server() = default;

absl::Status Server::Start() { return impl_->Start(); }
size_t Server::max_connections() const { return impl_->max_connections(); }
std::vector<std::string> Server::paths() const { return impl_->paths(); }
void Server::ReadSecretsAgain() { impl_->ReadSecretsAgain(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace raftly
