#include "chaos/sim_stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/random.h"
#include "raft/storage/segments.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// How often a condition is looked at.
constexpr Duration kLookEvery = 200us;
constexpr Actor kDirector = 0;

Settings SettingsOf(const StageOptions& options) {
  Settings settings;
  settings.nodes = options.nodes - options.spares;
  settings.spares = options.spares;
  settings.timings = options.timings;
  settings.defences = options.defences;
  settings.disks.lost_permille = 1000;
  settings.disks.slow_permille = 0;
  // Nodes tell the director's time, so that deadlines need no translation.
  settings.clock_offset = {};
  return settings;
}

}  // namespace

SimStage::SimStage(const StageOptions& options, Timeline& timeline)
    : Stage(options, timeline),
      world_(Mix64(options.seed)),
      judges_world_(0),
      judges_(judges_world_, ids(), static_cast<size_t>(options.nodes - options.spares)),
      cluster_(world_, judges_, SettingsOf(options), Mix64(options.seed ^ 0x57a6e), [this](const std::string& line) {
        // The cluster's lines begin with the time.
        NoteAt(world_.now(), line.substr(line.find("s  ") + 3));
      }) {}

absl::Status SimStage::Start(int node) {
  cluster_.serves(node) ? cluster_.Start(node) : cluster_.Join(node);
  if (up(node)) return absl::OkStatus();
  const std::string path = WalPath(node);
  const absl::Status refused = wal::FindLog(disk(node), path.substr(0, path.find_last_of('/')), WalOptions{}).status();
  return refused.ok() ? absl::InternalError(absl::StrCat(id(node), " did not start")) : refused;
}

void SimStage::Propose(int node, const std::string& command, Duration timeout, Proposed done) {
  if (!up(node)) return done(DownError(id(node)));
  cluster_.node(node).Propose(command, now() + timeout,
                              [this, command, done = std::move(done)](absl::StatusOr<Applied> applied) mutable {
                                if (applied.ok()) judges_.OnClientAcknowledged(applied->at, command);
                                done(std::move(applied));
                              });
}

void SimStage::Read(int node, const std::string& key, Duration timeout, Got done) {
  if (!up(node)) return done(DownError(id(node)));
  const KvMachine& machine = cluster_.machine(node);
  cluster_.node(node).Read(now() + timeout,
                           [&machine, key, done = std::move(done)](const absl::Status& status) mutable {
                             if (!status.ok()) return done(status);
                             done(machine.Get(key));
                           });
}

std::optional<std::string> SimStage::ReadStale(int node, const std::string& key) const {
  return cluster_.machine(node).Get(key);
}

void SimStage::ChangeMembers(int node, RaftNode::MembersChange change, Duration timeout, Proposed done) {
  if (!up(node)) return done(DownError(id(node)));
  cluster_.node(node).ChangeMembers(std::move(change), now() + timeout, std::move(done));
}

void SimStage::AskTail(int node, absl::AnyInvocable<void(Entries)> done) {
  cluster_.node(node).Tail(SIZE_MAX, std::move(done));
}

bool SimStage::RunUntil(const Condition& condition, Duration limit) {
  const Time give_up = now() + limit;
  while (!condition()) {
    if (now() >= give_up) return false;
    world_.RunUntil(std::min(give_up, now() + kLookEvery));
  }
  return true;
}

void SimStage::After(Duration delay, Task task) { world_.At(now() + delay, kDirector, std::move(task)); }

std::string SimStage::WalPath(int node) const { return absl::StrCat("data/", id(node), "/raft.wal"); }

}  // namespace raftly
