#include "chaos/sim/nemesis.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Actor kActor = 0;
constexpr uint64_t kHandOvers = 1'000'000;  // their numbers follow

}  // namespace

Nemesis::Nemesis(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed)
    : world_(world),
      cluster_(cluster),
      settings_(settings),
      seed_(seed),
      plan_(Mix64(seed)),
      hand_overs_(Mix64(seed ^ 0x4a4d)),
      random_(Mix64(~seed)),
      member_changes_(world, cluster, settings, seed) {
  // A process that its disk has stopped is started again by whoever watches it.
  cluster_.OnProcessEnded([this](int node) { Restart(node, random().Between(20ms, 1000ms)); });
}

void Nemesis::Begin() {
  member_changes_.Begin();
  if (std::erase(settings_.faults, Fault::kHandOver) > 0) PlanHandOvers();
  if (!settings_.faults.empty()) Plan();
}

void Nemesis::PlanHandOvers() {
  Later(hand_overs_.Between(settings_.fault_every / 5, settings_.fault_every * 9 / 5), [this] {
    HandOver();
    PlanHandOvers();
  });
}

// To anybody, who may be down, behind, cut off, or to whom the leader chooses. Where it goes wrong, nothing happens.
void Nemesis::HandOver() {
  const int to = static_cast<int>(hand_overs_.Below(static_cast<uint64_t>(cluster_.size()) + 1));
  const int leader = cluster_.leader();
  if (settings_.spared.contains(kHandOvers + ++handed_over_) || leader < 0 || cluster_.paused(leader)) return;
  const NodeId name = to == cluster_.size() ? NodeId() : cluster_.id(to);
  if (Watcher* watcher = cluster_.watcher()) watcher->OnFault(kHandOvers + handed_over_, ToString(Fault::kHandOver));
  Tell(absl::StrCat(cluster_.id(leader), " is asked to hand over to ", name.empty() ? "whom it chooses" : name));
  // Elections that were asked for are no disturbance of a peaceful cluster by somebody else.
  cluster_.Disturb(leader);
  if (to < cluster_.size()) cluster_.Disturb(to);
  cluster_.node(leader).HandOver(name, kNever, [](const absl::StatusOr<NodeId>&) {});
}

void Nemesis::Plan() {
  Later(plan_.Between(settings_.fault_every / 5, settings_.fault_every * 9 / 5), [this] {
    Next();
    Plan();
  });
}

void Nemesis::Next() {
  const Fault fault = settings_.faults[plan_.Below(settings_.faults.size())];
  if (settings_.spared.contains(++faults_)) return;
  random_ = Random(Mix64(seed_ ^ Mix64(faults_)));
  if (Watcher* watcher = cluster_.watcher()) watcher->OnFault(faults_, ToString(fault));
  Strike(fault);
}

void Nemesis::Tell(const std::string& what) {
  cluster_.Say(what);
  if (Watcher* watcher = cluster_.watcher()) watcher->OnFault(0, what);
}

void Nemesis::Later(Duration delay, std::function<void()> action) {
  world_.At(world_.now() + delay, kActor, [this, action = std::move(action)] {
    if (!resting_) action();
  });
}

void Nemesis::Rest() {
  resting_ = true;
  member_changes_.Rest();
  world_.AfterEvents(0, nullptr);
  cluster_.Say("all faults end");
  cluster_.HealAll();
}

void Nemesis::Strike(Fault fault) {
  switch (fault) {
    case Fault::kIsolate:
      return Isolate(AnyNode());
    case Fault::kIsolateLeader:
      return Isolate(LeaderOrAny());
    case Fault::kPartition:
      return Partition();
    case Fault::kOneWay:
      return CutOneWay();
    case Fault::kFlap:
      return Flap(LeaderOrAny(), AnyNode(), static_cast<int>(random().Between(int64_t{3}, int64_t{20})));
    case Fault::kBadLinks:
      return SpoilLinks();
    case Fault::kCrash:
      return CrashNode(AnyNode());
    case Fault::kCrashLeader:
      return CrashNode(LeaderOrAny());
    case Fault::kCrashAtEvent:
      return CrashAtEvent();
    case Fault::kCrashAll:
      for (int i = 0; i < cluster_.size(); ++i) CrashNode(i);
      return;
    case Fault::kPause:
      return PauseNode(random().Chance(500) ? LeaderOrAny() : AnyNode());
    case Fault::kSlowDisk:
    case Fault::kStuckDisk:
    case Fault::kWriteError:
    case Fault::kSyncError:
    case Fault::kDiskFull:
      return DiskFault(fault, random().Chance(500) ? LeaderOrAny() : AnyNode());
    case Fault::kBitRot:
      return RotBits(AnyNode());
    case Fault::kFalseEvidence:
      return AccuseFalsely(LeaderOrAny());
    case Fault::kHandOver:
      return HandOver();
  }
}

