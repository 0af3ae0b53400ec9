// What comes after an experiment's time: everything is healed and read once more, the judges speak, and all of it
// becomes a document.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chaos/sim/checker.h"
#include "lab/laboratory_impl.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Do = Act::Do;
using Told = Operation::Outcome;

// For coming to rest after everything was healed, and how often it is looked whether it has.
constexpr Duration kPatience = 20s;
constexpr Duration kLookEvery = 5ms;
constexpr Duration kReadTimeout = 5s;

}  // namespace

void Laboratory::NoteFinding() {
  if (finding_ || judges_.violation().empty()) return;
  finding_ = Add("finding", {{"judge", "promises"}, {"text", Printable(judges_.violation())}});
}

void Laboratory::NoteStandstill(const std::string& finding) {
  standstill_.emplace(finding, Add("finding", {{"judge", "progress"}, {"text", Printable(finding)}}));
}

void Laboratory::Close() {
  if (!world_.stopped()) ComeToRest();
  NodeLogs logs;
  if (rests_) logs = Logs();
  JudgePromises();
  if (rests_) JudgeWrites(logs);
  JudgeHistory();
}

void Laboratory::ComeToRest() {
  Add("closing", {});
  if (swarm_) swarm_->End();
  for (int i = 0; i < cluster_.size(); ++i) {
    if (!cluster_.serves(i)) cluster_.Crash(i, SimDisk::Crash::kProcess);
    if (cluster_.up(i)) cluster_.node(i).SetTimings(settings_.timings);
  }
  cluster_.HealAll();
  operator_.Rest();
  if (!swarm_) TendMembers();
  rests_ = Await([this] { return AtRest(); }, std::max(kPatience, settings_.quiet));
  if (rests_) ReadAll();
}

// Whether it came to be. A judge may stop the world meanwhile.
bool Laboratory::Await(absl::FunctionRef<bool()> there, Duration patience) {
  const Time give_up = world_.now() + patience;
  while (!there() && world_.now() < give_up && !world_.stopped()) world_.RunUntil(world_.now() + kLookEvery);
  return there();
}

bool Laboratory::AtRest() const {
  const int leader = cluster_.leader();
  if (leader < 0 || cluster_.SettledMembers() == nullptr) return false;
  const NodeStatus first = cluster_.status(leader);
  for (int i = 0; i < cluster_.size(); ++i) {
    if (!cluster_.IsMember(i)) continue;
    if (!cluster_.up(i) || !RestsWith(first, cluster_.status(i))) return false;
  }
  return true;
}

// Reads are answered at the leader: what is committed is what it says.
void Laboratory::ReadAll() {
  std::set<std::string> keys;
  for (const Asked& asked : asked_) keys.insert(asked.operation.key);
  const size_t first = asked_.size();
  for (const std::string& key : keys) {
    Ask({.what = Do::kGet, .key = key, .time = kReadTimeout}, std::max(cluster_.leader(), 0));
  }
  Await(
      [&] {
        return std::all_of(asked_.begin() + static_cast<std::ptrdiff_t>(first), asked_.end(),
                           [](const Asked& asked) { return asked.answered; });
      },
      kReadTimeout);
}

NodeLogs Laboratory::Logs() {
  NodeLogs logs;
  int waiting = 0;
  for (int i = 0; i < cluster_.size(); ++i) {
    if (!cluster_.IsMember(i)) continue;
    ++waiting;
    logs.emplace_back(cluster_.id(i), Entries());
    // Lost where the node dies first; it would have to answer within the patience.
    cluster_.node(i).Tail(SIZE_MAX, [this, &logs, &waiting, which = logs.size() - 1](Entries entries) {
      if (over_) return;
      logs[which].second = std::move(entries);
      --waiting;
    });
  }
  Await([&waiting] { return waiting == 0; }, kPatience);
  return logs;
}

// ---- Verdicts ------------------------------------------------------------------------------------------------------

void Laboratory::Judge(std::string judge, std::string rule, const std::vector<std::string>& findings,
                       std::vector<size_t> events) {
  result_.verdicts.push_back({.judge = std::move(judge),
                              .rule = std::move(rule),
                              .holds = findings.empty(),
                              .finding = absl::StrJoin(findings, "; "),
                              .events = std::move(events)});
}

void Laboratory::JudgePromises() {
  const bool broken = !judges_.violation().empty();
  Judge("promises", "what a node has promised stays true: Raft, figure 3",
        broken ? std::vector<std::string>{Printable(judges_.violation())} : std::vector<std::string>{},
        finding_ ? std::vector<size_t>{*finding_} : std::vector<size_t>{});
  Judge("agreement", "once everything is healed, all nodes come to agree",
        rests_ || world_.stopped()
            ? std::vector<std::string>{}
            : std::vector<std::string>{absl::StrCat("the nodes did not agree within ", kPatience / 1s, " s")},
        rests_ || world_.stopped() ? std::vector<size_t>{} : std::vector<size_t>{size() - 1});
  if (!swarm_) return;
  Judge("progress", "a majority in which nothing is wrong goes on committing",
        standstill_ ? std::vector<std::string>{standstill_->first} : std::vector<std::string>{},
        standstill_ ? std::vector<size_t>{standstill_->second} : std::vector<size_t>{});
}

