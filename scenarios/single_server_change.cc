// Members change by one at a time. Two leaders, one after the other, each begin a change.
#include <vector>

#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr int kMembers = 4;
constexpr int kNew = 4;  // n5
constexpr int kProposals = 5;
constexpr Duration kPatience = 20s;

struct Cast {
  int first = -1;   // leads, and takes n5 in; the two are cut off
  int second = -1;  // is elected by the others, and takes `first` out
  int friendly = -1;
  int voter = -1;  // votes for `second`, hears no more of it, and votes for `first` again
};

Configuration Of(const Stage& stage, const std::vector<int>& voters, const std::vector<int>& learners = {}) {
  Configuration members;
  for (const int node : voters) members.voters.insert(stage.id(node));
  for (const int node : learners) members.learners.insert(stage.id(node));
  return members;
}

bool Begin(Run& run, Cast& cast) {
  Stage& stage = run.stage;
  for (int node = 0; node < kMembers; ++node) {
    if (!run.Start(node)) return false;
  }
  if (!run.WaitForLeader([] { return true; }, "the four elect a leader") || !run.Start(kNew)) return false;
  cast.first = stage.leader();
  cast.second = (cast.first + 1) % kMembers;
  cast.friendly = (cast.first + 2) % kMembers;
  cast.voter = (cast.first + 3) % kMembers;
  const bool learns = run.ChangeMembers(cast.first, Of(stage, {0, 1, 2, 3}, {kNew}), kPatience);
  return run.Need(learns, "the fifth node learns") && run.Put(cast.first, "k", "before-", 1, kProposals) &&
         run.Agree() && run.Need(stage.leader() == cast.first, "the first leader keeps its office");
}

std::vector<Injector::Fault> CutBetween(Run& run, const std::vector<int>& some, const std::vector<int>& others) {
  std::vector<Injector::Fault> cuts;
  for (const int one : some) {
    for (const int other : others) cuts.push_back(run.inject.Partition(one, other));
  }
  return cuts;
}

// By the vote of a node that hears nothing of what the new leader then appends.
bool ElectSecond(Run& run, const Cast& cast, std::vector<Injector::Fault>& cuts) {
  Stage& stage = run.stage;
  const Timings usual = stage.options().timings;
  const Timings patient{.election_timeout = 50 * usual.election_timeout, .heartbeat = usual.heartbeat};
  for (const int node : {cast.friendly, cast.voter}) stage.SetTimings(node, patient);
  auto delay = run.inject.Delay(cast.voter, usual.election_timeout / 10);
  const Term before = stage.status(cast.first).term;
  const auto voted = [&] { return stage.status(cast.voter).term > before; };
  if (!run.Need(stage.RunUntil(voted, kPatience), "the voter votes")) return false;
  cuts.push_back(run.inject.OneWay(cast.second, cast.voter));
  const auto leads = [&] { return stage.status(cast.second).role == Role::kLeader; };
  return run.Need(stage.RunUntil(leads, usual.election_timeout), "the second leader is elected");
}

void Script(Run& run) {
  Stage& stage = run.stage;
  Cast cast;
  if (!Begin(run, cast)) return;
  const Duration timeout = stage.options().timings.election_timeout;

  auto outside = CutBetween(run, {cast.first, kNew}, {cast.second, cast.friendly});
  auto from_voter = CutBetween(run, {cast.first, kNew}, {cast.voter});
  const bool first_change = run.ChangeMembers(cast.first, Of(stage, {0, 1, 2, 3, kNew}), timeout);
  if (!run.Need(first_change, "the first leader makes the fifth node a voter")) return;
  if (!ElectSecond(run, cast, outside)) return;
  const bool second_change =
      run.ChangeMembers(cast.second, Of(stage, {cast.second, cast.friendly, cast.voter}, {kNew}), timeout / 2);
  const Run::Operations second = run.Ask(cast.second, "k", "second-", 6, 5 + kProposals, kPatience);
  stage.RunFor(timeout / 2);
  const int acknowledged = run.CountAcknowledged(second);

  // The voter goes over to the others. The second leader is down meanwhile: else it might lead their very term, too,
  // and nobody would ever agree.
  outside.push_back(run.inject.Isolate(cast.friendly));
  auto second_down = run.inject.Crash(cast.second);
  from_voter.clear();
  if (!run.WaitForLeader([] { return true; }, "the others elect a leader")) return;
  const int last = stage.leader();
  if (!run.Put(last, "k", "last-", 6, 5 + kProposals)) return;
  for (const int node : {cast.friendly, cast.voter}) stage.SetTimings(node, stage.options().timings);
  outside.clear();
  const absl::Status restarted = second_down.Heal();
  if (!run.Need(restarted.ok(), "the second leader starts again") || !run.Agree()) return;

  run.Set("first_leader", stage.id(cast.first));
  run.Set("second_leader", stage.id(cast.second));
  run.Set("second_change_began", second_change ? "true" : "false");
  run.Set("acknowledged_by_second_leader", acknowledged);
  run.Set("acknowledged_by_last_leader", kProposals);
  run.Set("observation", absl::StrCat(stage.id(last), " was elected by three of five while ", stage.id(cast.second),
                                      second_change ? " led two of three" : " could commit nothing"));
  run.Expect(!second_change, "nobody changes the members before an entry of its own term is committed");
  run.Expect(acknowledged == 0, "two of four acknowledge nothing");
}

}  // namespace

Scenario SingleServerChange() {
  return {
      .name = "single-server-change-2015",
      .test = "TestChaosSingleServerChange",
      .incidents = {"single-server-change"},
      .lesson =
          "Majorities of before and after have to overlap, also with those of a change that nobody has heard of yet. A "
          "leader that has committed an entry of its own term knows that there is none.",
      .demonstrations = {{.off = {"change_after_own_entry", &Defences::change_after_own_entry,
                                  "a change begins only with a committed entry of the leader's term"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {{"joint_consensus", &Defences::joint_consensus,
                 "voters change by way of both majorities, Raft 6: then the rule is not needed"},
                {"stickiness", &Defences::stickiness, "no vote while a leader is heard, thesis 4.2.3"}},
      .script = Script,
      .nodes = kMembers + 1,
      .spares = 1,
  };
}

}  // namespace raftly
