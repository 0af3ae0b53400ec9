#include "lab/laboratory.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chaos/clients.h"
#include "chaos/evidence.h"
#include "chaos/sim/checker.h"
#include "chaos/sim/judges.h"
#include "chaos/sim/nemesis.h"
#include "chaos/sim/progress_judge.h"
#include "chaos/sim/sim_cluster.h"
#include "chaos/sim/simulation.h"
#include "chaos/sim/workload.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Do = Act::Do;
using Fields = Trace::Fields;
using Told = Operation::Outcome;

// For coming to rest after everything was healed, and how often it is looked whether it has.
constexpr Duration kPatience = 20s;
constexpr Duration kLookEvery = 5ms;
constexpr Duration kReadTimeout = 5s;
// A client that was not told asks again after this.
constexpr Duration kRetryAfter = 50ms;
constexpr Actor kClients = 6000;

// The simulator's own of this seed; it runs for as long as the experiment.
Settings SwarmOf(const Experiment& experiment) {
  Settings settings = raftly::SettingsOf(*experiment.swarm);
  settings.nodes = experiment.nodes;
  settings.outsiders = experiment.outsiders;
  settings.defences = DefencesOf(experiment);
  settings.spared.insert(experiment.spared.begin(), experiment.spared.end());
  return settings;
}

Settings SettingsOf(const Experiment& experiment) {
  if (experiment.swarm) return SwarmOf(experiment);
  Settings settings;
  settings.nodes = experiment.nodes;
  settings.outsiders = experiment.outsiders;
  settings.timings = experiment.timings;
  settings.defences = DefencesOf(experiment);
  settings.limits.entries_per_append = experiment.entries_per_append;
  settings.limits.appends_in_flight = experiment.appends_in_flight;
  // What goes wrong is what the acts do.
  settings.disks.lost_permille = 1000;
  settings.disks.slow_permille = 0;
  settings.clock_offset = {};
  settings.snapshots.log_bytes = experiment.snapshot_bytes;
  settings.snapshots.keep_bytes = experiment.keep_bytes;
  if (experiment.snapshot_bytes > 0) settings.segment_bytes = std::max<uint64_t>(experiment.snapshot_bytes / 2, 200);
  return settings;
}

uint64_t ClusterSeedOf(const Experiment& experiment) {
  return experiment.swarm ? raftly::ClusterSeedOf(*experiment.swarm) : Mix64(experiment.seed ^ 0x1ab);
}

std::vector<NodeId> IdsOf(const Experiment& experiment) {
  return SimCluster::Ids(experiment.nodes + experiment.outsiders);
}

}  // namespace

// One run. Its clients know what they asked and what they were told, and nothing else.
class Laboratory : public Trace {
 public:
  Laboratory(const Experiment& experiment, World& world)
      : Trace(world, IdsOf(experiment)),
        experiment_(experiment),
        world_(world),
        judges_world_(0),
        judges_(experiment.swarm ? world : judges_world_, IdsOf(experiment), static_cast<size_t>(experiment.nodes)),
        settings_(SettingsOf(experiment)),
        cluster_(world, judges_, settings_, ClusterSeedOf(experiment), nullptr) {
    cluster_.Watch(this);
    if (experiment.swarm) swarm_ = std::make_unique<Swarm>(*this);
  }

  LabResult Run();

  void OnCall(int node, const Operation& operation) override;
  void OnAnswer(const Operation& operation) override;
  void OnStep(int node, const RaftCore& core) override {
    Trace::OnStep(node, core);
    NoteFinding();
  }
  void OnApplied(int node, const Entry& entry, const RegisterMap& registers) override {
    Trace::OnApplied(node, entry, registers);
    NoteFinding();
  }

 private:
  // The simulator's clients and faults.
  struct Swarm {
    explicit Swarm(Laboratory& lab)
        : workload(lab.world_, lab.cluster_, lab.settings_),
          nemesis(lab.world_, lab.cluster_, lab.settings_, *lab.experiment_.swarm),
          progress(lab.world_, lab.cluster_, lab.settings_,
                   [&lab](const std::string& finding) { lab.NoteStandstill(finding); }) {}
    void Begin() {
      workload.Begin();
      nemesis.Begin();
      progress.Begin();
    }
    void End() {
      progress.End();
      nemesis.Rest();
      workload.End();
    }

    Workload workload;
    Nemesis nemesis;
    ProgressJudge progress;
    std::map<uint64_t, std::pair<size_t, size_t>> events;  // call and answer, by the operation's number
  };
  struct Asked {
    Act act;
    Operation operation;
    int node = 0;
    int attempt = 1;         // answers to earlier ones come too late
    bool uncertain = false;  // one of those may have had its effect
    bool answered = false;
    LogPosition at;   // of a write, as the client was told
    size_t call = 0;  // events
    size_t answer = 0;
  };

