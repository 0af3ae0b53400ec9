// A node loses its directory, comes back under its old name, and is asked for its vote.
#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Index kBefore{10};
constexpr Index kAdvanced{20};
constexpr Duration kPatience = 20s;

void Script(Run& run) {
  Stage& stage = run.stage;
  if (!run.Assemble()) return;
  const int leader = stage.leader();
  const int wiped = (leader + 1) % stage.size(), behind = (leader + 2) % stage.size();
  if (!run.CommitUpTo(leader, kBefore) || !run.Agree()) return;

  auto isolation = run.inject.Isolate(behind);
  if (!run.CommitUpTo(leader, kAdvanced)) return;
  const auto has_all = [&] { return stage.status(wiped).commit_index == kAdvanced; };
  if (!run.Need(stage.RunUntil(has_all, kPatience), "the node to be wiped knows that all is committed")) return;
  if (!run.Need(stage.status(behind).last_index == kBefore, "the isolated node misses entries 11 to 20")) return;

  auto node_down = run.inject.Crash(wiped);
  stage.LoseDirectory(wiped);
  auto leader_down = run.inject.Crash(leader);
  (void)isolation.Heal();
  const absl::Status joined = node_down.Heal();
  if (!run.Need(joined.ok(), absl::StrCat("the wiped node starts: ", joined.ToString()))) return;
  // Neither of the two that are up holds entries 11 to 20.
  const bool elected =
      stage.RunUntil([&] { return stage.leader() >= 0; }, 20 * stage.options().timings.election_timeout);
  const Term term = stage.status(behind).term;
  const absl::Status restarted = leader_down.Heal();
  if (!run.Need(restarted.ok(), "the old leader starts again") || !run.Agree()) return;

  run.Set("commit_before_the_loss", kAdvanced.value);
  run.Set("wiped_node", stage.id(wiped));
  run.Set("log_index_of_the_other", kBefore.value);
  run.Set("elected_without_the_entries", elected ? "true" : "false");
  run.Set("final_commit", stage.status(wiped).commit_index.value);
  run.Set("observation",
          absl::StrCat(stage.id(wiped), elected ? " voted for " : " refused its vote to ", stage.id(behind),
                       elected ? absl::StrCat(", which led term ", term.value)
                               : std::string(", and caught up when the old leader was back")));
  run.Expect(!elected, "a node without its memory helps nobody to be elected");
  run.Expect(stage.status(wiped).commit_index >= kAdvanced, "entries 11 to 20 come back to the wiped node");
}

}  // namespace

Scenario AmnesiacVoter() {
  return {
      .name = "amnesiac-voter-2016",
      .test = "TestChaosAmnesiacVoter",
      .incidents = {"amnesiac-voter"},
      .lesson =
          "A name is not a memory. Who comes with an empty directory has no vote before it holds what there was when "
          "it "
          "came.",
      .demonstrations = {{.off = {"joiners_catch_up", &Defences::joiners_catch_up,
                                  "who joins with nothing has no vote until it has caught up, thesis 4.2.1"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {},
      .script = Script,
  };
}

}  // namespace raftly
