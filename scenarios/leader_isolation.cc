// A leader that does not know that it was deposed: what it writes, and what it lets its clients read.
#include <algorithm>

#include "absl/status/status.h"
#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr int kBaseline = 20;
constexpr int kAttempts = 20;
constexpr Duration kAttemptEvery = 50ms;  // for 1 s
constexpr Duration kClientTimeout = 60s;
constexpr Duration kReadTimeout = 500ms;

constexpr const char* kAccount = "account";  // what is read on both sides

std::string Shown(const std::optional<std::string>& value) { return value.value_or("nothing"); }

// Waits for as long as the clients try.
Run::Operations WriteInIsolation(Run& run, int leader) {
  Run::Operations attempts;
  for (int i = 1; i <= kAttempts; ++i) {
    attempts.push_back(run.clients.Put(leader, absl::StrCat("isolated", i), absl::StrCat("lost-", i), kClientTimeout));
    run.stage.RunFor(kAttemptEvery);
  }
  return attempts;
}

bool WriteAccount(Run& run, int leader, const std::string& value) {
  const size_t put = run.clients.Put(leader, kAccount, value, kClientTimeout);
  run.stage.RunUntil([&] { return run.clients.answered(put); }, kClientTimeout);
  return run.Need(run.clients.succeeded(put), absl::StrCat("the account becomes ", value));
}

// A linearizable read at the old leader, after the majority has acknowledged a later value.
void ReadAtOldLeader(Run& run, int old_leader) {
  const std::optional<std::string> stale = run.stage.ReadStale(old_leader, kAccount);
  const size_t read = run.clients.Get(old_leader, kAccount, kReadTimeout);
  run.stage.RunUntil([&] { return run.clients.answered(read); }, 2 * kReadTimeout);
  const bool served = run.clients.succeeded(read);
  run.Set("stale_read_at_old_leader", Shown(stale));
  run.Set("linearizable_read_at_old_leader",
          served ? Shown(run.clients.operation(read).value)
                 : absl::StrCat("refused (", absl::StatusCodeToString(run.clients.status(read).code()), ")"));
  run.Expect(stale == "old", "a stale-mode read returns the old value: the hazard");
  run.Expect(!served, "a linearizable read is refused by a leader that no quorum confirms");
}

void Script(Run& run) {
  Stage& stage = run.stage;
  if (!run.Assemble()) return;
  const int old_leader = stage.leader();
  if (!run.Put(old_leader, "k", "v", 1, kBaseline - 1) || !WriteAccount(run, old_leader, "old")) return;
  const int baseline = static_cast<int>(run.clients.acknowledged().size());
  if (!run.Agree() || !run.Need(stage.leader() == old_leader, "the first leader keeps its office")) return;

  auto isolation = run.inject.Isolate(old_leader);
  const Run::Operations attempts = WriteInIsolation(run, old_leader);
  if (!run.WaitForLeader([&] { return stage.leader() != old_leader; }, "the majority elects a new leader")) return;
  const int new_leader = stage.leader();
  // As many as the old leader wrote: theirs take the places of its own.
  if (!run.Put(new_leader, "majority", "kept-", 1, kAttempts) || !WriteAccount(run, new_leader, "new")) return;

  run.Set("baseline_commit", baseline);
  run.Set("isolated_attempts", attempts.size());
  const int in_isolation = run.CountAcknowledged(attempts);
  ReadAtOldLeader(run, old_leader);

  (void)isolation.Heal();
  if (!run.Agree()) return;
  if (!run.Need(stage.RunUntil([&] { return run.AllAnswered(attempts); }, kClientTimeout), "every client is answered"))
    return;
  int surviving = 0;
  for (int node = 0; node < stage.size(); ++node) {
    surviving = std::max(surviving, run.CountIn(stage.LogOf(node), attempts));
  }
  const int commits = run.CountAcknowledged(attempts);
  run.Set("isolated_commits", in_isolation);
  run.Set("surviving_isolated_writes", surviving);
  run.Set("isolated_writes_reported_ok_later", commits - in_isolation);
  run.Set("observation",
          absl::StrCat("clients of the old leader are told: ", run.clients.status(attempts[0]).ToString()));
  run.Expect(baseline == kBaseline, "the baseline is committed");
  run.Expect(commits == 0, "no isolated write is ever reported as done");
  run.Expect(surviving == 0, "no isolated write survives");
}

}  // namespace

Scenario LeaderIsolation() {
  return {
      .name = "leader-isolation-write-loss",
      .test = "TestChaosLeaderIsolation",
      .incidents = {"stale-read", "acknowledged-by-index"},
      .lesson = "A read needs a quorum's word too, and a client's write is known by index and term.",
      .demonstrations = {{.off = {"read_confirmation", &Defences::read_confirmation,
                                  "a read waits until a quorum confirms the leader, thesis 6.4"},
                          .shows = Damage::Kind::kNotLinearizable},
                         {.off = {"waiter_term", &Defences::waiter_term,
                                  "a client's write is known by index and term, not by index alone"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {{"check_quorum", &Defences::check_quorum,
                 "a leader that hears no quorum steps down, thesis 6.2: it would refuse its clients soon"},
                {"stickiness", &Defences::stickiness, "no vote while a leader is heard, thesis 4.2.3"}},
      .script = Script,
  };
}

}  // namespace raftly
