// Everything about a node's protocol that somebody may choose.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "raft/core/membership.h"
#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

// The laboratory's switches, all on. Each names a rule whose absence loses data or progress; switching one off is how
// a scenario shows the damage and how a mutation test proves that the damage would be noticed. No flag of the server
// reaches this struct except pre_vote.
struct Defences {
  bool election_restriction = true;  // §5.4.1: no vote for a candidate whose log is behind, in either phase
  bool one_vote_per_term = true;     // §5.2
  bool vote_persistence = true;      // Figure 2: term and vote reach the disk
  bool quorum_commit = true;         // §5.3: committed means stored on a majority
  bool current_term_commit = true;   // §5.4.2, Figure 8
  bool log_matching = true;          // §5.3: the consistency check on prev
  bool clamp_commit_on_send = true;  // a commit index speaks only of what the message proves
  bool clamp_commit_on_receive = true;
  bool waiter_term = true;             // a client's write is known by index and term, not by index alone
  bool lower_in_flight_writes = true;  // truncation withdraws the promise of writes still on their way to the disk
  bool pre_vote = true;                // thesis §9.6
  bool check_quorum = true;            // thesis §6.2: a leader cut off from a quorum steps down
  bool stickiness = true;              // thesis §4.2.3: no vote while a leader is heard
  bool member_check = true;            // §6: no vote for a server that is no member
  bool joint_consensus = true;         // §6: voters change through a configuration in which both sides have to agree
  bool change_after_own_entry = true;  // Ongaro, 2015: a change begins with a committed entry of the leader's term
  bool configuration_when_appended = true;  // §6: a server always uses the latest configuration in its log
  bool configuration_goes_with_log = true;  // §6: and the one before, where that log is truncated
  bool joiners_catch_up = true;             // thesis §4.2.1: who joins with nothing has no vote until it holds the log
  bool evidence_asks_first = true;        // a leader that seems dead is a reason for a pre-vote, never for an election
  bool election_jitter = true;            // §5.2: election timeouts are drawn, and grow where elections fail
  bool disk_watchdog = true;              // a leader whose disk stands still leaves the lead
  bool network_watchdog = true;           // a leader that has become far from all others hands the lead over
  bool read_confirmation = true;          // thesis §6.4: a read waits until a quorum confirms the leader
  bool read_before_asking = true;         // thesis §6.4: no read shares a round that began before it was asked for
  bool sync_before_promise = true;        // a promise leaves only after the sync that makes it true
  bool discard_conflicting_log = true;    // Figure 13, rule 7
  bool refuse_stale_snapshot = true;      // what is older than what was committed here changes nothing
  bool snapshot_before_log = true;        // log goes only when the snapshot is durable
  bool sync_before_rename = true;         // a snapshot gets its name only when it is durable
  bool configuration_in_snapshot = true;  // what the log before it said of the cluster is in it
  bool snapshot_at_one_index = true;      // a snapshot's state and the index that it names are taken in one step
  bool one_install_at_a_time = true;      // a newer snapshot waits until the one on its way is there, or has stalled
  bool verify_checksums = true;           // WAL
  bool truncate_torn_tail = true;         // WAL
  bool final_sync_failure = true;         // a failed sync is the log's last word: trying again would lie
  bool repair_proof = true;               // §5.3: a damaged log is mended from one that holds what follows the hole
  bool disk_reserve = true;               // WAL: space is there before anything is written
  bool deduplication = true;              // the key-value machine: a command that comes again is answered, not done
  bool answers_in_snapshots = true;       // the same: the answers that it keeps for that are part of its state
  bool conditions_when_applied = true;    // a write's condition is decided at its place in the log, not before

  bool operator==(const Defences&) const = default;
};

struct Timings {
  // A follower that hears no leader for a random time in [election_timeout, 2 * election_timeout) campaigns (§5.2).
  Duration election_timeout = std::chrono::milliseconds(150);
  // A leader speaks to every peer at least this often. heartbeat < election_timeout.
  Duration heartbeat = std::chrono::milliseconds(50);

  bool operator==(const Timings&) const = default;
};

// What one append may carry, well under gRPC's 4 MiB, and how many may be unanswered.
struct Limits {
  size_t entries_per_append = 1024;
  // An entry bigger than this travels alone.
  size_t bytes_per_append = size_t{1} << 20;
  // Appends with entries, per peer. Heartbeats pass whatever is in flight.
  size_t appends_in_flight = 2;
  // What a leader may have appended in its term without its being committed. Beyond it proposals are refused, and never
  // enter the log: followers that are slow, or lack space, must not make the leader's memory and disk grow.
  size_t uncommitted_entries = 65536;
  size_t uncommitted_bytes = size_t{64} << 20;
  // What one Output hands to the state machine: a long log is delivered over many turns, or the first turns of a life
  // would take longer than the others' patience.
  size_t entries_per_delivery = 1024;
  size_t bytes_per_delivery = size_t{1} << 20;
  // Of the log, what stays in memory beside what a leader has not committed yet; of what everybody has, a quarter of
  // that. The rest is on the disk, and read from there for who still needs it.
  size_t bytes_in_memory = size_t{64} << 20;
  // What is read from there at once, for one reader.
  size_t entries_per_read = 1024;
  size_t bytes_per_read = size_t{1} << 20;
  // Peers that are sent a snapshot at the same time. The others wait.
  size_t installations = 2;
  // Who has evidence that the leader is dead waits for a random part of this before it asks for pre-votes.
  Duration evidence_spread = std::chrono::milliseconds(10);
  // A leader whose disk has had work for so long, and has finished none, leaves the lead.
  Duration disk_patience = std::chrono::seconds(5);
  // A leader whose own disk lacks for so long what the others have committed hands the lead over to one of them.
  Duration lag_patience = std::chrono::seconds(1);
  // A leader whose heartbeats take so long all the time, to everybody and not as in its term before, does the same.
  Duration network_patience = std::chrono::seconds(1);
  // An installation that has not moved for so long is given up: it keeps log from being let go.
  Duration installation_patience = std::chrono::seconds(30);
};

struct CoreConfig {
  NodeId self;
  std::vector<NodeId>
      peers;  // the other voters, until the log or a snapshot says who they are; empty: a cluster of one
  // This node is no member until the log says so, and its directory is new: an earlier one under the same name may have
  // voted and acknowledged. So it votes for nobody, itself included, until the members know it by this directory
  // (TakenIn); where they know members by name alone, until it has caught up, as after -rejoin.
  bool joins = false;
  bool known_by_directory = false;  // the node will say TakenIn
  // What an entry of type kConfig says of the members; nothing: it says other things. Null: members never change.
  std::optional<Configuration> (*read_configuration)(const Entry& entry) = nullptr;
  Timings timings;
  Limits limits;
  Defences defences;
  // Kinds of commands that this node's state machine understands, a bit for each beyond what all ever did. A leader
  // learns its peers'.
  uint32_t features = 0;
  bool rejoin = false;  // the data directory was lost: no vote until caught up (SPEC section 1)
  // The longest election timeout that any node of the cluster may have been given; -rejoin keeps silent accordingly. 0:
  // that of `timings`.
  Duration longest_election_timeout{};
};

}  // namespace raftly
