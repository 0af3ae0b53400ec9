#include "lab/shrink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/laboratory.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

class Shrinker {
 public:
  Shrinker(Shrunk& shrunk, uint64_t faults, const ShrinkLimits& limits)
      : shrunk_(shrunk), faults_(faults), limits_(limits) {}

  void Run() {
    // Of a swarm most of what comes after the damage goes with its time.
    if (now().swarm) HalveTime();
    LeaveOutFaults();
    LeaveOutActs();
    LeaveOutSwitches();
    LeaveOutNodes();
    now().swarm ? HalveTime() : Shorten();
    // What the rest needed may not be needed any more.
    LeaveOutFaults();
    LeaveOutActs();
    TrySeed();
  }

 private:
  Experiment& now() { return shrunk_.experiment; }
  std::string Milliseconds(Duration time) const { return absl::StrCat(time / 1us / 1000.0, " ms"); }

  bool OutOfPatience() const {
    return shrunk_.runs >= limits_.runs || std::chrono::steady_clock::now() - begun_ >= limits_.time;
  }

  // Takes `smaller` where it shows the same damage.
  bool Take(Experiment smaller) {
    if (OutOfPatience()) return false;
    ++shrunk_.runs;
    const LabResult result = RunExperiment(smaller);
    const bool shows = std::any_of(result.verdicts.begin(), result.verdicts.end(), [&](const LabVerdict& verdict) {
      return !verdict.holds && verdict.judge == shrunk_.judge;
    });
    if (shows) now() = std::move(smaller);
    if (shows) faults_ = result.faults;
    return shows;
  }

  // The faults of a swarm, as acts are left out.
  void LeaveOutFaults() {
    std::vector<uint64_t> striking;
    for (uint64_t number = 1; number <= faults_; ++number) {
      const std::vector<uint64_t>& spared = now().spared;
      if (std::find(spared.begin(), spared.end(), number) == spared.end()) striking.push_back(number);
    }
    for (size_t chunk = std::max<size_t>(striking.size() / 2, 1); !striking.empty(); chunk /= 2) {
      for (size_t at = 0; at < striking.size();) {
        const auto begin = striking.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = striking.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, striking.size()));
        Experiment smaller = now();
        smaller.spared.insert(smaller.spared.end(), begin, end);
        std::sort(smaller.spared.begin(), smaller.spared.end());
        if (!Take(std::move(smaller))) {
          at += chunk;
          continue;
        }
        shrunk_.dropped.push_back(absl::StrCat("faults ", absl::StrJoin(begin, end, ", ")));
        striking.erase(begin, end);
      }
      if (chunk <= 1) return;
    }
  }

  void HalveTime() {
    const Duration before = now().duration;
    for (Duration step = before / 2; step >= 10ms && !OutOfPatience(); step /= 2) {
      Experiment smaller = now();
      const Duration last = smaller.acts.empty() ? Duration(0) : smaller.acts.back().at;
      smaller.duration -= step;
      if (smaller.duration > last) Take(std::move(smaller));
    }
    if (now().duration < before) {
      shrunk_.dropped.push_back(
          absl::StrCat("time: ", Milliseconds(now().duration), " instead of ", Milliseconds(before)));
    }
  }

  // In chunks, from halves down to single ones.
  void LeaveOutActs() {
    for (size_t chunk = std::max<size_t>(now().acts.size() / 2, 1);; chunk /= 2) {
      for (size_t at = 0; at < now().acts.size();) {
        const auto begin = now().acts.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = now().acts.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, now().acts.size()));
        const std::vector<Act> gone(begin, end);
        Experiment smaller = now();
        smaller.acts.erase(smaller.acts.begin() + static_cast<std::ptrdiff_t>(at),
                           smaller.acts.begin() + static_cast<std::ptrdiff_t>(at + gone.size()));
        if (!Take(std::move(smaller))) {
          at += chunk;
          continue;
        }
        for (const Act& act : gone) shrunk_.dropped.push_back(absl::StrCat("act ", ToJson(act).dump()));
      }
      if (chunk <= 1) return;
    }
  }

  void LeaveOutSwitches() {
    for (size_t at = 0; at < now().off.size();) {
      const std::string name = now().off[at];
      Experiment smaller = now();
      smaller.off.erase(smaller.off.begin() + static_cast<std::ptrdiff_t>(at));
      if (Take(std::move(smaller))) {
        shrunk_.dropped.push_back(absl::StrCat("switch ", name, ": the damage is done with it on as well"));
      } else {
        ++at;
      }
    }
  }

  // From the last on, as long as no act speaks of it.
  void LeaveOutNodes() {
    while (now().spares > 0 && TakeWithoutOneOf(&Experiment::spares)) shrunk_.dropped.emplace_back("a spare");
    while (now().nodes > 1 && TakeWithoutOneOf(&Experiment::nodes)) {
      shrunk_.dropped.push_back(absl::StrCat("node n", now().nodes + 1));
    }
  }

  bool TakeWithoutOneOf(int Experiment::*nodes) {
    Experiment smaller = now();
    --(smaller.*nodes);
    return ParseExperiment(ToJson(smaller).dump()).ok() && Take(std::move(smaller));
  }

  // To where the last act was done, and a little more.
  void Shorten() {
    const Duration before = now().duration;
    const Duration last = now().acts.empty() ? Duration(1ms) : now().acts.back().at;
    for (const Duration more : {Duration(0), Duration(10ms), Duration(100ms), Duration(1s)}) {
      Experiment smaller = now();
      smaller.duration = std::max(last + more, Duration(1ms));
      if (smaller.duration >= before || !Take(std::move(smaller))) continue;
      shrunk_.dropped.push_back(
          absl::StrCat("time: ", Milliseconds(now().duration), " instead of ", Milliseconds(before)));
      return;
    }
  }

  void TrySeed() {
    if (now().seed == 1 || now().swarm) return;
    Experiment smaller = now();
    smaller.seed = 1;
    const uint64_t before = now().seed;
    if (Take(std::move(smaller))) shrunk_.dropped.push_back(absl::StrCat("seed ", before, ": 1 does as well"));
  }

  Shrunk& shrunk_;
  uint64_t faults_;  // of the swarm, in the smallest run so far
  const ShrinkLimits limits_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace

absl::StatusOr<Shrunk> Shrink(const Experiment& experiment, const ShrinkLimits& limits) {
  const LabResult result = RunExperiment(experiment);
  // The most telling one: what clients saw, before what a judge inside of the nodes saw.
  const LabVerdict* broken = nullptr;
  for (const LabVerdict& verdict : result.verdicts) {
    if (!verdict.holds && (broken == nullptr || broken->judge == "promises")) broken = &verdict;
  }
  if (broken == nullptr) return absl::FailedPreconditionError("it shows no damage, so there is nothing to keep");
  Shrunk shrunk{.experiment = experiment, .judge = broken->judge, .dropped = {}, .runs = 1};
  Shrinker(shrunk, result.faults, limits).Run();
  return shrunk;
}

}  // namespace raftly
