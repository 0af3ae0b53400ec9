#include <csignal>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/mutations/mutations.h"
#include "tests/support/mutation.h"
#include "tests/support/process.h"

namespace raftly {
namespace {

constexpr std::chrono::minutes kLimit{3};  // of one test or one seed, sanitizers included

test::RunResult Run(const NamedTest& net, const std::string& off) {
  // The reports of the tests around this one count no failure that is wanted.
  return test::RunToEnd({"/usr/bin/env", "-u", "GTEST_OUTPUT", absl::StrCat(kMutationVariable, "=", off),
                         absl::StrCat(RAFTLY_BIN_DIR, "/", net.binary), absl::StrCat("--gtest_filter=", net.test)},
                        kLimit);
}

std::string Ended(const test::RunResult& result) {
  if (!result.exit) return "ran out of time";
  return *result.exit < 0 ? absl::StrCat("died of signal ", -*result.exit) : absl::StrCat("exit code ", *result.exit);
}

bool FailedAsExpected(const NamedTest& net, const test::RunResult& result) {
  if (net.aborts) return result.exit == -SIGABRT && absl::StrContains(result.err, "invariant violated");
  return result.exit == 1 && absl::StrContains(result.out, absl::StrCat("[  FAILED  ] ", net.test));
}

Catch HuntWith(const NamedTest& net, const std::string& off) {
  Catch result{.by = absl::StrCat(net.binary, ":", net.test)};
  const test::RunResult intact = Run(net, "");
  if (!absl::StrContains(intact.out, "Running 1 test ")) {
    result.why = "there is not exactly one test of this name";
  } else if (intact.exit != 0) {
    result.why = absl::StrCat("the test fails with all defences on: ", Ended(intact));
  } else {
    const test::RunResult mutated = Run(net, off);
    result.caught = FailedAsExpected(net, mutated);
    if (!result.caught) result.why = absl::StrCat("the test did not fail by an assertion: ", Ended(mutated));
  }
  return result;
}

test::RunResult Run(uint64_t seed, const std::string& off) {
  std::vector<std::string> arguments = {absl::StrCat(RAFTLY_BIN_DIR, "/raftly-sim"), "--again-every", "0", "--seed",
                                        absl::StrCat(seed)};
  if (!off.empty()) arguments.insert(arguments.end(), {"--without", off});
  return test::RunToEnd(arguments, kLimit);
}

// One that is taken away to unmask another may be noticed first, as something else.
Catch HuntWith(const Simulator& net, const std::string& off) {
  Catch result{.by = net.property};
  for (result.seeds = 1; result.seeds <= net.seeds; ++result.seeds) {
    const test::RunResult mutated = Run(result.seeds, off);
    if (!absl::StrContains(mutated.out, absl::StrCat("FAILED seed ", result.seeds, " ")) ||
        !absl::StrContains(mutated.out, absl::StrCat("\n  ", net.property, ":"))) {
      continue;
    }
    const test::RunResult intact = Run(result.seeds, "");
    result.caught = intact.exit == 0;
    if (!result.caught) result.why = absl::StrCat("seed ", result.seeds, " fails with all defences on");
    return result;
  }
  result.seeds = net.seeds;
  result.why = absl::StrCat("not violated within ", net.seeds, " seeds");
  return result;
}

}  // namespace

Catch Hunt(const Mutation& mutation) {
  return std::visit([&](const auto& net) { return HuntWith(net, mutation.off); }, mutation.net);
}

}  // namespace raftly
