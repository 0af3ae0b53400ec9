#include "lab/laboratory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/simulation.h"
#include "lab/laboratory_impl.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Do = Act::Do;
using Fields = Trace::Fields;
using Told = Operation::Outcome;

// The simulator's own of this seed; it runs for as long as the experiment.
Settings SwarmOf(const Experiment& experiment) {
  Settings settings = raftly::SettingsOf(*experiment.swarm, experiment.members);
  settings.nodes = experiment.nodes;
  settings.defences = DefencesOf(experiment);
  settings.spared.insert(experiment.spared.begin(), experiment.spared.end());
  return settings;
}

Settings SettingsOf(const Experiment& experiment) {
  if (experiment.swarm) return SwarmOf(experiment);
  Settings settings;
  settings.nodes = experiment.nodes;
  settings.outsiders = experiment.outsiders;
  settings.spares = experiment.spares;
  settings.changes_when_asked = experiment.members_change;
  settings.identities = experiment.identities;
  settings.timings = experiment.timings;
  settings.defences = DefencesOf(experiment);
  settings.limits.entries_per_append = experiment.entries_per_append;
  settings.limits.appends_in_flight = experiment.appends_in_flight;
  settings.cuts_lose_what_is_on_its_way = true;
  // What goes wrong is what the acts do.
  settings.disks.lost_permille = 1000;
  settings.disks.slow_permille = 0;
  settings.clock_offset = {};
  settings.snapshots.log_bytes = experiment.snapshot_bytes;
  settings.snapshots.keep_bytes = experiment.keep_bytes;
  if (experiment.snapshot_bytes > 0) settings.segment_bytes = std::max<uint64_t>(experiment.snapshot_bytes / 2, 200);
  return settings;
}

// Documents that were there before the event are told as they were.
Trace::Configurations ConfigurationsOf(const Experiment& experiment) {
  const bool older = experiment.swarm && experiment.members == MemberChanging::kBySeed;
  return older ? Trace::Configurations::kAsNotes : Trace::Configurations::kAsEvents;
}

uint64_t ClusterSeedOf(const Experiment& experiment) {
  return experiment.swarm ? raftly::ClusterSeedOf(*experiment.swarm) : Mix64(experiment.seed ^ 0x1ab);
}

}  // namespace

std::vector<NodeId> IdsOf(const Experiment& experiment) {
  const int spares = experiment.swarm ? SwarmOf(experiment).spares : experiment.spares;
  return SimCluster::Ids(experiment.nodes + experiment.outsiders + spares);
}

Laboratory::Laboratory(const Experiment& experiment, World& world)
    : Trace(world, IdsOf(experiment), ConfigurationsOf(experiment)),
      experiment_(experiment),
      world_(world),
      judges_world_(0),
      judges_(experiment.swarm ? world : judges_world_, IdsOf(experiment), static_cast<size_t>(experiment.nodes)),
      settings_(SettingsOf(experiment)),
      cluster_(world, judges_, settings_, ClusterSeedOf(experiment), nullptr),
      operator_(world, cluster_, settings_, ClusterSeedOf(experiment)) {
  cluster_.Watch(this);
  if (experiment.swarm) swarm_ = std::make_unique<Swarm>(*this);
}

LabResult Laboratory::Run() {
  for (int i = 0; i < cluster_.members(); ++i) cluster_.Start(i);
  if (swarm_) swarm_->Begin();
  for (size_t i = 0; i < experiment_.acts.size(); ++i) {
    world_.RunUntil(Time(experiment_.acts[i].at));
    if (world_.stopped()) break;
    Perform(i);
  }
  world_.RunUntil(Time(experiment_.duration));
  EndOfExperiment();
  result_.summary = summary();
  if (swarm_) result_.faults = swarm_->nemesis.faults();
  for (const Operation& operation : history()) {
    if (operation.kind == Operation::Kind::kGet) continue;
    ++(operation.outcome == Told::kOk                                              ? result_.summary.acknowledged
       : operation.outcome == Told::kFailed || operation.outcome == Told::kRefused ? result_.summary.failed
                                                                                   : result_.summary.unknown);
  }
  Close();
  over_ = true;
  result_.trace = Document();
  return std::move(result_);
}

// ---- Acts ----------------------------------------------------------------------------------------------------------

int Laboratory::PlaceOf(const std::string& name) {
  if (name == "leader") return cluster_.leader();
  if (const int place = cluster_.PlaceOf(name); place >= 0) return place;
  if (cast_.empty()) {
    const int leader = cluster_.leader();
    if (leader < 0) return -1;
    cast_["L"] = leader;
    for (int i = 0, other = 0; i < cluster_.members(); ++i) {
      if (i != leader) cast_[absl::StrCat("F", ++other)] = i;
    }
  }
  return cast_.at(name);
}

