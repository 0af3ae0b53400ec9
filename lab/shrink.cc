#include "lab/shrink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/laboratory.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

class Shrinker {
 public:
  Shrinker(Shrunk& shrunk, uint64_t most_runs) : shrunk_(shrunk), most_runs_(most_runs) {}

  void Run() {
    LeaveOutActs();
    LeaveOutSwitches();
    LeaveOutNodes();
    Shorten();
    // What the rest needed may not be needed any more.
    LeaveOutActs();
    TrySeed();
  }

 private:
  Experiment& now() { return shrunk_.experiment; }
  std::string Milliseconds(Duration time) const { return absl::StrCat(time / 1us / 1000.0, " ms"); }

  // Takes `smaller` where it shows the same damage.
  bool Take(Experiment smaller) {
    if (shrunk_.runs >= most_runs_) return false;
    ++shrunk_.runs;
    const LabResult result = RunExperiment(smaller);
    const bool shows = std::any_of(result.verdicts.begin(), result.verdicts.end(), [&](const LabVerdict& verdict) {
      return !verdict.holds && verdict.judge == shrunk_.judge;
    });
    if (shows) now() = std::move(smaller);
    return shows;
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
    while (now().nodes > 1) {
      Experiment smaller = now();
      --smaller.nodes;
      if (!ParseExperiment(ToJson(smaller).dump()).ok() || !Take(std::move(smaller))) return;
      shrunk_.dropped.push_back(absl::StrCat("node n", now().nodes + 1));
    }
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
    if (now().seed == 1) return;
    Experiment smaller = now();
    smaller.seed = 1;
    const uint64_t before = now().seed;
    if (Take(std::move(smaller))) shrunk_.dropped.push_back(absl::StrCat("seed ", before, ": 1 does as well"));
  }

  Shrunk& shrunk_;
  const uint64_t most_runs_;
};

}  // namespace

absl::StatusOr<Shrunk> Shrink(const Experiment& experiment, uint64_t most_runs) {
  const LabResult result = RunExperiment(experiment);
  // The most telling one: what clients saw, before what a judge inside of the nodes saw.
  const LabVerdict* broken = nullptr;
  for (const LabVerdict& verdict : result.verdicts) {
    if (!verdict.holds && (broken == nullptr || broken->judge == "promises")) broken = &verdict;
  }
  if (broken == nullptr) return absl::FailedPreconditionError("it shows no damage, so there is nothing to keep");
  Shrunk shrunk{.experiment = experiment, .judge = broken->judge, .dropped = {}, .runs = 1};
  Shrinker(shrunk, most_runs).Run();
  return shrunk;
}

}  // namespace raftly
