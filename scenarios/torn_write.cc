// The power goes while a record is being written; later it goes again.
#include <algorithm>

#include "scenarios/scenario.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Index kBeforeCrash{10};
constexpr Index kMissed{15};      // written while the node was away
constexpr Index kAfterwards{20};  // written with the node's help: it and the leader are the quorum

// What the node was writing when the power went: the entry at the index after its last, cut in the middle of the
// command, in space that the file system had given and cleared. So the record's length is plausible and its end zeros.
size_t TearAt(Run& run, int node, const Entry& entry, Injector::Fault& torn) {
  const size_t kept = Injector::RecordBytes(entry) - entry.data.size() / 2 - 4;
  torn = run.inject.TearTail(node, entry, kept);
  return kept;
}

// First recovery, alone: every record before the torn one, and none after.
bool Recover(Run& run, int node, int leader, Injector::Fault& crash) {
  Stage& stage = run.stage;
  auto isolation = run.inject.Isolate(node);
  const absl::Status started = crash.Heal();
  if (!run.Need(started.ok(), absl::StrCat("the node starts again: ", started.ToString()))) return false;
  const Index recovered = stage.status(node).last_index;
  run.Set("log_index_after_recovery", recovered.value);
  run.Set("expected_log_index", kBeforeCrash.value);
  run.Expect(recovered == kBeforeCrash, "recovery finds every record before the torn one, and none after");
  const Entries found = stage.LogOf(node), all = stage.LogOf(leader);
  run.Expect(found.size() <= all.size() && std::equal(found.begin(), found.end(), all.begin()),
             "what was recovered is what the leader holds there");
  return true;
}

// The other two lose power; those who come back know of the last writes only through the node's disk.
bool SecondCrash(Run& run, int node, int leader, int other) {
  Stage& stage = run.stage;
  auto leader_down = run.inject.Crash(leader);
  auto node_down = run.inject.Crash(node);
  const absl::Status started = node_down.Heal();
  if (!run.Need(started.ok(), absl::StrCat("the node starts a second time: ", started.ToString()))) return false;
  const Index recovered = stage.status(node).last_index;
  run.Set("log_index_after_second_recovery", recovered.value);
  run.Expect(recovered == kAfterwards, "what was synced after the first recovery is there after the second");
  // What the leader sent before it died must not arrive any more.
  stage.RunFor(stage.options().timings.heartbeat);
  if (!run.Start(other)) return false;
  // The leader's handle ends here, and with it the crash, once the two have chosen.
  return run.WaitForLeader([&] { return stage.leader() != leader; }, "the two survivors elect a leader") && run.Agree();
}

void Script(Run& run) {
  Stage& stage = run.stage;
  if (!run.Assemble()) return;
  const int leader = stage.leader();
  const int node = (leader + 1) % stage.size(), other = (leader + 2) % stage.size();
  if (!run.CommitUpTo(leader, kBeforeCrash) || !run.Agree()) return;

  auto crash = run.inject.Crash(node);
  if (!run.Put(leader, "k", "interrupted-", 11, 11)) return;
  const Entries log = stage.LogOf(leader);
  if (!run.Need(log.size() == kBeforeCrash.value + 1, "the interrupted write is the next entry")) return;
  Injector::Fault torn;
  const size_t garbage = TearAt(run, node, log.back(), torn);
  run.Set("committed-before-crash", kBeforeCrash.value);
  run.Set("garbage_bytes_written", garbage);
  if (!run.CommitUpTo(leader, kMissed)) return;
  if (!Recover(run, node, leader, crash) || !run.Agree()) return;
  run.Set("caught_up_to", stage.status(node).commit_index.value);
  if (!run.Need(stage.leader() == leader, "the leader keeps its office")) return;

  auto other_down = run.inject.Crash(other);
  if (!run.CommitUpTo(leader, kAfterwards)) return;
  if (!SecondCrash(run, node, leader, other)) return;
  run.Set("leader_after_second_crash", stage.id(stage.leader()));
  run.Set("observation",
          absl::StrCat(stage.id(node), " lost power twice and ends at index ", stage.status(node).last_index.value));
}

}  // namespace

Scenario TornWrite() {
  return {
      .name = "wal-torn-write",
      .test = "TestChaosTornWrite",
      .incidents = {"torn-tail", "bit-rot"},
      .lesson = "Believe a record only by its checksum, and cut the torn tail durably before anything is appended.",
      .demonstrations = {{.off = {"verify_checksums", &Defences::verify_checksums,
                                  "a record counts only if its checksum holds"},
                          .shows = Damage::Kind::kLogsDiffer},
                         {.off = {"truncate_torn_tail", &Defences::truncate_torn_tail,
                                  "recovery cuts an interrupted write before it appends"},
                          .shows = Damage::Kind::kLostWrite}},
      .masks = {},
      .script = Script,
  };
}

}  // namespace raftly
