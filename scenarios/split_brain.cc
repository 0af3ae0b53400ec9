// A leader behind a partition, and a majority that goes on without it.
#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr int kProposals = 5;
constexpr Duration kClientTimeout = 60s;  // the clients of the old leader wait for as long as it takes

void Script(Run& run) {
  Stage& stage = run.stage;
  if (!run.Assemble()) return;
  const int old_leader = stage.leader();
  const Term old_term = stage.status(old_leader).term;
  if (!run.Put(old_leader, "k", "before-", 1, kProposals) || !run.Agree()) return;
  if (!run.Need(stage.leader() == old_leader, "the first leader keeps its office")) return;

  auto isolation = run.inject.Isolate(old_leader);
  const Run::Operations cut_off = run.Ask(old_leader, "k", "old-", 1, kProposals, kClientTimeout);
  if (!run.WaitForLeader([&] { return stage.leader() != old_leader; }, "the majority elects a new leader")) return;
  const int new_leader = stage.leader();
  const Term new_term = stage.status(new_leader).term;
  if (!run.Put(new_leader, "k", "new-", 1, kProposals)) return;
  const int acknowledged = run.CountAcknowledged(cut_off);
  const int held_before = run.CountIn(stage.LogOf(old_leader), cut_off);
  if (!run.Need(held_before == kProposals, "the old leader holds what it was asked to write")) return;

  (void)isolation.Heal();
  const Time healed = stage.now();
  const bool stepped_down =
      stage.RunUntil([&] { return stage.status(old_leader).role != Role::kLeader; }, kClientTimeout);
  const Time at = stage.now();
  if (!run.Need(stepped_down, "the old leader steps down") || !run.Agree()) return;
  const int overwritten = held_before - run.CountIn(stage.LogOf(old_leader), cut_off);

  run.Set("old_leader_term", old_term.value);
  run.Set("new_leader_term", new_term.value);
  run.Set("entries_overwritten", overwritten);
  run.Set("old_leader", stage.id(old_leader));
  run.Set("new_leader", stage.id(new_leader));
  run.Set("acknowledged_by_old_leader_in_isolation", acknowledged);
  run.Set("acknowledged_by_new_leader", kProposals);
  run.Set("observation", absl::StrCat("old leader stepped down at t=", run.Milliseconds(at), ", ", (at - healed) / 1ms,
                                      "ms after the partition had healed"));
  run.Expect(new_term > old_term, "the new leader's term is later");
  run.Expect(acknowledged == 0, "without a quorum nothing is acknowledged");
  run.Expect(overwritten == kProposals, "what never committed is overwritten");
}

}  // namespace

Scenario SplitBrain() {
  return {
      .name = "split-brain-2011",
      .test = "TestChaosSplitBrain",
      .incidents = {"ack-before-quorum", "recovery-storm"},
      .remark =
          "The scenario has its name from the second of these, which was no split brain of a consensus protocol; it is "
          "about "
          "isolation and quorum, and the damage shown is that of the first.",
      .lesson =
          "Acknowledge what a quorum holds. Then a leader that is cut off from it can promise nothing, and what "
          "it wrote meanwhile may be overwritten.",
      .demonstrations = {{.off = {"quorum_commit", &Defences::quorum_commit,
                                  "an entry is committed when a majority stores it, Raft 5.3"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {{"check_quorum", &Defences::check_quorum,
                 "a leader that hears no quorum steps down, thesis 6.2: it would before it could do harm"},
                {"stickiness", &Defences::stickiness, "no vote while a leader is heard, thesis 4.2.3"}},
      .script = Script,
  };
}

}  // namespace raftly
