// A node that missed committed entries asks for votes before anybody else does.
#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr int kStale = 2;  // n3
constexpr Index kBefore{10};
constexpr Index kAdvanced{20};
constexpr Duration kPatience = 20s;

// Among the first two, so that the third is always the one that falls behind.
bool AssembleWithLeaderElsewhere(Run& run) {
  if (!run.Start(0) || !run.Start(1)) return false;
  if (!run.WaitForLeader([] { return true; }, "the first two elect a leader")) return false;
  return run.Assemble() && run.Need(run.stage.leader() != kStale, "the stale node to be does not lead");
}

// The other survivor would campaign at the same time, and so hide what this is about. It is held back until it neither
// clings to the dead leader (thesis 4.2.3) nor is about to campaign itself.
void HoldBack(Stage& stage, int node) {
  const Timings usual = stage.options().timings;
  stage.SetTimings(node, {.election_timeout = 50 * usual.election_timeout, .heartbeat = usual.heartbeat});
  stage.RunFor(5 * usual.election_timeout);
  stage.SetTimings(node, {.election_timeout = 4 * usual.election_timeout, .heartbeat = usual.heartbeat});
}

void Script(Run& run) {
  Stage& stage = run.stage;
  if (!AssembleWithLeaderElsewhere(run)) return;
  const int leader = stage.leader(), survivor = 1 - leader;
  if (!run.CommitUpTo(leader, kBefore) || !run.Agree()) return;

  auto isolation = run.inject.Isolate(kStale);
  if (!run.CommitUpTo(leader, kAdvanced)) return;
  const auto has_all = [&] { return stage.status(survivor).commit_index == kAdvanced; };
  if (!run.Need(stage.RunUntil(has_all, kPatience), "the other follower knows that all is committed")) return;
  const Index stale_index = stage.status(kStale).last_index;
  if (!run.Need(stale_index == kBefore, "the isolated node misses entries 11 to 20")) return;

  auto crash = run.inject.Crash(leader);
  const Term before = stage.status(survivor).term;
  HoldBack(stage, survivor);
  (void)isolation.Heal();
  const bool asked = stage.RunUntil([&] { return stage.status(survivor).term > before; }, kPatience);
  const bool asked_first = asked && stage.status(survivor).role == Role::kFollower;
  const Time campaigned = stage.now();
  if (!run.Need(asked_first, "the stale node campaigns first")) return;
  stage.SetTimings(survivor, stage.options().timings);
  if (!run.WaitForLeader([] { return true; }, "one of the two becomes leader")) return;
  const bool stale_leads = stage.leader() == kStale;
  const int new_leader = stage.leader();

  if (!run.Agree()) return;
  const absl::Status restarted = crash.Heal();
  if (!run.Need(restarted.ok(), "the old leader starts again") || !run.Agree()) return;
  run.Set("pre_partition_commit", kBefore.value);
  run.Set("node3_stale_log_index", stale_index.value);
  run.Set("advanced_commit", kAdvanced.value);
  run.Set("node3_became_leader", stale_leads ? "true" : "false");
  run.Set("node3_final_commit", stage.status(kStale).commit_index.value);
  run.Set("new_leader", stage.id(new_leader));
  run.Set("observation", absl::StrCat("n3's request for votes was ", stale_leads ? "granted" : "refused", " by ",
                                      stage.id(survivor), " at t=", run.Milliseconds(campaigned)));
  run.Expect(!stale_leads, "a node without the committed entries must lose");
  run.Expect(stage.status(kStale).commit_index >= kAdvanced, "entries 11 to 20 reach the stale node");
}

}  // namespace

Scenario StaleLog() {
  return {
      .name = "stale-log-elected-leader",
      .test = "TestChaosStaleElection",
      .incidents = {"stale-log-elected"},
      .lesson = "A vote asks who is more up to date. Whoever misses a committed entry finds a majority that refuses.",
      .demonstrations = {{.off = {"election_restriction", &Defences::election_restriction,
                                  "no vote for a candidate whose log is behind, Raft 5.4.1"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {{"pre_vote", &Defences::pre_vote,
                 "would I win an election, thesis 9.6: its own check of the log keeps the stale node from asking"}},
      .script = Script,
  };
}

}  // namespace raftly
