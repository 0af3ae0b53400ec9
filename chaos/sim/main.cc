// raftly-sim: runs seeds on all cores and reports what broke, with the command that shows it again.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chaos/sim/defence_names.h"
#include "chaos/sim/sim_options.h"
#include "chaos/sim/simulation.h"
#include "lab/page.h"
#include "lab/shrink.h"

namespace raftly {
namespace {

using RealClock = std::chrono::steady_clock;

constexpr size_t kLinesOfAFailure = 40;
constexpr std::chrono::seconds kPatienceForAPage{10};

enum ExitCode { kPassed = 0, kSafety = 1, kLiveness = 2, kNotDeterministic = 3, kUsage = 64 };

Experiment ExperimentOf(uint64_t seed, const Defences& defences, MemberChanging changing) {
  const Settings settings = SettingsOf(seed, changing);
  Experiment experiment{.nodes = settings.nodes, .duration = settings.chaos, .swarm = seed, .members = changing};
  for (const NamedDefence& defence : AllDefences()) {
    if (!(defences.*(defence.is_on))) experiment.off.emplace_back(defence.name);
  }
  return experiment;
}

// The laboratory's page of a seed that failed, shrunk where that is possible: its path, or nothing where none can be
// written.
std::string MakePage(const std::string& directory, uint64_t seed, const SimOptions& options) {
  Experiment experiment = ExperimentOf(seed, options.defences, options.members);
  if (const auto shrunk = Shrink(experiment, {.time = kPatienceForAPage}); shrunk.ok()) experiment = shrunk->experiment;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::string path = absl::StrCat(directory, "/seed-", seed, ".html");
  std::ofstream page(path);
  page << PageOf(experiment);
  page.close();
  return page.fail() ? std::string() : path;
}

class Campaign {
 public:
  explicit Campaign(const SimOptions& options)
      : options_(options), next_seed_(options.first_seed), begin_(RealClock::now()) {}

  int Run() {
    const uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
    const uint64_t seeds = options_.minutes > 0 ? UINT64_MAX : options_.last_seed - options_.first_seed + 1;
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < std::min(options_.threads > 0 ? options_.threads : cores, seeds); ++i) {
      threads.emplace_back([this] { Work(); });
    }
    for (std::thread& thread : threads) thread.join();
    Summarize();
    return exit_code_;
  }

 private:
  void Work() {
    while (!OutOfTime()) {
      const uint64_t seed = next_seed_++;
      if (options_.minutes == 0 && seed > options_.last_seed) return;
      SimulationResult result = RunSimulation(OptionsOf(seed, options_.trace));
      if (options_.again_every > 0 && seed % options_.again_every == 0) CompareWithASecondRun(seed, result);
      const std::lock_guard lock(mutex_);
      Count(seed, result);
    }
  }

  SimulationOptions OptionsOf(uint64_t seed, bool trace) const {
    return {.seed = seed, .defences = options_.defences, .trace = trace, .members = options_.members};
  }

  bool OutOfTime() const {
    return options_.minutes > 0 && RealClock::now() - begin_ >= std::chrono::minutes(options_.minutes);
  }

  void CompareWithASecondRun(uint64_t seed, const SimulationResult& first) {
    const SimulationResult second = RunSimulation(OptionsOf(seed, false));
    const std::lock_guard lock(mutex_);
    simulated_ += second.simulated;
    if (first.hash == second.hash && first.violation == second.violation) return;
    Report(seed, kNotDeterministic, "not deterministic",
           absl::StrFormat("two runs of seed %d differ: %016x after %d events, %016x after %d", seed, first.hash,
                           first.events, second.hash, second.events));
  }

