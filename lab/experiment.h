// What somebody wants to see happen to a cluster: a document, and the run that follows from it and from nothing else.
//
//   {"format": 1, "nodes": 3, "seed": 7, "duration_ms": 3000, "off": ["quorum_commit"],
//    "acts": [{"at_ms": 500, "do": "isolate", "node": "L"}, {"at_ms": 600, "do": "put", "node": "L", "key": "k",
//    "value": "v"}]}
//
// A node is named by its id ("n1"), as "leader" (the one that leads with the highest term when the act is done), or by
// a part: the first act that names one casts them all: "L" is the leader of that moment, "F1", "F2", ... are the others
// in the order of their ids, and they keep their parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chaos/sim/settings.h"
#include "nlohmann/json.hpp"
#include "raft/core/config.h"

namespace raftly {

class LocatedJson;

inline constexpr int kExperimentFormat = 1;
inline constexpr int kMostNodes = 7;  // members, outsiders and spares
inline constexpr Duration kLongestExperiment = std::chrono::seconds(60);
inline constexpr size_t kMostActs = 10'000;
inline constexpr size_t kLongestExperimentText = size_t{4} << 20;

struct Act {
  enum class Do {
    kCrash,          // node: its process is killed; what it wrote survives
    kStop,           // node: the same; the simulator knows no gentler end
    kStart,          // node; a node that is down, or all that are
    kPowerLoss,      // node; what was not synced is gone; torn: but for most of the last write
    kIsolate,        // node: no link to or from it carries anything
    kPartition,      // nodes: they on one side, the rest on the other
    kCut,            // from, to: one direction
    kDelay,          // from, to, ms: so much longer
    kLoss,           // from, to, percent
    kDuplicate,      // from, to, percent
    kDropMessage,    // number
    kPause,          // node
    kResume,         // node
    kClockSkew,      // node, ppm: its clock goes faster or slower from here on
    kSlowDisk,       // node, ms: every sync takes so much longer; 0: as before
    kFullDisk,       // node, full
    kFailSync,       // node: the next one fails
    kFlipBit,        // node, text: in the last byte of what durable files hold of it; or somewhere
    kPut,            // node, key, value, timeout_ms, retries
    kAppend,         // node, key, value, timeout_ms, retries
    kAdd,            // node, key, number, timeout_ms, retries
    kDelete,         // node, key, timeout_ms, retries
    kGet,            // node, key, timeout_ms
    kHeal,           // all links, or those of node
    kSnapshot,       // node: it takes one now
    kSetTimeout,     // node, ms: its election timeout from here on
    kMember,         // node: it is asked to change the members; learn, promote, vote, leave or replace; timeout_ms
    kLoseDirectory,  // node: its directory is gone; a node that is up is killed, and starts anew with an empty one
  };
  Duration at{};
  Do what = Do::kHeal;
  std::string node;
  std::string from;
  std::string to;
  std::vector<std::string> nodes;
  std::vector<std::string> learn;  // who is to learn, to vote, to be no member any more (chaos/sim/member_wish.h)
  std::vector<std::string> vote;
  std::vector<std::string> leave;
  std::string replace;
  std::string key;
  std::string value;
  std::string text;
  int64_t number = 0;
  Duration time{};  // ms, timeout_ms
  bool on = false;  // full, torn, promote
  int retries =
      0;  // as often the client asks again, whoever leads then, where it was not told; the command is numbered

  bool operator==(const Act&) const = default;
};
std::string_view NameOf(Act::Do what);

struct Experiment {
  std::string incident;  // of the catalogue; empty: none
  int nodes = 3;
  int outsiders = 0;  // after them: they know the nodes and are not known to them, and wait for their `start`
  int spares = 0;     // after those: they know nobody, may become members, and wait for their `start`
  // There may be acts that change the members; so it is with spares, too. What the nodes say to each other about that
  // from the beginning is no part of other experiments' traces.
  bool members_change = false;
  // The members know each other by their directories, as servers do; else by their names alone, as version 0.1 did.
  bool identities = false;
  uint64_t seed = 1;
  Duration duration = std::chrono::seconds(3);
  Timings timings;
  uint64_t snapshot_bytes = 0;  // of log, between two snapshots; 0: never
  uint64_t keep_bytes = 0;      // of log, behind a snapshot
  size_t entries_per_append = Limits().entries_per_append;
  size_t appends_in_flight = Limits().appends_in_flight;
  // The simulator's clients and faults of this seed, besides the acts, in its cluster of this seed but for `nodes`.
  // What breaks in `raftly-sim --seed N` breaks here in the same way.
  std::optional<uint64_t> swarm;
  std::vector<uint64_t> spared;                      // of its faults, by number: they do not strike
  MemberChanging members = MemberChanging::kBySeed;  // of the swarm
  std::vector<std::string> off;
  std::vector<Act> acts;  // in order of time; those of the same time in that of the document

  bool operator==(const Experiment&) const = default;
};

// InvalidArgument names line and field.
absl::StatusOr<Experiment> ParseExperiment(std::string_view text);
// The same, of the object that a JSON pointer leads to.
absl::StatusOr<Experiment> ReadExperiment(const LocatedJson& document, const std::string& pointer);
// As ParseExperiment reads it; equal experiments give equal texts.
nlohmann::ordered_json ToJson(const Experiment& experiment);
nlohmann::ordered_json ToJson(const Act& act);
// Requires names of defences, as ParseExperiment demands.
Defences DefencesOf(const Experiment& experiment);

}  // namespace raftly
