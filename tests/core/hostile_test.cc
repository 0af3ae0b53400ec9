// Lawful-looking messages that cannot be: a hundred thousand here, ten million with `make hostile`.
//
// An episode is its number: RAFTLY_FUZZ_EPISODE=<number> runs that one alone.
#include "tests/core/hostile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace raftly {
namespace {

constexpr int kStepsPerEpisode = 400;
constexpr uint64_t kMessages = 100'000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  uint64_t value = 0;
  const char* text = std::getenv(name);
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// Which episode, where a check ends the process.
char episode_line[64];
void SayWhichEpisode(int) { [[maybe_unused]] const ssize_t written = write(2, episode_line, sizeof(episode_line)); }

std::string Trace(uint64_t episode) {
  Hostile world(episode, /*tracing=*/true);
  const std::string complaint = world.Run(kStepsPerEpisode);
  return absl::StrCat(absl::StrJoin(world.trace(), "\n"), "\n", complaint);
}

// How many messages it took.
uint64_t RunEpisode(uint64_t episode) {
  snprintf(episode_line, sizeof(episode_line), "RAFTLY_FUZZ_EPISODE=%llu\n", static_cast<unsigned long long>(episode));
  Hostile world(episode);
  EXPECT_EQ(world.Run(kStepsPerEpisode), "") << "episode " << episode << ":\n" << Trace(episode);
  return world.tally().messages;
}

TEST(Fuzz, NoMessageOfAnybodyTripsACheckOrMovesWhatIsPromised) {
  const auto before = std::signal(SIGABRT, SayWhichEpisode);
  const uint64_t wanted = FromEnvironment("RAFTLY_FUZZ_MESSAGES", kMessages);
  const uint64_t only = FromEnvironment("RAFTLY_FUZZ_EPISODE", 0);
  uint64_t messages = 0;
  if (only != 0) RunEpisode(only);
  for (uint64_t episode = 1; only == 0 && messages < wanted && !HasFailure(); ++episode)
    messages += RunEpisode(episode);
  std::printf("%llu messages\n", static_cast<unsigned long long>(messages));
  std::signal(SIGABRT, before);
}

// The lies come near enough: each kind of thing happens, often.
TEST(Fuzz, ComesNearEnoughToMatter) {
  Hostile::Tally sum;
  for (uint64_t episode = 1; episode <= 150; ++episode) {
    Hostile world(episode);
    ASSERT_EQ(world.Run(kStepsPerEpisode), "");
    sum.accepted += world.tally().accepted;
    sum.refused += world.tally().refused;
    sum.committed += world.tally().committed;
    sum.truncated += world.tally().truncated;
    sum.led += world.tally().led;
    sum.installed += world.tally().installed;
    sum.sent += world.tally().sent;
    sum.read += world.tally().read;
    sum.told += world.tally().told;
    sum.handed += world.tally().handed;
  }
  EXPECT_GT(sum.accepted, 1000u);
  EXPECT_GT(sum.told, 100u);
  EXPECT_GT(sum.handed, 30u);
  EXPECT_GT(sum.refused, 1000u);
  EXPECT_GT(sum.committed, 300u);
  EXPECT_GT(sum.truncated, 50u);
  EXPECT_GT(sum.led, 30u);
  EXPECT_GT(sum.installed, 30u);
  EXPECT_GT(sum.sent, 20u);
  EXPECT_GT(sum.read, 50u);
}

}  // namespace
}  // namespace raftly