  void Count(uint64_t seed, const SimulationResult& result) {
    simulated_ += result.simulated;
    events_ += result.events;
    undecided_ += result.undecided ? 1 : 0;
    if (options_.trace) Print(result.trace, result.trace.size());
    if (result.verdict == Verdict::kPassed) {
      ++passed_;
    } else {
      const bool safety = result.verdict == Verdict::kSafety;
      Report(seed, safety ? kSafety : kLiveness, safety ? "safety" : "liveness", result.violation);
      if (!options_.trace) {
        std::printf("  the last events:\n");
        Print(RunSimulation(OptionsOf(seed, true)).trace, kLinesOfAFailure);
      }
      if (!options_.pages.empty()) {
        const std::string page = MakePage(options_.pages, seed, options_);
        std::printf("  page: %s\n", page.empty() ? "none could be made" : page.c_str());
      }
      ++failed_;
    }
    ShowProgress();
  }

  void Report(uint64_t seed, ExitCode code, const char* kind, const std::string& violation) {
    ClearProgress();
    // The gravest decides: safety, then non-determinism, then liveness.
    const auto gravity = [](int of) {
      return of == kSafety ? 3 : of == kNotDeterministic ? 2 : of == kLiveness ? 1 : 0;
    };
    if (gravity(code) > gravity(exit_code_)) exit_code_ = code;
    std::string missing = NamesOfMissing(options_.defences);
    std::erase(missing, ' ');
    std::printf("FAILED seed %lu (%s)\n  %s\n  settings: %s\n  again: raftly-sim --seed %lu --trace%s%s%s\n", seed,
                kind, violation.c_str(), ToString(SettingsOf(seed, options_.members)).c_str(), seed,
                missing.empty() ? "" : " --without ", missing.c_str(),
                options_.members == MemberChanging::kInEachSeed ? " --members always"
                : options_.members == MemberChanging::kInNoSeed ? " --members never"
                                                                : "");
  }

  static void Print(const std::vector<std::string>& lines, size_t last) {
    for (size_t i = lines.size() - std::min(last, lines.size()); i < lines.size(); ++i) {
      std::printf("  %s\n", lines[i].c_str());
    }
  }

  void ShowProgress() {
    if (!on_terminal_) return;
    std::fprintf(stderr, "\r%lu passed, %lu failed, %.0f simulated s ", passed_, failed_, Seconds(simulated_));
  }
  void ClearProgress() const {
    if (on_terminal_) std::fprintf(stderr, "\r%60s\r", "");
  }
  static double Seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

  void Summarize() {
    ClearProgress();
    const double processor = std::max(static_cast<double>(std::clock()) / CLOCKS_PER_SEC, 1e-6);
    const double real = std::chrono::duration<double>(RealClock::now() - begin_).count();
    std::printf("%.0f simulated seconds and %lu events in %.1f s: %.0f simulated seconds per second of one core\n",
                Seconds(simulated_), events_, real, Seconds(simulated_) / processor);
    if (undecided_ > 0) std::printf("%lu histories undecided: too long to search\n", undecided_);
    std::printf("%lu passed, %lu failed\n", passed_, failed_);
  }

  const SimOptions options_;
  std::atomic<uint64_t> next_seed_;
  const RealClock::time_point begin_;
  const bool on_terminal_ = isatty(STDERR_FILENO) == 1;

  std::mutex mutex_;  // guards the rest
  int exit_code_ = kPassed;
  uint64_t passed_ = 0;
  uint64_t failed_ = 0;
  uint64_t undecided_ = 0;
  uint64_t events_ = 0;
  Duration simulated_{};
};

int Main(const std::vector<std::string>& arguments) {
  const auto options = ParseSimOptions(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "raftly-sim: %s\n%s", std::string(options.status().message()).c_str(), kSimUsage);
    return kUsage;
  }
  if (options->help) {
    std::printf("%s", kSimUsage);
    return kPassed;
  }
  if (options->experiment) {
    std::printf("%s\n", ToJson(ExperimentOf(options->first_seed, options->defences, options->members)).dump(1).c_str());
    return kPassed;
  }
  return Campaign(*options).Run();
}

}  // namespace
}  // namespace raftly

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // who waits for failures in a pipe or a file sees them as they come
  return raftly::Main(std::vector<std::string>(argv + 1, argv + argc));
}
