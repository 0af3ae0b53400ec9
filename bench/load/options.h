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
  std::string authorities;  // a file: the servers speak https; empty: http
  std::string token;
  std::string json;  // a file, "-" for stdout; empty: none
};

// InvalidArgument: one line that names the flag and the value.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);
std::string Usage();

}  // namespace raftly::load
