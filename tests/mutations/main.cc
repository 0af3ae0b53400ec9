// make mutants: every mutation, what caught it, and "N passed, N failed".
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "tests/mutations/mutations.h"

int main() {
  constexpr char kRow[] = "%-46s %-7s %s%s\n";
  std::printf(kRow, "defence off", "seeds", "caught by", "");
  int passed = 0;
  int failed = 0;
  for (const raftly::Mutation& mutation : raftly::AllMutations()) {
    const raftly::Catch result = raftly::Hunt(mutation);
    ++(result.caught ? passed : failed);
    const std::string seeds = result.seeds == 0 ? "-" : absl::StrCat(result.seeds);
    std::printf(kRow, mutation.off.c_str(), seeds.c_str(), result.by.c_str(),
                result.caught ? "" : absl::StrCat("  NOT CAUGHT: ", result.why).c_str());
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
