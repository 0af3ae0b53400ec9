// What one seed decides about a simulated cluster, before anything happens in it: the swarm.
//
// Every run differs in size, speed, limits and in which kinds of fault it suffers. A run with every fault at once finds
// less than many runs with a few each (Groce et al., "Swarm Testing", 2012).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/sim_disk.h"
#include "chaos/sim/world.h"
#include "raft/core/config.h"
#include "raft/node/snapshot_policy.h"
#include "server/kv/once_table.h"

namespace raftly {

// One direction of one link.
struct LinkSettings {
  Duration latency_low = std::chrono::microseconds(100);
  Duration latency_high = std::chrono::milliseconds(2);  // the spread reorders
  bool cut = false;                                      // nothing passes
  uint32_t loss_permille = 0;
  uint32_t duplicate_permille = 0;
  // Some messages are late, each for itself.
  uint32_t late_permille = 0;
  Duration late = std::chrono::milliseconds(300);
};

// How large a cluster becomes whose members change, and among how many nodes it moves.
inline constexpr int kLargestCluster = 7;
inline constexpr int kPool = 9;

enum class Fault {
  kIsolate,
  kIsolateLeader,
  kPartition,
  kOneWay,
  kFlap,
  kBadLinks,
  kCrash,
  kCrashLeader,
  kCrashAtEvent,
  kCrashAll,
  kPause,
  kSlowDisk,
  kStuckDisk,
  kWriteError,
  kSyncError,
  kDiskFull,
  kBitRot,
  kFalseEvidence,
  kHandOver,
};
inline constexpr int kFaultKinds = static_cast<int>(Fault::kHandOver) + 1;
std::string ToString(Fault fault);

struct Settings {
  int nodes = 3;
  int outsiders = 0;                // besides: each takes the nodes for its peers, and is none of theirs
  int spares = 0;                   // besides: they may become members, and members may go; 0: members never change
  bool changes_when_asked = false;  // members change where somebody asks for it, without spares, too
  Duration change_every = std::chrono::milliseconds(1500);  // of them, on average
  Timings timings;
  Limits limits;
  Defences defences;
  LinkSettings links;
  bool cuts_lose_what_is_on_its_way = false;  // or else it arrives
  HandOver hand_over;
  DiskSettings disks;
  uint64_t wal_reserve = 16 << 10;
  Duration clock_offset = std::chrono::hours(1);  // at most
  int64_t clock_drift_ppm = 0;                    // at most
  uint64_t segment_bytes = 0;                     // of the log; 0: one file for ever
  SnapshotPolicy snapshots;                       // never by default
  bool identities = false;                        // true: as servers; false: as version 0.1, and as in scenarios

  int clients = 3;
  int keys = 3;
  Duration think = std::chrono::milliseconds(60);
  Duration client_timeout = std::chrono::seconds(1);
  uint32_t read_permille = 450;
  uint32_t delete_permille = 50;
  uint32_t append_permille = 0;       // of the writes that are no deletes
  uint32_t add_permille = 0;          // of the same; to a register of their own
  bool forward = false;               // followers serve clients, with the leader's help; else they refuse
  bool sessions = false;              // writes carry an Idempotency-Key, and clients ask again where they were not told
  int builders = 0;                   // so many clients do that and use everything (wishes)
  uint32_t condition_permille = 0;    // of the builders' writes
  uint32_t transaction_permille = 0;  // of the same
  // How often the leader moves the cluster's clock; 0: never. And what is kept by it of answers to writes.
  Duration clock_every{};
  OnceTable::Limits answers;

  std::vector<Fault> faults;                               // that may happen; equal chances
  std::set<uint64_t> spared;                               // of those that would strike, by number: they do not
  Duration fault_every = std::chrono::milliseconds(1000);  // on average
  Duration fault_lasts = std::chrono::milliseconds(1000);
  Duration chaos = std::chrono::seconds(20);  // then all faults end
  Duration quiet = std::chrono::seconds(8);   // and this brings progress
  // But for one: in the quiet the leader's links carry only what it sends (Cloudflare, November 2020). A quorum that
  // can talk must still find a leader, and keep it.
  bool deaf_leader = false;
};

// Whether members change.
enum class MemberChanging { kBySeed, kInEachSeed, kInNoSeed };

Settings SettingsOf(uint64_t seed, MemberChanging changing = MemberChanging::kBySeed);
std::string ToString(const Settings& settings);

}  // namespace raftly
