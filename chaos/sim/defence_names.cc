#include "chaos/sim/defence_names.h"

#include <algorithm>

namespace raftly {

const std::vector<NamedDefence>& AllDefences() {
  static const std::vector<NamedDefence> all = {
      {"election_restriction", "election restriction", &Defences::election_restriction},
      {"one_vote_per_term", "one vote per term", &Defences::one_vote_per_term},
      {"vote_persistence", "votes on disk", &Defences::vote_persistence},
      {"quorum_commit", "commit by majority", &Defences::quorum_commit},
      {"current_term_commit", "commit by own term", &Defences::current_term_commit},
      {"log_matching", "log matching", &Defences::log_matching},
      {"clamp_commit_on_send", "commit index clamped where it is sent", &Defences::clamp_commit_on_send},
      {"clamp_commit_on_receive", "commit index clamped where it comes", &Defences::clamp_commit_on_receive},
      {"waiter_term", "answers by term", &Defences::waiter_term},
      {"lower_in_flight_writes", "truncation withdraws promises", &Defences::lower_in_flight_writes},
      {"pre_vote", "pre-vote", &Defences::pre_vote},
      {"check_quorum", "check quorum", &Defences::check_quorum},
      {"stickiness", "sticky followers", &Defences::stickiness},
      {"member_check", "members only", &Defences::member_check},
      {"joint_consensus", "joint consensus", &Defences::joint_consensus},
      {"change_after_own_entry", "changes wait for an own entry", &Defences::change_after_own_entry},
      {"configuration_when_appended", "members as appended", &Defences::configuration_when_appended},
      {"configuration_goes_with_log", "members go with the log", &Defences::configuration_goes_with_log},
      {"joiners_catch_up", "no vote before catching up", &Defences::joiners_catch_up},
      {"evidence_asks_first", "evidence only asks", &Defences::evidence_asks_first},
      {"election_jitter", "random timeouts", &Defences::election_jitter},
      {"disk_watchdog", "disk watchdog", &Defences::disk_watchdog},
      {"network_watchdog", "network watchdog", &Defences::network_watchdog},
      {"read_confirmation", "confirmed reads", &Defences::read_confirmation},
      {"read_before_asking", "read index asked after the read", &Defences::read_before_asking},
      {"sync_before_promise", "sync before promise", &Defences::sync_before_promise},
      {"discard_conflicting_log", "conflicting log discarded", &Defences::discard_conflicting_log},
      {"refuse_stale_snapshot", "stale snapshots refused", &Defences::refuse_stale_snapshot},
      {"snapshot_before_log", "snapshot before log goes", &Defences::snapshot_before_log},
      {"sync_before_rename", "snapshot synced before named", &Defences::sync_before_rename},
      {"configuration_in_snapshot", "configuration in snapshots", &Defences::configuration_in_snapshot},
      {"snapshot_at_one_index", "state and index together", &Defences::snapshot_at_one_index},
      {"one_install_at_a_time", "one snapshot at a time", &Defences::one_install_at_a_time},
      {"verify_checksums", "checksums", &Defences::verify_checksums},
      {"truncate_torn_tail", "torn tails cut", &Defences::truncate_torn_tail},
      {"final_sync_failure", "no second sync", &Defences::final_sync_failure},
      {"repair_proof", "damaged logs mended by proof", &Defences::repair_proof},
      {"disk_reserve", "space before writing", &Defences::disk_reserve},
      {"deduplication", "commands that come again", &Defences::deduplication},
      {"answers_in_snapshots", "kept answers in snapshots", &Defences::answers_in_snapshots},
      {"conditions_when_applied", "conditions when applied", &Defences::conditions_when_applied},
  };
  return all;
}

bool SwitchOff(const std::string& name, Defences& defences) {
  const auto& all = AllDefences();
  const auto found = std::find_if(all.begin(), all.end(), [&](const NamedDefence& one) { return name == one.name; });
  if (found == all.end()) return false;
  defences.*(found->is_on) = false;
  return true;
}

std::string NamesOfMissing(const Defences& defences) {
  std::string names;
  for (const NamedDefence& defence : AllDefences()) {
    if (defences.*(defence.is_on)) continue;
    if (!names.empty()) names += ", ";
    names += defence.name;
  }
  return names;
}

}  // namespace raftly