std::optional<std::vector<int>> Laboratory::Resolve(std::vector<std::string> names,
                                                    const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (!name.empty()) names.push_back(name);
  }
  std::vector<int> nodes;
  for (const std::string& name : names) {
    nodes.push_back(PlaceOf(name));
    if (nodes.back() < 0) return std::nullopt;
  }
  return nodes;
}

void Laboratory::Perform(size_t number) {
  const Act& act = experiment_.acts[number];
  const auto nodes = Resolve(act.nodes, {act.node, act.from, act.to});
  const auto wish = WishOf(act);
  Fields fields = {{"act", number}, {"do", std::string(NameOf(act.what))}};
  if (!nodes || !wish) {
    fields["why"] = "not done: nobody leads";
    Add("act", fields);
    return;
  }
  fields["nodes"] = Fields::array();
  for (const int node : *nodes) fields["nodes"].push_back(cluster_.id(node));
  if (act.what == Do::kMember) fields.update(FieldsOf(*wish));
  Add("act", fields);
  act.what == Do::kMember ? AskForChange(number, nodes->front(), *wish) : Enact(act, *nodes);
}

void Laboratory::Enact(const Act& act, const std::vector<int>& nodes) {
  const int node = nodes.empty() ? -1 : nodes[0];
  switch (act.what) {
    case Do::kCrash:
    case Do::kStop:
      return cluster_.Crash(node, SimDisk::Crash::kProcess);
    case Do::kPowerLoss:
      if (act.on && cluster_.up(node)) return cluster_.CrashInAWrite(node);
      return cluster_.Crash(node, SimDisk::Crash::kPower);
    case Do::kStart:
      for (int i = 0; i < cluster_.size(); ++i) {
        if (!cluster_.up(i) && (node < 0 ? cluster_.serves(i) : node == i)) Start(i);
      }
      return;
    case Do::kIsolate:
      for (int i = 0; i < cluster_.size(); ++i) {
        if (i == node) continue;
        Cut(node, i);
        Cut(i, node);
      }
      return;
    case Do::kPartition: {
      const std::set<int> side(nodes.begin(), nodes.end());
      for (int i = 0; i < cluster_.size(); ++i) {
        for (int j = 0; j < cluster_.size(); ++j) {
          if (side.contains(i) != side.contains(j)) Cut(i, j);
        }
      }
      return;
    }
    case Do::kCut:
      return Cut(nodes[0], nodes[1]);
    case Do::kDelay: {
      LinkSettings& link = cluster_.link(nodes[0], nodes[1]);
      const LinkSettings usual;
      link.latency_low = usual.latency_low + act.time;
      link.latency_high = usual.latency_high + act.time;
      return;
    }
    case Do::kLoss:
      cluster_.link(nodes[0], nodes[1]).loss_permille = static_cast<uint32_t>(act.number * 10);
      return;
    case Do::kDuplicate:
      cluster_.link(nodes[0], nodes[1]).duplicate_permille = static_cast<uint32_t>(act.number * 10);
      return;
    case Do::kDropMessage:
      return cluster_.DropMessage(static_cast<uint64_t>(act.number));
    case Do::kPause:
      return cluster_.Pause(node);
    case Do::kResume:
      return cluster_.Resume(node);
    case Do::kClockSkew:
      return cluster_.SkewClock(node, act.number);
    case Do::kSlowDisk:
      return cluster_.disk(node).Slow(act.time);
    case Do::kFullDisk:
      return cluster_.disk(node).FillUp(act.on);
    case Do::kFailSync:
      return cluster_.disk(node).FailNextSync();
    case Do::kFlipBit:
      act.text.empty() ? cluster_.DamageLog(node) : cluster_.DamageText(node, act.text);
      return;
    case Do::kHeal:
      return node < 0 ? cluster_.HealLinks() : Heal(node);
    case Do::kSnapshot:
      if (cluster_.up(node)) cluster_.node(node).TakeSnapshot([](const absl::StatusOr<SnapshotInfo>&) {});
      return;
    case Do::kSetTimeout:
      if (!cluster_.up(node)) return;
      return cluster_.node(node).SetTimings(
          {.election_timeout = act.time, .heartbeat = std::min(experiment_.timings.heartbeat, act.time / 2)});
    case Do::kLoseDirectory:
      return LoseDirectory(node);
    case Do::kMember:
      return;  // Perform
    case Do::kPut:
    case Do::kAppend:
    case Do::kAdd:
    case Do::kDelete:
    case Do::kGet:
      return Ask(act, node);
  }
}

void Laboratory::Heal(int node) {
  for (int i = 0; i < cluster_.size(); ++i) {
    cluster_.link(node, i) = cluster_.link(i, node) = LinkSettings{};
  }
}

bool LabResult::damage() const {
  return std::any_of(verdicts.begin(), verdicts.end(), [](const LabVerdict& verdict) { return !verdict.holds; });
}

LabResult RunExperiment(const Experiment& experiment) {
  World world(Mix64(experiment.swarm.value_or(experiment.seed)));
  return Laboratory(experiment, world).Run();
}

}  // namespace raftly
