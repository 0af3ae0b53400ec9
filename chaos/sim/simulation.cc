#include "chaos/sim/simulation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/checker.h"
#include "chaos/sim/judges.h"
#include "chaos/sim/nemesis.h"
#include "chaos/sim/progress_judge.h"
#include "chaos/sim/sim_cluster.h"
#include "chaos/sim/workload.h"
#include "chaos/sim/world.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// Split votes and the end of recovery may cost some.
constexpr size_t kElectionsInPeace = 4;
// Of waiting for who is far behind.
constexpr int kRounds = 1000;

class Run {
 public:
  Run(const SimulationOptions& options, const Settings& settings)
      : settings_(settings),
        world_(Mix64(options.seed)),
        judges_(world_, SimCluster::Ids(settings.nodes + settings.spares), static_cast<size_t>(settings.nodes)),
        cluster_(world_, judges_, settings, ClusterSeedOf(options.seed), Tracer(options.trace)),
        workload_(world_, cluster_, settings, options.seed),
        nemesis_(world_, cluster_, settings, options.seed),
        progress_(world_, cluster_, settings, [this](std::string violation) {
          Fail(Verdict::kLiveness, std::move(violation) + Standing());
          world_.Stop();
        }) {}

  SimulationResult Go() {
    for (int i = 0; i < cluster_.members(); ++i) cluster_.Start(i);
    workload_.Begin();
    nemesis_.Begin();
    progress_.Begin();
    world_.RunUntil(Time(settings_.chaos));
    if (!world_.stopped()) ThenQuiet();
    if (judges_.violation().empty()) JudgeHistory();
    result_.simulated = world_.now().time_since_epoch();
    result_.hash = world_.hash();
    result_.events = world_.events();
    result_.member_changes = judges_.members().committed_changes();
    if (!judges_.violation().empty()) Fail(Verdict::kSafety, judges_.violation());
    return std::move(result_);
  }

 private:
  SimCluster::Trace Tracer(bool wanted) {
    if (!wanted) return nullptr;
    return [this](std::string line) { result_.trace.push_back(std::move(line)); };
  }

  void Fail(Verdict verdict, std::string violation) {
    result_.verdict = verdict;
    result_.violation = std::move(violation);
  }

  // The first half is for recovering, the second must serve clients, and after a last pause all nodes agree.
  void ThenQuiet() {
    progress_.End();  // from here on the whole cluster is judged
    nemesis_.Rest();
    const Time half = world_.now() + settings_.quiet / 2;
    world_.RunUntil(world_.now() + settings_.quiet / 4);
    // Only where those that hear and may vote are a majority. Of four nodes, one without its vote and one deaf leave
    // two, who could elect nobody.
    const Configuration* members = cluster_.SettledMembers();
    const int size = members == nullptr ? 0 : static_cast<int>(members->voters.size());
    const bool bearable = size - cluster_.Amnesiacs() - 1 > size / 2;
    if (settings_.deaf_leader && bearable && cluster_.leader() >= 0) Deafen(cluster_.leader());
    world_.RunUntil(half);
    const size_t leaderships = judges_.leaderships();
    world_.RunUntil(half + settings_.quiet / 2);
    workload_.End();
    if (judges_.leaderships() > leaderships + kElectionsInPeace) {
      return Fail(Verdict::kLiveness, absl::StrCat("liveness: ", judges_.leaderships() - leaderships, " elections in ",
                                                   settings_.quiet / 2 / 1ms, " ms without any new fault", Standing()));
    }
    const int acknowledged = workload_.AcknowledgedSince(half);
    world_.RunUntil(world_.now() + settings_.client_timeout + 1s);
    if (world_.stopped()) return;
    if (acknowledged == 0)
      return Fail(Verdict::kLiveness,
                  absl::StrCat("liveness: no write succeeded in the last ", settings_.quiet / 2 / 1ms, " ms, ",
                               settings_.quiet / 2 / 1ms, " ms after all faults had ended", Standing()));
    for (int round = 0; round < kRounds && !world_.stopped() && CatchingUp(); ++round) {
    }
    if (!world_.stopped()) JudgeAgreement();
  }

