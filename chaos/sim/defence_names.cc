#include "chaos/sim/defence_names.h"

#include <algorithm>

namespace raftly {

const std::vector<NamedDefence>& AllDefences() {
  static const std::vector<NamedDefence> all = {
      {"election_restriction", &Defences::election_restriction},
      {"one_vote_per_term", &Defences::one_vote_per_term},
      {"vote_persistence", &Defences::vote_persistence},
      {"quorum_commit", &Defences::quorum_commit},
      {"current_term_commit", &Defences::current_term_commit},
      {"log_matching", &Defences::log_matching},
      {"clamp_commit_on_send", &Defences::clamp_commit_on_send},
      {"clamp_commit_on_receive", &Defences::clamp_commit_on_receive},
      {"waiter_term", &Defences::waiter_term},
      {"lower_in_flight_writes", &Defences::lower_in_flight_writes},
      {"pre_vote", &Defences::pre_vote},
      {"check_quorum", &Defences::check_quorum},
      {"stickiness", &Defences::stickiness},
      {"member_check", &Defences::member_check},
      {"election_jitter", &Defences::election_jitter},
      {"disk_watchdog", &Defences::disk_watchdog},
      {"read_confirmation", &Defences::read_confirmation},
      {"sync_before_promise", &Defences::sync_before_promise},
      {"discard_conflicting_log", &Defences::discard_conflicting_log},
      {"refuse_stale_snapshot", &Defences::refuse_stale_snapshot},
      {"snapshot_before_log", &Defences::snapshot_before_log},
      {"sync_before_rename", &Defences::sync_before_rename},
      {"configuration_in_snapshot", &Defences::configuration_in_snapshot},
      {"snapshot_at_one_index", &Defences::snapshot_at_one_index},
      {"one_install_at_a_time", &Defences::one_install_at_a_time},
      {"verify_checksums", &Defences::verify_checksums},
      {"truncate_torn_tail", &Defences::truncate_torn_tail},
      {"final_sync_failure", &Defences::final_sync_failure},
      {"disk_reserve", &Defences::disk_reserve},
      {"deduplication", &Defences::deduplication},
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
