#include "chaos/sim/sim_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chaos/sim/early_conditions.h"
#include "chaos/sim/life.h"
#include "raft/storage/wal_record.h"
#include "server/kv/command.h"

namespace raftly {
namespace {

std::string WalPath(const NodeId& id) { return absl::StrCat("data/", id, "/raft.wal"); }

absl::StatusOr<Reply> DownError() { return absl::UnavailableError("nobody is there"); }

Actor LinkActor(int from, int to) { return static_cast<Actor>(1000 + from * 100 + to); }

}  // namespace

std::vector<NodeId> SimCluster::Ids(int nodes) {
  std::vector<NodeId> ids;
  for (int i = 1; i <= nodes; ++i) ids.push_back(absl::StrCat("n", i));
  return ids;
}

SimCluster::SimCluster(World& world, Judges& judges, const Settings& settings, uint64_t seed, Trace trace)
    : world_(world),
      judges_(judges),
      writes_([this](std::string violation) { judges_.Accuse(std::move(violation)); }),
      watches_([this](std::string violation) { judges_.Accuse(std::move(violation)); }),
      settings_(settings),
      seed_(seed),
      trace_(std::move(trace)),
      evidence_(Mix64(seed ^ 0xe71de7ce)),
      ids_(Ids(settings.nodes + settings.outsiders + settings.spares)),
      links_(ids_.size() * ids_.size(), settings.links),
      network_([this](const NodeId& from, const NodeId& to, Task deliver) { Carry(from, to, std::move(deliver)); }) {
  for (size_t i = 0; i < ids_.size(); ++i) {
    machines_.push_back(std::make_unique<Machine>(ids_[i], settings.disks, Mix64(seed_ + 100 + i)));
    machines_.back()->clock = {world_.random().Between(Duration(0), settings.clock_offset),
                               world_.random().Between(-settings.clock_drift_ppm, settings.clock_drift_ppm)};
    machines_.back()->serves = i < static_cast<size_t>(settings.nodes);
  }
}

SimCluster::Machine::Machine(const NodeId& id, DiskSettings disk_settings, uint64_t seed)
    : disk(disk_settings, seed), rules(id) {}
SimCluster::Machine::~Machine() = default;

SimCluster::~SimCluster() {
  for (int i = 0; i < size(); ++i) {
    if (up(i)) EndLife(i, SimDisk::Crash::kProcess);
  }
  // Before what its tasks refer to.
  world_.Close();
}

int SimCluster::PlaceOf(const NodeId& id) const {
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  return found == ids_.end() ? -1 : static_cast<int>(found - ids_.begin());
}

// ---- Processes -----------------------------------------------------------------------------------------------------

NodeConfig SimCluster::ConfigOf(int node) const {
  NodeConfig config;
  config.core.self = ids_[node];
  const Machine& machine = *machines_[node];
  // Who lost its directory is another node, where members are known by their directories, and is taken in again by a
  // change (MemberChanges::Tend); where they never change, -rejoin is all there is.
  config.members_may_change = settings_.spares > 0 || settings_.changes_when_asked;
  config.core.joins = machine.joins || (machine.rejoin && config.members_may_change && settings_.identities);
  for (int i = 0; i < settings_.nodes && !config.core.joins; ++i) {
    if (i != node) config.core.peers.push_back(ids_[i]);
  }
  config.core.timings = settings_.timings;
  config.core.limits = settings_.limits;
  config.core.defences = settings_.defences;
  config.core.rejoin = machine.rejoin && !config.core.joins;
  if (settings_.identities) config.core.features = kAllFeatures;
  config.data_dir = absl::StrCat("data/", ids_[node]);
  config.forward = settings_.forward;
  config.repair_patience = std::chrono::seconds(3);
  config.snapshots = settings_.snapshots;
  config.wal = {.reserve_bytes = settings_.wal_reserve,
                .low_water_bytes = settings_.wal_reserve / 4,
                .kept_back_bytes = settings_.wal_reserve / 4,
                .segment_bytes = settings_.segment_bytes,
                .verify_checksums = settings_.defences.verify_checksums,
                .truncate_torn_tail = settings_.defences.truncate_torn_tail,
                .final_sync_failure = settings_.defences.final_sync_failure,
                .disk_reserve = settings_.defences.disk_reserve,
                .sync = settings_.defences.sync_before_promise};
  return config;
}

Configuration SimCluster::FirstOf(int node) const {
  const CoreConfig core = ConfigOf(node).core;
  Configuration first;
  if (core.joins) return first;
  first.voters.insert(core.peers.begin(), core.peers.end());
  first.voters.insert(core.self);
  return first;
}

std::unique_ptr<SimCluster::Life> SimCluster::NewLife(int node) {
  const uint64_t number = ++lives_;
  NodeConfig config = ConfigOf(node);
  if (settings_.identities) {
    config.fresh_ids = {.incarnation = UniqueId(Mix64(seed_ + number), number),
                        .cluster_id = UniqueId(Mix64(seed_ ^ number), number)};
  }
  return std::make_unique<Life>(*this, node, number, std::move(config));
}

void SimCluster::Start(int node) {
  Machine& machine = *machines_[node];
  machine.paused = false;
  Disturb(node);
  if (machine.given_up) SetAside(node);
  for (int attempt = 0; attempt < 3; ++attempt) {
    machine.life = NewLife(node);
    const absl::Status started = machine.life->node->Start();
    if (started.ok()) {
      TellProcess(node, machine.rejoin ? Watcher::Process::kRejoined : Watcher::Process::kStarted);
      return Say(absl::StrCat(ids_[node], " starts", machine.rejoin ? " with -rejoin" : ""));
    }
    TellProcess(node, Watcher::Process::kRefusedToStart, std::string(started.message()));
    Say(absl::StrCat(ids_[node], " does not start: ", started.ToString()));
    EndLife(node, SimDisk::Crash::kProcess);
    if (absl::IsFailedPrecondition(started) && machine.rejoin) {
      // It had its vote again when it went down, and nobody had seen that yet.
      machine.rejoin = false;
      continue;
    }
    if (absl::IsFailedPrecondition(started)) {
      return judges_.Accuse(absl::StrCat("identity: nobody touched the directory, yet ", started.message()));
    }
    if (!absl::IsDataLoss(started)) return ended_ ? ended_(node) : void();
    if (!machine.damaged) return judges_.Accuse(absl::StrCat("recovery: nobody damaged it, yet ", started.message()));
    SetAside(node);
  }
}

void SimCluster::Crash(int node, SimDisk::Crash crash) {
  if (!up(node)) return;
  const bool power = crash == SimDisk::Crash::kPower;
  TellProcess(node, power ? Watcher::Process::kPowerLost : Watcher::Process::kKilled);
  Say(absl::StrCat(ids_[node], power ? " loses power" : " is killed"));
  EndLife(node, crash);
}

const Configuration* SimCluster::SettledMembers() const {
  const auto in_force = judges_.InForce();
  const Configuration& committed = in_force.front()->configuration;
  return in_force.size() == 1 && !committed.joint() ? &committed : nullptr;
}

void SimCluster::CrashInAWrite(int node) {
  TellProcess(node, Watcher::Process::kPowerLost, "in the middle of a write");
  machines_[node]->disk.TearLastWrites();
  EndLife(node, SimDisk::Crash::kPower, true);
}

void SimCluster::EndLife(int node, SimDisk::Crash crash, bool in_a_write) {
  Machine& machine = *machines_[node];
  Life& life = *machine.life;
  dying_ = node;
  life.alive = false;
  for (SimExecutor* executor : life.executors()) executor->Die();
  // Half of the time the disk is caught in the middle of its work: written, not yet synced.
  if (world_.random().Chance(500) || in_a_write) {
    machine.disk.BeginToDie();
    life.disk.RunWaiting();
    life.snapshots.RunWaiting();
  }
  machine.disk.Fail(crash);
  machine.refuses = world_.random().Chance(500);
  life.TakeApart();
  graveyard_.push_back(std::move(machine.life));
  dying_ = -1;
  // The machine lives: it breaks the process's connections, and refuses new ones.
  if (crash != SimDisk::Crash::kProcess || !machine.refuses) return;
  for (int i = 0; i < size(); ++i) {
    if (i != node) GiveEvidence(i, node, evidence_.Between(Duration(0), 2 * link(node, i).latency_high));
  }
}

// Rules and cuts apply: it is by the network that a node gets to know.
void SimCluster::GiveEvidence(int node, int gone, Duration after) {
  world_.At(world_.now() + after, LinkActor(gone, node), [this, node, gone] {
    if (!link(gone, node).cut && !link(node, gone).cut) network_.TellGone(ids_[node], ids_[gone]);
  });
}

void SimCluster::OnFatal(Life& life, const absl::Status& why) {
  if (!life.alive) return;
  TellProcess(life.place, Watcher::Process::kGaveUp, std::string(why.message()));
  Say(absl::StrCat(ids_[life.place], " gives up: ", why.ToString()));
  Machine& machine = *machines_[life.place];
  machine.given_up = absl::IsDataLoss(why) && machine.damaged && life.node->status().repairing;
  world_.At(world_.now() + std::chrono::milliseconds(1), 0, [this, &life] {
    if (!life.alive) return;
    Crash(life.place, SimDisk::Crash::kPower);
    if (ended_) ended_(life.place);
  });
}

void SimCluster::OnRepair(Life& life, const RepairNews& news) {
  if (!life.alive) return;
  Machine& machine = *machines_[life.place];
  const NodeId& id = ids_[life.place];
  switch (news.what) {
    case RepairNews::What::kBegun:
      Say(absl::StrCat(id, " mends its log: ", news.text));
      if (!machine.damaged) judges_.Accuse(absl::StrCat("recovery: nobody damaged it, yet ", news.text));
      return;
    case RepairNews::What::kWaits:
      return Say(absl::StrCat(id, " finds nobody who helps: ", news.text));
    case RepairNews::What::kFetched:
      return Say(absl::StrCat(id, " has ", news.entries, " entries back, from ", news.peer));
    case RepairNews::What::kDone:
      Say(absl::StrCat(id, " has mended its log"));
      machine.damaged = false;
      ++repaired_;
      return;
  }
}

void SimCluster::Pause(int node) {
  if (!up(node) || std::exchange(machines_[node]->paused, true)) return;
  Disturb(node);
  TellProcess(node, Watcher::Process::kPaused);
  Say(absl::StrCat(ids_[node], " is paused"));
  for (SimExecutor* executor : machines_[node]->life->executors()) executor->Pause();
}

void SimCluster::Resume(int node) {
  if (!up(node) || !std::exchange(machines_[node]->paused, false)) return;
  TellProcess(node, Watcher::Process::kResumed);
  Say(absl::StrCat(ids_[node], " goes on"));
  for (SimExecutor* executor : machines_[node]->life->executors()) executor->Resume();
}

void SimCluster::SkewClock(int node, int64_t drift_ppm) {
  Machine& machine = *machines_[node];
  machine.clock.drift_ppm = drift_ppm;
  if (up(node)) machine.clock = machine.life->loop.SetDrift(drift_ppm);
}

// ---- Disks ---------------------------------------------------------------------------------------------------------

// Of its segments and snapshots; without any, the log's first segment.
std::string SimCluster::SomeLogFile(int node) {
  const std::string directory = absl::StrCat("data/", ids_[node]);
  std::vector<std::string> paths;
  const auto names = machines_[node]->disk.List(directory);
  for (const std::string& name : *names) {
    if (name.ends_with(".wal") || name.ends_with(".snap")) paths.push_back(absl::StrCat(directory, "/", name));
  }
  return paths.size() < 2 ? WalPath(ids_[node]) : paths[world_.random().Below(paths.size())];
}

bool SimCluster::DamageLog(int node) {
  Machine& machine = *machines_[node];
  const std::string path = SomeLogFile(node);
  const std::string bytes = machine.disk.DurableContents(path);
  uint64_t provable = 0;
  uint64_t at = 0;
  // What a crash left half written proves nothing.
  for (auto frame = wal::ReadFrame(bytes, at); frame && wal::ChecksumHolds(*frame); frame = wal::ReadFrame(bytes, at)) {
    const auto record = wal::Parse(frame->data);
    const auto* marker = record ? std::get_if<wal::Marker>(&*record) : nullptr;
    if (marker != nullptr && marker->offset == at) provable = marker->synced_to;
    at += frame->size;
  }
  if (path.ends_with(".snap")) provable = bytes.size();
  if (provable == 0) return false;
  machine.disk.FlipBit(path, world_.random().Below(provable), static_cast<int>(world_.random().Below(8)));
  machine.damaged = true;
  Say(absl::StrCat("a bit flips on the disk of ", ids_[node]));
  return true;
}

bool SimCluster::DamageText(int node, const std::string& text) {
  Machine& machine = *machines_[node];
  const std::string directory = absl::StrCat("data/", ids_[node]);
  const auto names = machine.disk.List(directory);
  bool found = false;
  for (const std::string& name : *names) {
    const std::string path = absl::StrCat(directory, "/", name);
    const size_t at = machine.disk.DurableContents(path).rfind(text);
    if (at == std::string::npos) continue;
    machine.disk.FlipBit(path, at + text.size() - 1, 0);
    found = true;
  }
  machine.damaged = machine.damaged || found;
  return found;
}

int SimCluster::Amnesiacs() const {
  return static_cast<int>(std::count_if(machines_.begin(), machines_.end(),
                                        [](const auto& machine) { return machine->damaged || machine->rejoin; }));
}

// ---- Links ---------------------------------------------------------------------------------------------------------

void SimCluster::HealLinks() {
  for (auto& machine : machines_) machine->rules.Clear();
  std::fill(links_.begin(), links_.end(),
            LinkSettings{.latency_low = settings_.links.latency_low, .latency_high = settings_.links.latency_high});
}

void SimCluster::HealAll() {
  HealLinks();
  for (int node = 0; node < size(); ++node) {
    if (!serves(node)) continue;
    disk(node).FillUp(false);
    disk(node).StickUntil({});
    disk(node).Slow(Duration(0));
    disk(node).ForgetErrors();
    Resume(node);
    if (!up(node)) Start(node);
  }
}

bool SimCluster::Fit(int node) const {
  const Machine& machine = *machines_[node];
  if (machine.life == nullptr || machine.paused || machine.damaged || machine.rejoin) return false;
  const NodeStatus now = status(node);
  return now.may_vote && now.has_space && machine.disk.Works(world_.now());
}

bool SimCluster::Carries(int from, int to) const {
  const LinkSettings& way = links_[static_cast<size_t>(from) * machines_.size() + static_cast<size_t>(to)];
  if (way.cut || way.loss_permille > 0 || way.late_permille > 0) return false;
  const auto concerns = [&](const Rule& rule) {
    return (!rule.from_node || *rule.from_node == ids_[from]) && (!rule.to_node || *rule.to_node == ids_[to]);
  };
  const auto free = [&](int node) {
    const std::vector<Rule> rules = machines_[node]->rules.List();
    return std::none_of(rules.begin(), rules.end(), concerns);
  };
  return free(from) && free(to);
}

Duration SimCluster::Latency(const LinkSettings& link) {
  Duration latency = world_.random().Between(link.latency_low, link.latency_high);
  if (world_.random().Chance(link.late_permille)) latency += world_.random().Between(Duration(0), link.late);
  return latency;
}

void SimCluster::Watch(Watcher* watcher) {
  watcher_ = watcher;
  for (int i = 0; i < size(); ++i) {
    disk(i).Watch([watcher, i](SimDisk::Seen what, uint64_t bytes) { watcher->OnDisk(i, what, bytes); });
  }
}

void SimCluster::TellProcess(int node, Watcher::Process what, const std::string& why) {
  if (watcher_ != nullptr) watcher_->OnProcess(node, what, why);
}

// Numbers a message, tells that it is sent, and will tell when it arrives.
Task SimCluster::Watched(int from, int to, Task deliver) {
  // What no node has said is the news that nobody is there.
  Watcher::Message message = leaving_.has_value() ? *std::exchange(leaving_, std::nullopt)
                                                  : Watcher::Message{.answers = arriving_, .content = DownError()};
  message.number = ++messages_;
  message.from = from;
  message.to = to;
  watcher_->OnSent(message);
  return [this, number = message.number, to, deliver = std::move(deliver)]() mutable {
    if (up(to)) {
      watcher_->OnArrived(number);
    } else {
      watcher_->OnLost(number, Watcher::Lost::kDown);
    }
    arriving_ = number;
    deliver();
    arriving_ = 0;
  };
}

void SimCluster::Carry(const NodeId& from, const NodeId& to, Task deliver) {
  const int source = PlaceOf(from), target = PlaceOf(to);
  if (source < 0 || target < 0 || source == dying_) return;
  if (!up(source) && !machines_[source]->refuses) return;
  if (watcher_ != nullptr) deliver = Watched(source, target, std::move(deliver));
  const auto lose = [this, number = messages_](Watcher::Lost why) {
    if (watcher_ != nullptr) watcher_->OnLost(number, why);
  };
  const LinkSettings& way = link(source, target);
  if (way.cut) return lose(Watcher::Lost::kCut);
  if (to_drop_.contains(messages_)) return lose(Watcher::Lost::kDropped);
  if (world_.random().Chance(way.loss_permille)) return lose(Watcher::Lost::kChance);
  if (settings_.cuts_lose_what_is_on_its_way) {
    deliver = [&way, lose, deliver = std::move(deliver)]() mutable { way.cut ? lose(Watcher::Lost::kCut) : deliver(); };
  }
  if (world_.random().Chance(way.duplicate_permille) && !comes_once_) {
    auto shared = std::make_shared<Task>(std::move(deliver));
    world_.At(world_.now() + Latency(way), LinkActor(source, target), [shared] { (*shared)(); });
    deliver = [shared] { (*shared)(); };
  }
  world_.At(world_.now() + Latency(way), LinkActor(source, target), std::move(deliver));
}

// ---- Clients -------------------------------------------------------------------------------------------------------

void SimCluster::Propose(int node, const std::string& asked, Duration timeout, Proposed done, uint32_t features) {
  Life& life = *machines_[node]->life;
  std::string command = asked;
  if (!settings_.defences.conditions_when_applied) {
    const auto decided = DecideNow(asked, life.machine);
    if (const auto* outcome = std::get_if<WriteOutcome>(&decided)) return done(*outcome);
    command = std::get<std::string>(decided);
  }
  auto told = [this, &life, command, done = std::move(done)](absl::StatusOr<Applied> applied) mutable {
    if (!life.alive) return;
    if (!applied.ok()) return done(applied.status());
    judges_.OnClientAcknowledged(applied->at, command);
    const auto outcome = DecodeOutcome(applied->result, applied->at.index);
    if (!outcome.ok()) return judges_.Accuse(absl::StrCat("answers: ", std::string(outcome.status().message())));
    writes_.OnTold(command, *outcome);
    done(*outcome);
  };
  life.node->Propose(command, life.loop.Now() + timeout, std::move(told), Handover::kAtOnce, Effect::kStores, features);
}

void SimCluster::Get(int node, const std::string& key, Duration timeout, Got done) {
  Life& life = *machines_[node]->life;
  life.node->Read(life.loop.Now() + timeout, [&life, key, done = std::move(done)](absl::Status status) mutable {
    if (!life.alive) return;
    if (!status.ok()) return done(std::move(status));
    done(life.machine.Find(key));
  });
}

void SimCluster::JudgeSum(const History& history, const std::string& key) {
  for (int node = 0; node < size(); ++node) {
    if (!up(node) || status(node).last_applied != judges_.highest_commit()) continue;
    return writes_.JudgeSum(history, key, machine(node).Get(key).value_or("0"));
  }
}

NodeStatus SimCluster::status(int node) const { return machines_[node]->life->node->status(); }
RaftNode& SimCluster::node(int node) { return *machines_[node]->life->node; }
const KvMachine& SimCluster::machine(int node) const { return machines_[node]->life->machine; }

int SimCluster::leader() const {
  int leader = -1;
  Term highest;
  for (int i = 0; i < size(); ++i) {
    if (!up(i)) continue;
    const NodeStatus now = status(i);
    if (now.role == Role::kLeader && now.term >= highest) {
      leader = i;
      highest = now.term;
    }
  }
  return leader;
}

void SimCluster::Say(const std::string& what) {
  if (trace_) trace_(absl::StrFormat("%10.6fs  %s", world_.now().time_since_epoch().count() / 1e9, what));
}

}  // namespace raftly
