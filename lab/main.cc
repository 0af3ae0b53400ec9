// raftly-lab: experiments in, traces out (SPEC 5.1).
#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "lab/catalogue.h"
#include "lab/laboratory.h"
#include "lab/page.h"
#include "lab/perfetto.h"
#include "lab/serve.h"
#include "lab/shrink.h"
#include "lab/terminal.h"

namespace raftly {
namespace {

constexpr ShrinkLimits kForAPage = {.time = std::chrono::seconds(10)};
constexpr int kNoDamage = 0, kDamage = 1, kBadDocument = 2, kTooMuch = 3;

constexpr const char* kUsage =
    "usage: raftly-lab run [FILE]     an experiment in, a trace out; - or nothing: standard input\n"
    "       raftly-lab run --perfetto [FILE]   the same in Chrome's trace format, for ui.perfetto.dev\n"
    "       raftly-lab shrink [FILE]  the smallest part of it that still shows the same damage\n"
    "       raftly-lab list           the incidents\n"
    "       raftly-lab show NAME      one of them, with its defence and without\n"
    "       raftly-lab page [--shrink] NAME or FILE   the same, or an experiment, as an HTML file that needs no "
    "network\n"
    "       raftly-lab serve [ADDRESS]    the page, without a cluster (localhost:8000)\n"
    "       raftly-lab catalogue [NAME]   all of them, or one, as JSON\n"
    "       raftly-lab defences       those that can be switched off, as JSON\n"
    "       raftly-lab --seconds N --mib N ...   at most so much processor time and memory\n"
    "exit code: 0 no damage, 1 damage found, 2 a bad document or bad usage,\n"
    "3 out of memory\n";

int Complain(const std::string& what) {
  std::fprintf(stderr, "raftly-lab: %s\n", what.c_str());
  return kBadDocument;
}

// The experiment in a file, "-" for standard input. Where it is none, it is said, and nothing comes back.
std::optional<Experiment> Read(const std::string& path) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      Complain(path + ": cannot be read");
      return std::nullopt;
    }
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  auto experiment = ParseExperiment(text);
  if (experiment.ok()) return *std::move(experiment);
  Complain((path == "-" ? "" : path + ": ") + std::string(experiment.status().message()));
  return std::nullopt;
}

int Run(const std::string& path, bool perfetto) {
  const std::optional<Experiment> experiment = Read(path);
  if (!experiment) return kBadDocument;
  const LabResult result = RunExperiment(*experiment);
  const std::string out = perfetto ? ToPerfetto(result.trace) : result.trace;
  std::fwrite(out.data(), 1, out.size(), stdout);
  return result.damage() ? kDamage : kNoDamage;
}

// Beside the document.
void TellDropped(const Shrunk& shrunk, const Experiment& before) {
  for (const std::string& line : shrunk.dropped) std::fprintf(stderr, "left out: %s\n", line.c_str());
  std::fprintf(stderr, "%zu of %zu acts are left after %lu runs; %s is broken as before\n",
               shrunk.experiment.acts.size(), before.acts.size(), shrunk.runs, shrunk.judge.c_str());
}

int ShrinkOne(const std::string& path) {
  const std::optional<Experiment> experiment = Read(path);
  if (!experiment) return kBadDocument;
  const auto shrunk = Shrink(*experiment);
  if (!shrunk.ok()) {
    std::fprintf(stderr, "raftly-lab: %s\n", std::string(shrunk.status().message()).c_str());
    return kNoDamage;
  }
  TellDropped(*shrunk, *experiment);
  std::printf("%s\n", ToJson(shrunk->experiment).dump(1).c_str());
  return kDamage;
}

int ShowOne(const std::string& name) {
  const Incident* incident = FindIncident(name);
  if (incident == nullptr) return Complain("there is no incident \"" + name + "\"; there are:\n" + List());
  std::printf("%s", Show(*incident).c_str());
  return kNoDamage;
}

