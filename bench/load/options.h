// The command line of raftly-load.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/address.h"

namespace raftly::load {

struct Options {
  enum class Api { kRaftly, kEtcd };

  bool help = false;
  std::vector<Address> endpoints;
  bool leader = false;  // all connections to the leader, whichever endpoint that is
  Api api = Api::kRaftly;
  size_t connections = 16;
  std::chrono::milliseconds duration{10'000};
  std::chrono::milliseconds warmup{1'000};
  double rate = 0;  // operations per second; 0: each connection sends as soon as it has its answer
  int gets = 0;     // percent of the operations; the others put
  bool stale = false;
  size_t key_bytes = 16;
  size_t value_bytes = 128;
  uint64_t keys = 10'000;  // how many different ones
  bool in_order = false;   // one after the other, from the first on; else at random
  uint64_t seed = 1;
  enum class Puts { kPlain, kOnce, kConditional };
  Puts puts = Puts::kPlain;  // what they carry besides: an Idempotency-Key; the version that their key must have
  size_t list = 0;           // reads are lists of so many keys; 0: of one key
  size_t watchers = 0;       // clients that watch meanwhile, each one of `prefixes`
  uint64_t prefixes = 1;
  int watched = 100;                     // percent of the writes that go to keys below these prefixes
  std::vector<Address> watch_endpoints;  // empty: `endpoints`
  std::string authorities;               // a file: the servers speak https; empty: http
  std::string token;
  std::string json;  // a file, "-" for stdout; empty: none
};

// InvalidArgument: one line that names the flag and the value.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);
std::string Usage();

}  // namespace raftly::load
