// raftly-lab: experiments in, traces out (SPEC 5.1).
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "lab/catalogue.h"
#include "lab/laboratory.h"
#include "lab/terminal.h"

namespace raftly {
namespace {

constexpr int kNoDamage = 0, kDamage = 1, kBadDocument = 2;

constexpr const char* kUsage =
    "usage: raftly-lab run [FILE]     an experiment in, a trace out; - or nothing: standard input\n"
    "       raftly-lab list           the incidents that can be seen\n"
    "       raftly-lab show NAME      one of them, with its defence and without\n"
    "exit code: 0 no damage, 1 damage found, 2 a bad document or bad usage\n";

int Complain(const std::string& what) {
  std::fprintf(stderr, "raftly-lab: %s\n", what.c_str());
  return kBadDocument;
}

int Run(const std::string& path) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file) return Complain(path + ": cannot be read");
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto experiment = ParseExperiment(text);
  if (!experiment.ok()) {
    return Complain((path == "-" ? "standard input" : path) + ": " + std::string(experiment.status().message()));
  }
  const LabResult result = RunExperiment(*experiment);
  std::fwrite(result.trace.data(), 1, result.trace.size(), stdout);
  return result.damage() ? kDamage : kNoDamage;
}

int ShowOne(const std::string& name) {
  const Incident* incident = FindIncident(name);
  if (incident == nullptr) return Complain("there is no incident \"" + name + "\"; there are:\n" + List());
  std::printf("%s", Show(*incident).c_str());
  return kNoDamage;
}

int Main(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::printf("%s", kUsage);
    return kNoDamage;
  }
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "run" && arguments.size() <= 2) return Run(arguments.size() == 2 ? arguments[1] : "-");
  if (verb == "show" && arguments.size() == 2) return ShowOne(arguments[1]);
  if (verb == "list" && arguments.size() == 1) {
    std::printf("%s", List().c_str());
    return kNoDamage;
  }
  std::fprintf(stderr, "%s", kUsage);
  return kBadDocument;
}

}  // namespace
}  // namespace raftly

int main(int argc, char** argv) { return raftly::Main(std::vector<std::string>(argv + 1, argv + argc)); }