int Nemesis::AnyNode() {
  std::vector<int> nodes;
  for (int node = 0; node < cluster_.size(); ++node) {
    if (cluster_.serves(node)) nodes.push_back(node);
  }
  return nodes[random().Below(nodes.size())];
}

// ---- Links ---------------------------------------------------------------------------------------------------------

void Nemesis::Cut(int from, int to, std::vector<std::string>& ids) {
  if (from == to) return;
  cluster_.Disturb(from);
  cluster_.Disturb(to);
  ids.push_back(absl::StrCat("cut", ++cuts_));
  // At either end: rules are a node's own.
  const int at = random().Chance(500) ? from : to;
  cluster_.rules(at)
      .Install({.id = ids.back(), .from_node = cluster_.id(from), .to_node = cluster_.id(to), .action = Drop{}})
      .IgnoreError();
}

void Nemesis::Heal(const std::vector<std::string>& ids) {
  for (int i = 0; i < cluster_.size(); ++i) {
    for (const std::string& id : ids) cluster_.rules(i).Remove(id);
  }
}

void Nemesis::Isolate(int node) {
  std::vector<std::string> ids;
  for (int i = 0; i < cluster_.size(); ++i) {
    Cut(node, i, ids);
    Cut(i, node, ids);
  }
  Tell(absl::StrCat(cluster_.id(node), " is cut off"));
  Later(Lasts(), [this, node, ids] {
    Tell(absl::StrCat(cluster_.id(node), " is connected again"));
    Heal(ids);
  });
}

void Nemesis::Partition() {
  std::vector<bool> side;
  std::string names;
  for (int i = 0; i < cluster_.size(); ++i) {
    side.push_back(random().Chance(500));
    if (side.back()) absl::StrAppend(&names, names.empty() ? "" : ", ", cluster_.id(i));
  }
  std::vector<std::string> ids;
  for (int i = 0; i < cluster_.size(); ++i) {
    for (int j = 0; j < cluster_.size(); ++j) {
      if (side[i] != side[j]) Cut(i, j, ids);
    }
  }
  Tell(absl::StrCat("a partition: ", names.empty() ? "nobody" : names, " on one side"));
  Later(Lasts(), [this, ids] {
    Tell("a partition ends");
    Heal(ids);
  });
}

void Nemesis::CutOneWay() {
  std::vector<std::string> ids;
  const int node = random().Chance(500) ? LeaderOrAny() : AnyNode();
  const bool deaf = random().Chance(500);
  const bool wholly = random().Chance(500);
  const int other = AnyNode();
  for (int i = 0; i < cluster_.size(); ++i) {
    if (!wholly && i != other) continue;
    Cut(deaf ? i : node, deaf ? node : i, ids);
  }
  Tell(absl::StrCat(cluster_.id(node), deaf ? " hears " : " is heard by ",
                    wholly ? "nobody" : absl::StrCat("all but ", cluster_.id(other))));
  Later(Lasts(), [this, node, ids] {
    Tell(absl::StrCat(cluster_.id(node), ": the one-way cut ends"));
    Heal(ids);
  });
}

void Nemesis::Flap(int from, int to, int times) {
  if (times == 0) return;
  std::vector<std::string> ids;
  Cut(from, to, ids);
  Cut(to, from, ids);
  Later(random().Between(5ms, 200ms), [this, from, to, times, ids] {
    Heal(ids);
    Later(random().Between(5ms, 200ms), [this, from, to, times] { Flap(from, to, times - 1); });
  });
}

