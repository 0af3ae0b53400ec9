#include "scenarios/scenario.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "chaos/sim_stage.h"
#include "chaos/thread_stage.h"
#include "lab/catalogue.h"
#include "raft/core/check.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

// Threads share a machine with others: a leader must not fall because nobody let it run for a moment.
constexpr Timings kRealTimings = {.election_timeout = 400ms, .heartbeat = 80ms};
// A real run whose stage could not be set (an election came in between) is told again, from the beginning.
constexpr int kRealAttempts = 4;
// Of one property. The others are counted.
constexpr size_t kEvidenceShown = 3;

// What is left of one run.
struct Ending {
  std::vector<std::pair<std::string, std::string>> summary;
  std::vector<std::string> unmet;
  std::vector<std::string> broken;
  std::vector<Damage> damages;
  Timeline timeline;
};

std::unique_ptr<Stage> NewStage(const StageOptions& options, bool real, Timeline& timeline) {
  if (real) return std::make_unique<ThreadStage>(options, timeline);
  return std::make_unique<SimStage>(options, timeline);
}

std::string MaskNames(const Scenario& scenario) {
  return absl::StrJoin(scenario.masks, ", ", [](std::string* out, const Switch& mask) { out->append(mask.name); });
}

Ending RunOnce(const Scenario& scenario, const Switch* off, const PerformOptions& options) {
  StageOptions setup{
      .nodes = scenario.nodes, .spares = scenario.spares, .seed = options.seed, .timings = {}, .defences = {}};
  if (options.real) setup.timings = kRealTimings;
  for (const Switch& mask : scenario.masks) setup.defences.*mask.defence = false;
  if (off != nullptr) setup.defences.*off->defence = false;

  Ending ending;
  const auto stage = NewStage(setup, options.real, ending.timeline);
  Run run(*stage);
  scenario.script(run);
  if (run.unmet().empty()) run.Examine();
  ending.summary = run.summary();
  if (!scenario.masks.empty()) ending.summary.emplace_back("off_in_both_runs", MaskNames(scenario));
  ending.unmet = run.unmet();
  ending.broken = run.broken();
  ending.damages = run.damages();
  return ending;
}

Ending RunUntilTold(const Scenario& scenario, const Switch* off, const PerformOptions& options) {
  Ending ending = RunOnce(scenario, off, options);
  for (int attempt = 1; options.real && attempt < kRealAttempts && !ending.unmet.empty(); ++attempt) {
    ending = RunOnce(scenario, off, options);
  }
  return ending;
}

// ---- Verdicts and their words --------------------------------------------------------------------------------------

bool NothingLost(const Ending& ending) {
  return ending.unmet.empty() && ending.broken.empty() && ending.damages.empty();
}

bool Shows(const Ending& ending, Damage::Kind kind) {
  return ending.unmet.empty() && std::any_of(ending.damages.begin(), ending.damages.end(),
                                             [kind](const Damage& damage) { return damage.kind == kind; });
}

std::string SummaryText(const Ending& ending) {
  std::string text = "Summary:\n";
  for (const auto& [key, value] : ending.summary) absl::StrAppend(&text, "  ", key, ": ", value, "\n");
  return text;
}

std::string DamageText(const std::vector<Damage>& damages) {
  std::string text;
  for (const Damage& damage : damages) {
    absl::StrAppend(&text, "Violated: ", PropertyOf(damage.kind), "\n");
    const size_t shown = std::min(damage.evidence.size(), kEvidenceShown);
    for (size_t i = 0; i < shown; ++i) absl::StrAppend(&text, "  ", damage.evidence[i], "\n");
    if (shown < damage.evidence.size()) absl::StrAppend(&text, "  and ", damage.evidence.size() - shown, " more\n");
  }
  return text;
}

std::string UnmetText(const Ending& ending) {
  std::string text;
  for (const std::string& what : ending.unmet) absl::StrAppend(&text, "Did not come about: ", what, "\n");
  return text;
}

std::string TraceText(const Timeline& timeline, bool wanted) {
  if (!wanted) return {};
  std::string text = "Trace:\n";
  for (const Observation& seen : timeline.observations()) {
    absl::StrAppendFormat(&text, "  %10.6fs  %s\n", static_cast<double>(seen.at.time_since_epoch().count()) / 1e9,
                          seen.what);
  }
  return text;
}

std::string MasksText(const Scenario& scenario) {
  if (scenario.masks.empty()) return {};
  std::vector<std::string> names;
  for (const Switch& mask : scenario.masks) names.push_back(absl::StrCat(mask.name, " (", mask.rule, ")"));
  return absl::StrCat("Off in both runs, since it would hide the one shown: ", absl::StrJoin(names, "; "), "\n");
}

std::string DefendedText(const Scenario& scenario, const Ending& ending, bool passed, bool trace) {
  std::string text = absl::StrCat("=== ", scenario.test, " ===\n", passed ? "PASS" : "FAIL", "\n", SummaryText(ending));
  for (const std::string& what : ending.broken) absl::StrAppend(&text, "Does not hold: ", what, "\n");
  return absl::StrCat(text, UnmetText(ending), DamageText(ending.damages), TraceText(ending.timeline, trace));
}

std::string DamagedText(const Scenario& scenario, const Demonstration& demonstration, const Ending& ending, bool passed,
                        bool trace) {
  const std::string head = absl::StrCat("\n=== ", scenario.test, " without ", demonstration.off.name, " ===\n");
  const std::string verdict = passed ? "PASS: the damage was found\n"
                                     : absl::StrCat("FAIL: not found: ", PropertyOf(demonstration.shows), "\n");
  return absl::StrCat(head, verdict, "Switched off: ", demonstration.off.name, " (", demonstration.off.rule, ")\n",
                      MasksText(scenario), UnmetText(ending), DamageText(ending.damages), SummaryText(ending),
                      TraceText(ending.timeline, trace));
}

// In the catalogue's words. There it can be scrubbed through, too.
std::string IncidentsText(const Scenario& scenario) {
  std::string text;
  for (const std::string& name : scenario.incidents) {
    const Incident* incident = FindIncident(name);
    RAFTLY_CHECK(incident != nullptr, "a scenario tells of an incident that is not in the catalogue");
    absl::StrAppend(&text, "Incident: ", incident->title, ". ", incident->happened, " (make lab: /lab/", name, ")\n");
  }
  if (!scenario.remark.empty()) absl::StrAppend(&text, scenario.remark, "\n");
  return text;
}

}  // namespace

Report Perform(const Scenario& scenario, const PerformOptions& options) {
  Report report;
  const Ending defended = RunUntilTold(scenario, nullptr, options);
  report.defended = report.passed = NothingLost(defended);
  report.text = DefendedText(scenario, defended, report.defended, options.trace);
  for (const Demonstration& demonstration : scenario.demonstrations) {
    const Ending ending = RunUntilTold(scenario, &demonstration.off, options);
    const bool shown = Shows(ending, demonstration.shows);
    report.damaged.push_back(shown);
    report.passed = report.passed && shown;
    absl::StrAppend(&report.text, DamagedText(scenario, demonstration, ending, shown, options.trace));
  }
  absl::StrAppend(&report.text, "\n", IncidentsText(scenario), "Lesson: ", scenario.lesson, "\n");
  return report;
}

const std::vector<Scenario>& Scenarios() {
  static const auto& scenarios = *new std::vector<Scenario>{SplitBrain(), LeaderIsolation(), TornWrite(),
                                                            StaleLog(),   AmnesiacVoter(),   SingleServerChange()};
  return scenarios;
}

const Scenario* FindScenario(std::string_view name) {
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

}  // namespace raftly
