#include "scenarios/command_line.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "scenarios/scenario.h"

namespace raftly {
namespace {

struct Options {
  std::string name;
  bool all = false;
  PerformOptions perform;
};

constexpr std::string_view kUsage =
    "usage: raftly-scenarios NAME [--seed N] [--real] [--trace]\n"
    "       raftly-scenarios --all [--seed N] [--real] [--trace]\n";

// One line of complaint where the arguments make no sense.
std::optional<std::string> Parse(const std::vector<std::string>& arguments, Options& options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--all") {
      options.all = true;
    } else if (argument == "--real") {
      options.perform.real = true;
    } else if (argument == "--trace") {
      options.perform.trace = true;
    } else if (argument == "--seed") {
      const std::string value = ++i < arguments.size() ? arguments[i] : "";
      if (!absl::SimpleAtoi(value, &options.perform.seed)) return absl::StrCat("--seed: not a number: \"", value, "\"");
    } else if (argument.starts_with('-') || !options.name.empty()) {
      return absl::StrCat("unknown argument: ", argument);
    } else {
      options.name = argument;
    }
  }
  return std::nullopt;
}

int ListKnown(const std::string& complaint, std::ostream& err) {
  err << complaint << "\nKnown scenarios:\n";
  for (const Scenario& scenario : Scenarios()) {
    err << absl::StrFormat("  %-29s %s\n", scenario.name, scenario.lesson);
  }
  return 1;
}

std::string TableRow(const Scenario& scenario, const Report& report) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < report.damaged.size(); ++i) {
    shown.push_back(absl::StrCat(scenario.demonstrations[i].off.name, report.damaged[i] ? ": damage" : ": NO DAMAGE"));
  }
  return absl::StrFormat("%-29s %-8s %-8s %s\n", scenario.name, report.passed ? "PASS" : "FAIL",
                         report.defended ? "safe" : "BROKEN", absl::StrJoin(shown, ", "));
}

int PerformAll(const PerformOptions& options, std::ostream& out) {
  std::string table = absl::StrFormat("%-29s %-8s %-8s %s\n", "scenario", "verdict", "on", "off");
  int passed = 0, failed = 0;
  for (const Scenario& scenario : Scenarios()) {
    const Report report = Perform(scenario, options);
    out << report.text << "\n" << std::flush;
    table += TableRow(scenario, report);
    ++(report.passed ? passed : failed);
  }
  out << table << passed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

}  // namespace

int ScenariosMain(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Options options;
  if (const auto complaint = Parse(arguments, options)) {
    err << *complaint << "\n" << kUsage;
    return 1;
  }
  if (options.all) return PerformAll(options.perform, out);
  if (options.name.empty()) return ListKnown("which scenario? NAME is missing", err);
  const Scenario* scenario = FindScenario(options.name);
  if (scenario == nullptr) return ListKnown(absl::StrCat("unknown scenario: ", options.name), err);
  const Report report = Perform(*scenario, options.perform);
  out << report.text;
  return report.passed ? 0 : 1;
}

}  // namespace raftly