int PrintPage(const std::string& name, bool shrink) {
  const Incident* incident = FindIncident(name);
  if (incident != nullptr && !incident->runs()) {
    return Complain("\"" + name + "\" cannot be seen yet: it waits for " + incident->waits_for);
  }
  std::optional<Experiment> experiment = incident != nullptr ? Undefended(*incident) : Read(name);
  if (!experiment) return kBadDocument;
  if (shrink) {
    const auto shrunk = Shrink(*experiment, kForAPage);
    if (shrunk.ok()) TellDropped(*shrunk, *experiment);
    if (!shrunk.ok()) std::fprintf(stderr, "raftly-lab: %s\n", std::string(shrunk.status().message()).c_str());
    if (shrunk.ok()) experiment = shrunk->experiment;
  }
  const std::string page = PageOf(*experiment);
  std::fwrite(page.data(), 1, page.size(), stdout);
  return kNoDamage;
}

int Serve(const std::string& where) {
  const auto address = ParseAddress(where);
  if (!address.ok()) return Complain(std::string(address.status().message()));
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  LabServer server(*address, LabProgram());
  if (const absl::Status status = server.Start(); !status.ok()) return Complain(std::string(status.message()));
  std::printf("the laboratory is at http://%s:%d/\n", address->host.empty() ? "localhost" : address->host.c_str(),
              server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  return kNoDamage;
}

int PrintCatalogue(const std::string& name) {
  const Incident* incident = name.empty() ? nullptr : FindIncident(name);
  if (!name.empty() && incident == nullptr) return Complain("there is no incident \"" + name + "\"");
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Incident& one : Incidents()) all.push_back(ToJson(one));
  std::printf("%s\n", (incident == nullptr ? all : ToJson(*incident)).dump().c_str());
  return kNoDamage;
}

// Takes `option N` from the front of `arguments`, if it is there, and bounds this process.
bool TakeLimit(std::vector<std::string>& arguments, const std::string& option, decltype(RLIMIT_CPU) resource,
               rlim_t unit) {
  if (arguments.empty() || arguments[0] != option) return true;
  uint32_t limit = 0;
  if (arguments.size() < 2) return false;
  const std::string& text = arguments[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit == 0) return false;
  const rlimit bound{.rlim_cur = limit * unit, .rlim_max = limit * unit};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // Their shadow of the memory is larger than any bound that would mean something.
  const bool applies = resource != RLIMIT_AS;
#else
  constexpr bool applies = true;
#endif
  if (applies && setrlimit(resource, &bound) != 0) return false;
  arguments.erase(arguments.begin(), arguments.begin() + 2);
  return true;
}

int Main(std::vector<std::string> arguments) {
  const bool bounded =
      TakeLimit(arguments, "--seconds", RLIMIT_CPU, 1) && TakeLimit(arguments, "--mib", RLIMIT_AS, rlim_t{1} << 20);
  if (!bounded) arguments.clear();
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::printf("%s", kUsage);
    return kNoDamage;
  }
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "run") {
    const bool perfetto = arguments.size() > 1 && arguments[1] == "--perfetto";
    const size_t file = perfetto ? 2 : 1;
    if (arguments.size() <= file + 1) return Run(arguments.size() > file ? arguments[file] : "-", perfetto);
  }
  if (verb == "shrink" && arguments.size() <= 2) return ShrinkOne(arguments.size() == 2 ? arguments[1] : "-");
  if (verb == "show" && arguments.size() == 2) return ShowOne(arguments[1]);
  if (verb == "page" && arguments.size() == 2) return PrintPage(arguments[1], false);
  if (verb == "page" && arguments.size() == 3 && arguments[1] == "--shrink") return PrintPage(arguments[2], true);
  if (verb == "defences" && arguments.size() == 1) {
    std::printf("%s\n", DefencesAsJson().dump().c_str());
    return kNoDamage;
  }
  if (verb == "serve" && arguments.size() <= 2) return Serve(arguments.size() == 2 ? arguments[1] : "localhost:8000");
  if (verb == "catalogue" && arguments.size() <= 2) return PrintCatalogue(arguments.size() == 2 ? arguments[1] : "");
  if (verb == "list" && arguments.size() == 1) {
    std::printf("%s", List().c_str());
    return kNoDamage;
  }
  std::fprintf(stderr, "%s", kUsage);
  return kBadDocument;
}

}  // namespace
}  // namespace raftly

int main(int argc, char** argv) {
  try {
    return raftly::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::bad_alloc&) {
    std::fputs("raftly-lab: the experiment needs more memory than it may have\n", stderr);
    return raftly::kTooMuch;
  }
}