  // ---- Acts
  void Perform(size_t number);
  // Nothing where nobody is meant: the act cannot be done.
  std::optional<std::vector<int>> Resolve(const Act& act);
  int PlaceOf(const std::string& name);
  void Enact(const Act& act, const std::vector<int>& nodes);
  void Cut(int from, int to, bool cut = true) { cluster_.link(from, to).cut = cut; }
  void Heal(int node);
  void Ask(const Act& act, int node);
  void Send(size_t number);
  bool Awaited(size_t number, int attempt) const;
  void OnReply(size_t number, int attempt, const absl::Status& status);
  void AskAgain(size_t number, const absl::Status& why);
  void Answer(size_t number, const absl::Status& status);

  // ---- After the experiment
  void Close();
  void ComeToRest();
  bool Await(absl::FunctionRef<bool()> there, Duration patience);
  bool AtRest() const;
  void ReadAll();
  NodeLogs Logs();
  void NoteFinding();
  void NoteStandstill(const std::string& finding);
  History history() const;

  void Judge(std::string judge, std::string rule, const std::vector<std::string>& findings, std::vector<size_t> events);
  void JudgePromises();
  void JudgeWrites(const NodeLogs& logs);
  void JudgeHistory();
  std::string Document() const;

  const Experiment& experiment_;
  World& world_;
  // A judge stops its world at the first violation. Here the show goes on, but for a swarm's, as in raftly-sim: what
  // nodes do whose promises are broken, and who are short of everything, is anybody's guess.
  World judges_world_;
  Judges judges_;
  std::vector<Asked> asked_;
  bool over_ = false;  // the run: what is still answered is not heard any more
  const Settings settings_;
  SimCluster cluster_;
  std::unique_ptr<Swarm> swarm_;  // null: the acts are all that happens
  std::map<std::string, int> cast_;
  std::optional<size_t> finding_;
  std::optional<std::pair<std::string, size_t>> standstill_;
  bool rests_ = false;
  LabResult result_;
};

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
    ++(operation.outcome == Told::kOk       ? result_.summary.acknowledged
       : operation.outcome == Told::kFailed ? result_.summary.failed
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

std::optional<std::vector<int>> Laboratory::Resolve(const Act& act) {
  std::vector<std::string> names = act.nodes;
  for (const std::string& name : {act.node, act.from, act.to}) {
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
  const auto nodes = Resolve(act);
  Fields fields = {{"act", number}, {"do", std::string(NameOf(act.what))}};
  if (!nodes) {
    fields["why"] = "not done: nobody leads";
    Add("act", fields);
    return;
  }
  fields["nodes"] = Fields::array();
  for (const int node : *nodes) fields["nodes"].push_back(cluster_.id(node));
  Add("act", fields);
  Enact(act, *nodes);
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
        if (!cluster_.up(i) && (node < 0 ? i < cluster_.members() : node == i)) cluster_.Start(i);
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

// ---- Clients -------------------------------------------------------------------------------------------------------

void Laboratory::Ask(const Act& act, int node) {
  using Kind = Operation::Kind;
  Asked asked{.act = act,
              .operation = {.client = static_cast<int>(asked_.size()) + 1,
                            .kind = act.what == Do::kPut      ? Kind::kPut
                                    : act.what == Do::kAppend ? Kind::kAppend
                                    : act.what == Do::kAdd    ? Kind::kAdd
                                    : act.what == Do::kDelete ? Kind::kDelete
                                                              : Kind::kGet,
                            .key = act.key,
                            .value = {},
                            .invoked = world_.now(),
                            .outcome = Told::kUnknown},
              .node = node};
  if (act.what == Do::kPut || act.what == Do::kAppend) asked.operation.value = act.value;
  if (act.what == Do::kAdd) asked.operation.value = std::to_string(act.number);
  asked.call = Add("call", CallOf(asked_.size(), node, asked.operation));
  asked_.push_back(std::move(asked));
  Send(asked_.size() - 1);
}

bool Laboratory::Awaited(size_t number, int attempt) const {
  return !over_ && !asked_[number].answered && asked_[number].attempt == attempt;
}

void Laboratory::Send(size_t number) {
  const Act& act = asked_[number].act;
  const int node = asked_[number].node;
  const int attempt = asked_[number].attempt;
  if (!cluster_.up(node)) return OnReply(number, attempt, absl::FailedPreconditionError("nobody is there"));
  const Time deadline = world_.now() + act.time;
  if (act.what == Do::kGet) {
    const RegisterMap& registers = cluster_.registers(node);
    return cluster_.node(node).Read(deadline, [this, number, attempt, &registers](const absl::Status& status) {
      if (!Awaited(number, attempt)) return;
      if (status.ok()) asked_[number].operation.value = registers.Get(asked_[number].operation.key);
      OnReply(number, attempt, status);
    });
  }
  std::string command = act.what == Do::kPut      ? RegisterMap::Put(act.key, act.value)
                        : act.what == Do::kAppend ? RegisterMap::Append(act.key, act.value)
                        : act.what == Do::kAdd    ? RegisterMap::Add(act.key, act.number)
                                                  : RegisterMap::Delete(act.key);
  if (act.retries > 0) {
    command = RegisterMap::Numbered(absl::StrCat("c", number + 1), 1, command);
    // Where the node dies it answers nothing.
    world_.At(deadline + kRetryAfter, kClients, [this, number, attempt] {
      if (Awaited(number, attempt)) OnReply(number, attempt, absl::UnavailableError("no answer"));
    });
  }
  cluster_.node(node).Propose(command, deadline, [this, number, attempt, command](absl::StatusOr<Applied> applied) {
    if (!Awaited(number, attempt)) return;
    if (applied.ok()) {
      asked_[number].at = applied->at;
      judges_.OnClientAcknowledged(applied->at, command);
    }
    OnReply(number, attempt, applied.status());
  });
}

void Laboratory::OnReply(size_t number, int attempt, const absl::Status& status) {
  Asked& asked = asked_[number];
  if (status.ok() || attempt > asked.act.retries) return Answer(number, status);
  asked.uncertain = asked.uncertain || OutcomeOf(asked.operation.kind, status) == Told::kUnknown;
  ++asked.attempt;
  world_.At(world_.now() + kRetryAfter, kClients, [this, number, attempt, status] {
    if (Awaited(number, attempt + 1)) AskAgain(number, status);
  });
}

void Laboratory::AskAgain(size_t number, const absl::Status& why) {
  Asked& asked = asked_[number];
  if (const int leader = cluster_.leader(); leader >= 0) asked.node = leader;
  Add("again", {{"op", number}, {"node", cluster_.id(asked.node)}, {"why", std::string(why.message())}});
  Send(number);
}

void Laboratory::Answer(size_t number, const absl::Status& status) {
  Asked& asked = asked_[number];
  Operation& operation = asked.operation;
  asked.answered = true;
  operation.returned = world_.now();
  operation.outcome = OutcomeOf(operation.kind, status);
  if (operation.outcome == Told::kFailed && asked.uncertain) operation.outcome = Told::kUnknown;
  Fields fields = AnswerOf(number, operation);
  if (!status.ok()) {
    fields["why"] = std::string(status.message());
  } else if (operation.kind != Operation::Kind::kGet) {
    fields["index"] = asked.at.index.value;
    fields["term"] = asked.at.term.value;
  }
  asked.answer = Add("answer", fields);
  NoteFinding();
}

History Laboratory::history() const {
  History history;
  for (const Asked& asked : asked_) history.push_back(asked.operation);
  if (!swarm_) return history;
  const History others = swarm_->workload.history();
  history.insert(history.end(), others.begin(), others.end());
  return history;
}

// Beside those of acts, which count from 0.
constexpr uint64_t kFirstOfTheSwarm = 1'000'000;

void Laboratory::OnCall(int node, const Operation& operation) {
  swarm_->events[operation.number].first = Add("call", CallOf(kFirstOfTheSwarm + operation.number, node, operation));
}

void Laboratory::OnAnswer(const Operation& operation) {
  swarm_->events[operation.number].second = Add("answer", AnswerOf(kFirstOfTheSwarm + operation.number, operation));
}

// ---- After the experiment ------------------------------------------------------------------------------------------

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
  for (int i = cluster_.members(); i < cluster_.size(); ++i) cluster_.Crash(i, SimDisk::Crash::kProcess);
  for (int i = 0; i < cluster_.members(); ++i) {
    if (cluster_.up(i)) cluster_.node(i).SetTimings(settings_.timings);
  }
  cluster_.HealAll();
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
  if (leader < 0) return false;
  const NodeStatus first = cluster_.status(leader);
  for (int i = 0; i < cluster_.members(); ++i) {
    if (!cluster_.up(i)) return false;
    const NodeStatus seen = cluster_.status(i);
    const bool with_leader = seen.term == first.term && seen.leader == first.id && seen.last_index == first.last_index;
    if (!with_leader || seen.commit_index != seen.last_index || seen.last_applied != seen.last_index) return false;
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
  int waiting = cluster_.members();
  for (int i = 0; i < cluster_.members(); ++i) {
    logs.emplace_back(cluster_.id(i), Entries());
    // Lost where the node dies first; it would have to answer within the patience.
    cluster_.node(i).Tail(SIZE_MAX, [this, &logs, &waiting, i](Entries entries) {
      if (over_) return;
      logs[static_cast<size_t>(i)].second = std::move(entries);
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

bool LabResult::damage() const {
  return std::any_of(verdicts.begin(), verdicts.end(), [](const LabVerdict& verdict) { return !verdict.holds; });
}

LabResult RunExperiment(const Experiment& experiment) {
  World world(Mix64(experiment.swarm.value_or(experiment.seed)));
  return Laboratory(experiment, world).Run();
}

}  // namespace raftly