  void Deafen(int node) {
    deaf_ = node;
    cluster_.Say(absl::StrCat(cluster_.id(node), " hears nobody from here on"));
    for (int i = 0; i < cluster_.size(); ++i) cluster_.link(i, node).loss_permille = 1000;
  }

  // Of the last configuration, learners included.
  std::vector<int> Members() const {
    std::vector<int> members;
    for (int i = 0; i < cluster_.size(); ++i) {
      if (cluster_.IsMember(i) && i != deaf_) members.push_back(i);
    }
    return members;
  }

  // A node far behind gets time for as long as it comes closer: small appends over slow links take what they take.
  bool CatchingUp() {
    const auto applied = [this] {
      uint64_t sum = 0;
      for (const int i : Members()) {
        if (cluster_.up(i)) sum += cluster_.status(i).last_applied.value;
      }
      return sum;
    };
    const uint64_t before = applied();
    const bool all_there = before == judges_.highest_commit().value * Members().size();
    if (all_there && cluster_.SettledMembers() != nullptr) return false;
    // A change takes some rounds of writes, and ends by itself.
    const bool settled = cluster_.SettledMembers() != nullptr;
    world_.RunUntil(world_.now() + 2s + (settled ? Duration(0) : 8 * settings_.disks.sync_high));
    return applied() != before;
  }

  void JudgeAgreement() {
    if (cluster_.SettledMembers() == nullptr) {
      return Fail(Verdict::kLiveness, "liveness: a change of the members did not end" + Standing());
    }
    for (const int i : Members()) {
      if (!cluster_.up(i)) return Fail(Verdict::kLiveness, absl::StrCat("liveness: ", cluster_.id(i), " is down"));
      if (cluster_.status(i).last_applied == judges_.highest_commit()) continue;
      return Fail(Verdict::kLiveness,
                  absl::StrCat("liveness: ", cluster_.id(i), " did not catch up with index ",
                               judges_.highest_commit().value, " although all faults had ended", Standing()));
    }
  }

  std::string Standing() const {
    std::string text;
    for (int i = 0; i < cluster_.size(); ++i) {
      if (!cluster_.serves(i)) continue;
      if (!cluster_.up(i)) {
        absl::StrAppend(&text, "; ", cluster_.id(i), " is down");
        continue;
      }
      const NodeStatus status = cluster_.status(i);
      absl::StrAppend(&text, "; ", status.id, " is ", std::string(ToString(status.role)), " in term ",
                      status.term.value, ", commit ", status.commit_index.value, ", applied ",
                      status.last_applied.value, " of ", status.last_index.value);
      if (!status.may_vote) absl::StrAppend(&text, ", may not vote");
      if (!status.has_space) absl::StrAppend(&text, ", without space");
    }
    return text;
  }

  void JudgeHistory() {
    const History history = workload_.history();
    result_.operations = history.size();
    cluster_.JudgeSum(history, "sum");
    const LinearizabilityVerdict verdict = CheckLinearizable(history);
    result_.undecided = verdict.result == Linearizability::kUnknown;
    if (verdict.result == Linearizability::kViolated) judges_.Accuse("linearizability: " + verdict.explanation);
  }

  const Settings settings_;
  SimulationResult result_;
  World world_;
  Judges judges_;
  SimCluster cluster_;
  Workload workload_;
  Nemesis nemesis_;
  ProgressJudge progress_;
  int deaf_ = -1;
};

}  // namespace

uint64_t ClusterSeedOf(uint64_t seed) { return Mix64(seed ^ 0xc1u); }

SimulationResult RunSimulation(const SimulationOptions& options) {
  return RunSimulation(options, SettingsOf(options.seed, options.members));
}

SimulationResult RunSimulation(const SimulationOptions& options, const Settings& settings) {
  Settings chosen = settings;
  chosen.defences = options.defences;
  return Run(options, chosen).Go();
}

}  // namespace raftly
