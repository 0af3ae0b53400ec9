#include "chaos/sim/sim_options.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "chaos/sim/defence_names.h"

namespace raftly {

const char* const kSimUsage =
    "usage: raftly-sim [--seed N | --seeds A-B] [--trace] [--minutes M] [--threads T] [--again-every N]\n"
    "                  [--without DEFENCE,DEFENCE] [--members always|never] [--experiment] [--pages DIRECTORY]\n"
    "  --seed N         run this seed\n"
    "  --seeds A-B      run these (1-100)\n"
    "  --trace          print every event worth a line\n"
    "  --minutes M      go on with further seeds for so long\n"
    "  --threads T      how many at a time (one for each core)\n"
    "  --again-every N  run every N-th seed twice and compare (16; 0: never)\n"
    "  --without D,E    switch defences off (raft/core/config.h), to see the damage\n"
    "  --members always  in every seed members change, or never; else a share of the seeds has it\n"
    "  --experiment     print the seed as an experiment for raftly-lab, and run nothing\n"
    "  --pages D        of seeds that fail, what is needed to fail, as pages of raftly-lab in this directory\n"
    "exit code: 0 all passed, 1 safety violated, 2 no progress, 3 not deterministic, 64 bad usage\n";

namespace {

absl::Status BadValue(const std::string& flag, const std::string& value, const std::string& wanted) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": \"", value, "\" is not ", wanted));
}

absl::Status ParseNumber(const std::string& flag, const std::string& value, uint64_t* number) {
  return absl::SimpleAtoi(value, number) ? absl::OkStatus() : BadValue(flag, value, "a number");
}

absl::Status ParseSeeds(const std::string& value, SimOptions& options) {
  const std::vector<std::string> ends = absl::StrSplit(value, '-');
  if (ends.size() != 2 || !absl::SimpleAtoi(ends[0], &options.first_seed) ||
      !absl::SimpleAtoi(ends[1], &options.last_seed) || options.first_seed > options.last_seed) {
    return BadValue("seeds", value, "a range like 1-1000");
  }
  return absl::OkStatus();
}

absl::Status ParseWithout(const std::string& value, Defences& defences) {
  const std::vector<std::string> names = absl::StrSplit(value, ',');
  for (const std::string& name : names) {
    if (SwitchOff(name, defences)) continue;
    std::string known;
    for (const NamedDefence& defence : AllDefences()) absl::StrAppend(&known, " ", defence.name);
    return BadValue("without", name, absl::StrCat("one of:", known));
  }
  return absl::OkStatus();
}

absl::Status ParseMembers(const std::string& value, MemberChanging& members) {
  if (value != "always" && value != "never") return BadValue("members", value, "always or never");
  members = value == "always" ? MemberChanging::kInEachSeed : MemberChanging::kInNoSeed;
  return absl::OkStatus();
}

absl::Status Set(const std::string& flag, const std::string& value, SimOptions& options) {
  if (flag == "seeds") return ParseSeeds(value, options);
  if (flag == "without") return ParseWithout(value, options.defences);
  if (flag == "members") return ParseMembers(value, options.members);
  if (flag == "minutes") return ParseNumber(flag, value, &options.minutes);
  if (flag == "pages") {
    options.pages = value;
    return value.empty() ? BadValue(flag, value, "a directory") : absl::OkStatus();
  }
  if (flag == "threads") return ParseNumber(flag, value, &options.threads);
  if (flag == "again-every") return ParseNumber(flag, value, &options.again_every);
  if (flag != "seed") return absl::InvalidArgumentError(absl::StrCat("--", flag, ": no such flag"));
  absl::Status status = ParseNumber(flag, value, &options.first_seed);
  options.last_seed = options.first_seed;
  return status;
}

}  // namespace

absl::StatusOr<SimOptions> ParseSimOptions(const std::vector<std::string>& arguments) {
  SimOptions options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with('-')) {
      return absl::InvalidArgumentError(absl::StrCat("\"", argument, "\" is not a flag"));
    }
    std::pair<std::string, std::string> flag = absl::StrSplit(argument, absl::MaxSplits('=', 1));
    flag.first.erase(0, flag.first.starts_with("--") ? 2 : 1);
    if (bool* const on = flag.first == "trace"                       ? &options.trace
                         : flag.first == "experiment"                ? &options.experiment
                         : flag.first == "h" || flag.first == "help" ? &options.help
                                                                     : nullptr) {
      *on = true;
      continue;
    }
    if (argument.find('=') == argument.npos) {
      if (i + 1 == arguments.size()) return absl::InvalidArgumentError(absl::StrCat(argument, ": a value is missing"));
      flag.second = arguments[++i];
    }
    if (absl::Status status = Set(flag.first, flag.second, options); !status.ok()) return status;
  }
  if (options.experiment && options.first_seed != options.last_seed) {
    return absl::InvalidArgumentError("--experiment: one seed is needed (--seed N)");
  }
  return options;
}

}  // namespace raftly