// What a snapshot has swallowed is in no log any more; the history judges it.
void Laboratory::JudgeWrites(const NodeLogs& logs) {
  std::vector<AcknowledgedWrite> writes;
  std::vector<size_t> lost_events, twice_events;
  std::vector<std::string> lost;
  std::map<Index, size_t> first_at;
  for (size_t i = 0; i < asked_.size(); ++i) {
    const Asked& asked = asked_[i];
    const bool is_put = asked.operation.kind == Operation::Kind::kPut;
    if (!asked.answered || asked.operation.outcome != Told::kOk || !is_put) continue;
    const AcknowledgedWrite write{.by = cluster_.id(asked.node),
                                  .key = asked.operation.key,
                                  .value = asked.operation.value.value_or(""),
                                  .at = asked.at};
    writes.push_back(write);
    const auto [other, is_first] = first_at.try_emplace(asked.at.index, i);
    if (!is_first) twice_events = {asked_[other->second].call, asked_[other->second].answer, asked.call, asked.answer};
    if (experiment_.snapshot_bytes > 0) continue;
    const std::vector<std::string> missing = FindLostWrites({write}, logs);
    if (missing.empty()) continue;
    lost.insert(lost.end(), missing.begin(), missing.end());
    lost_events.push_back(asked.call);
    lost_events.push_back(asked.answer);
  }
  Judge("writes", "what a client was told is written is in every log in the end", lost, std::move(lost_events));
  const std::vector<std::string> twice = FindAcknowledgedTwice(writes);
  Judge("places", "no two writes are acknowledged at the same index", twice, std::move(twice_events));
  Judge("logs", "one index and one term are one command", FindDifferentCommands(logs), {});
}

void Laboratory::JudgeHistory() {
  const History asked = history();
  const LinearizabilityVerdict verdict = CheckLinearizable(asked);
  std::vector<size_t> events;
  for (const size_t operation : verdict.operations) {
    const auto [call, answer] = operation < asked_.size() ? std::pair(asked_[operation].call, asked_[operation].answer)
                                                          : swarm_->events.at(asked[operation].number);
    events.push_back(call);
    if (answer > 0) events.push_back(answer);
  }
  std::sort(events.begin(), events.end());
  const bool violated = verdict.result == Linearizability::kViolated;
  Judge("linearizability", "one order of the clients' operations explains every answer",
        violated ? std::vector<std::string>{Printable(verdict.explanation)} : std::vector<std::string>{},
        std::move(events));
}

std::string Laboratory::Document() const {
  Fields verdicts = Fields::array();
  for (const LabVerdict& verdict : result_.verdicts) {
    Fields one = {{"judge", verdict.judge}, {"rule", verdict.rule}, {"holds", verdict.holds}};
    if (!verdict.holds) one["finding"] = verdict.finding;
    if (!verdict.holds) one["events"] = verdict.events;
    verdicts.push_back(std::move(one));
  }
  const TraceSummary& s = result_.summary;
  const auto milliseconds = [](Duration d) { return d / 1ms; };
  const int64_t duration = std::max<int64_t>(experiment_.duration / 1ms, 1);
  const auto tenths = [&](uint64_t count, uint64_t per) {
    const uint64_t whole = count * per * 10 / static_cast<uint64_t>(duration);
    return static_cast<double>(whole) / 10;
  };
  const Fields summary = {{"damage", result_.damage()},
                          {"committed", s.committed},
                          {"acknowledged", s.acknowledged},
                          {"failed", s.failed},
                          {"unknown", s.unknown},
                          {"acknowledged_per_second", tenths(s.acknowledged, 1000)},
                          {"elections", s.elections},
                          {"leader_changes", s.leader_changes},
                          {"leader_changes_per_minute", tenths(s.leader_changes, 60'000)},
                          {"highest_term", s.highest_term},
                          {"without_leader_ms", milliseconds(s.without_leader)},
                          {"messages", s.messages},
                          {"messages_lost", s.messages_lost},
                          {"snapshots_sent", s.snapshots_sent},
                          {"gave_up", s.gave_up},
                          {"undurable_most", s.undurable_most},
                          {"full", full()}};
  return absl::StrCat("{\"format\":1,\n\"experiment\":", ToJson(experiment_).dump(),
                      ",\n\"nodes\":", Fields(IdsOf(experiment_)).dump(), ",\n\"events\":[\n", events(),
                      "\n],\n\"verdicts\":", verdicts.dump(), ",\n\"summary\":", summary.dump(), "}\n");
}

}  // namespace raftly
