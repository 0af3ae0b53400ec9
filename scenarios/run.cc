#include "scenarios/run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "chaos/sim/kv_machine.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// Long enough for a loaded machine; in virtual time it costs nothing.
constexpr Duration kPatience = 20s;
// A read that a leader could confirm at all is confirmed well within this.
constexpr Duration kReadTimeout = 5s;

}  // namespace

bool Run::Need(bool holds, const std::string& what) {
  if (!holds) unmet_.push_back(what);
  return holds;
}

void Run::Expect(bool holds, const std::string& what) {
  if (!holds) broken_.push_back(what);
}

bool Run::Start(int node) {
  const absl::Status started = stage.Start(node);
  return Need(started.ok(), absl::StrCat(stage.id(node), " starts: ", started.ToString()));
}

bool Run::Assemble() {
  for (int node = 0; node < stage.size(); ++node) {
    if (!stage.up(node) && !Start(node)) return false;
  }
  return Agree();
}

// ---- Agreement -----------------------------------------------------------------------------------------------------

bool Run::AtRest() const {
  const int leader = stage.leader();
  if (leader < 0) return false;
  const NodeStatus first = stage.status(leader);
  for (int node = 0; node < stage.size(); ++node) {
    if (stage.up(node) && !RestsWith(first, stage.status(node))) return false;
  }
  return true;
}

bool Run::Agree() {
  const Time give_up = stage.now() + kPatience;
  while (stage.now() < give_up && stage.RunUntil([this] { return AtRest(); }, give_up - stage.now())) {
    // Equal ends say that the logs agree only once nobody is about to be overwritten.
    std::vector<LogPosition> ends;
    for (int node = 0; node < stage.size(); ++node) {
      if (!stage.up(node)) continue;
      const Entries log = stage.LogOf(node);
      ends.push_back(log.empty() ? LogPosition{} : log.back().position());
    }
    const bool equal =
        std::all_of(ends.begin(), ends.end(), [&](const LogPosition& end) { return end == ends.front(); });
    if (equal && AtRest()) return true;
    stage.RunFor(1ms);
  }
  return Need(false, "all nodes come to agree");
}

bool Run::WaitForLeader(const Stage::Condition& acceptable, const std::string& what) {
  return Need(stage.RunUntil([&] { return stage.leader() >= 0 && acceptable(); }, kPatience), what);
}

// ---- Clients -------------------------------------------------------------------------------------------------------

Run::Operations Run::Ask(int node, const std::string& key, const std::string& value, int from, int to,
                         Duration timeout) {
  Operations asked;
  for (int i = from; i <= to; ++i) {
    asked.push_back(clients.Put(node, absl::StrCat(key, i), absl::StrCat(value, i), timeout));
  }
  return asked;
}

bool Run::Put(int node, const std::string& key, const std::string& value, int from, int to) {
  const Operations asked = Ask(node, key, value, from, to, kPatience);
  stage.RunUntil([&] { return AllAnswered(asked); }, kPatience);
  return Need(CountAcknowledged(asked) == static_cast<int>(asked.size()),
              absl::StrCat(stage.id(node), " acknowledges ", key, from, " to ", key, to));
}

bool Run::CommitUpTo(int node, Index index) {
  const Index last = stage.status(node).last_index;
  if (!Need(last < index, "the log is not too long yet")) return false;
  if (!Put(node, "k", "v", static_cast<int>(last.value) + 1, static_cast<int>(index.value))) return false;
  return Need(stage.status(node).commit_index == index,
              absl::StrCat(stage.id(node), " has committed index ", index.value, " and no more"));
}

bool Run::ChangeMembers(int node, const Configuration& members, Duration patience) {
  // It is refused for as long as not all have said that they understand it, or until others have caught up.
  const auto open = std::make_shared<bool>(false);
  const auto change = [members](Members now) -> absl::StatusOr<Members> {
    now.configuration = members;
    return Among(members, now.known);
  };
  return stage.RunUntil(
      [&] {
        if (stage.status(node).members->configuration == members) return true;
        if (!std::exchange(*open, true)) {
          stage.ChangeMembers(node, change, kPatience, [open](const absl::StatusOr<Applied>&) { *open = false; });
        }
        return false;
      },
      patience);
}

int Run::CountAcknowledged(const Operations& operations) const {
  return static_cast<int>(std::count_if(operations.begin(), operations.end(),
                                        [this](size_t operation) { return clients.succeeded(operation); }));
}

bool Run::AllAnswered(const Operations& operations) const {
  return std::all_of(operations.begin(), operations.end(),
                     [this](size_t operation) { return clients.answered(operation); });
}

int Run::CountIn(const Entries& log, const Operations& operations) const {
  return static_cast<int>(std::count_if(operations.begin(), operations.end(), [&](size_t number) {
    const Operation& put = clients.operation(number);
    const std::string command = PutCommand(put.key, put.value.value_or(""));
    return std::any_of(log.begin(), log.end(), [&](const Entry& entry) { return entry.data.view() == command; });
  }));
}

// ---- The examination -----------------------------------------------------------------------------------------------

void Run::Examine() {
  inject.HealNetwork();
  if (!Assemble()) return;
  ReadBack(stage.leader());
  NodeLogs logs;
  for (int node = 0; node < stage.size(); ++node) logs.emplace_back(stage.id(node), stage.LogOf(node));
  damages_ = FindDamage(clients, logs);
  if (!stage.violation().empty()) damages_.push_back({Damage::Kind::kPromiseBroken, {stage.violation()}});
}

void Run::ReadBack(int leader) {
  Operations reads;
  for (const std::string& key : clients.keys()) reads.push_back(clients.Get(leader, key, kReadTimeout));
  stage.RunUntil([&] { return AllAnswered(reads); }, kReadTimeout);
  Need(CountAcknowledged(reads) == static_cast<int>(reads.size()), "the leader answers every read after the healing");
}

}  // namespace raftly