void Nemesis::SpoilLinks() {
  Tell("some links turn bad");
  std::vector<std::pair<int, int>> links;
  for (int i = 0; i < cluster_.size(); ++i) {
    for (int j = 0; j < cluster_.size(); ++j) {
      if (i == j || !random().Chance(400)) continue;
      links.emplace_back(i, j);
      cluster_.Disturb(i);
      cluster_.Disturb(j);
      LinkSettings& link = cluster_.link(i, j);
      link.loss_permille = static_cast<uint32_t>(random().Below(600));
      link.duplicate_permille = static_cast<uint32_t>(random().Below(300));
      link.late_permille = static_cast<uint32_t>(random().Below(300));
      if (random().Chance(300)) link.late = 3s;
    }
  }
  Later(Lasts(), [this, links] {
    Tell("the bad links are good again");
    for (const auto& [i, j] : links) cluster_.link(i, j) = settings_.links;
  });
}

// ---- Processes -----------------------------------------------------------------------------------------------------

void Nemesis::Restart(int node, Duration after) {
  // Even after Rest: who went down shortly before it comes back.
  world_.At(world_.now() + after, kActor, [this, node] {
    if (!cluster_.up(node) && cluster_.serves(node)) cluster_.Start(node);
  });
}

void Nemesis::CrashNode(int node) {
  cluster_.Crash(node, AnyCrash());
  Restart(node, random().Chance(300) ? random().Between(1ms, 50ms) : Lasts());
}

// Something between breaks connections, and refuses new ones for a moment: some believe that a living node is dead.
void Nemesis::AccuseFalsely(int node) {
  Tell(absl::StrCat(cluster_.id(node), " is said to be dead"));
  for (int i = 0; i < cluster_.size(); ++i) {
    if (i == node || !random().Chance(400)) continue;
    cluster_.Disturb(i);
    cluster_.GiveEvidence(i, node, random().Between(Duration(0), 5ms));
  }
}

void Nemesis::CrashAtEvent() {
  const int node = random().Chance(500) ? LeaderOrAny() : AnyNode();
  world_.AfterEvents(1 + random().Below(200), [this, node] { CrashNode(node); });
}

void Nemesis::PauseNode(int node) {
  // Who rejoins after losing its directory relies on the others' clocks going on: see RotBits.
  if (cluster_.Amnesiacs() > 0) return;
  cluster_.Pause(node);
  Later(Lasts(), [this, node] { cluster_.Resume(node); });
}

// ---- Disks ---------------------------------------------------------------------------------------------------------

void Nemesis::DiskFault(Fault fault, int node) {
  Tell(absl::StrCat(ToString(fault), " on ", cluster_.id(node)));
  SimDisk& disk = cluster_.disk(node);
  cluster_.Disturb(node);
  switch (fault) {
    case Fault::kSlowDisk:
      disk.Slow(random().Between(2ms, 100ms));
      return Later(Lasts(), [&disk] { disk.Slow(Duration(0)); });
    case Fault::kStuckDisk:
      return disk.StickUntil(world_.now() + Lasts());
    case Fault::kWriteError:
      return disk.FailNextWrite();
    case Fault::kSyncError:
      return disk.FailNextSync();
    default:
      disk.FillUp(true);
      return Later(Lasts(), [&disk] { disk.FillUp(false); });
  }
}

// Bounded so that a quorum keeps every acknowledged entry, otherwise recovery could not be demanded: one node at a
// time, in what its log can prove to have been durable, in a cluster that has a quorum without it. A node that lost
// its memory may still be believed for what it said before, by somebody who has slept since; -rejoin counts on
// check-quorum, that is on time, so nobody is paused.
void Nemesis::RotBits(int node) {
  const Configuration* members = cluster_.SettledMembers();
  if (members == nullptr || members->voters.size() < 3 || !members->voters.contains(cluster_.id(node))) return;
  if (cluster_.Amnesiacs() > 0) return;
  for (int i = 0; i < cluster_.size(); ++i) {
    if (cluster_.paused(i)) return;
    // One whose log was mended may not vote either until it has caught up.
    if (members->Votes(cluster_.id(i)) && (!cluster_.up(i) || !cluster_.status(i).may_vote)) return;
  }
  if (cluster_.DamageLog(node)) CrashNode(node);
}

}  // namespace raftly
