// What clients did to a map of registers and what they were told: the evidence for the linearizability checker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "raft/core/time.h"

namespace raftly {

struct Operation {
  enum class Kind { kPut, kDelete, kGet, kAppend, kAdd };
  enum class Outcome {
    kOk,
    kUnknown,  // no answer, or one that leaves it open: it happened at some time after `invoked`, or never
    kFailed,   // certainly did not happen
  };

  uint64_t number = 0;  // of those who number them
  int client = 0;
  Kind kind = Kind::kGet;
  std::string key;
  // put: what was written; append: the word; add: the number; get: what was read, nullopt for no such key
  std::optional<std::string> value;
  Time invoked{};
  Time returned{};
  Outcome outcome = Outcome::kOk;
};

using History = std::vector<Operation>;

// `client 2 get k1 -> "v7" [1.250s, 1.262s]`
std::string ToString(const Operation& operation);

}  // namespace raftly
