// What clients did to a map with versions and what they were told: the evidence for the linearizability checker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "raft/core/time.h"
#include "server/kv/transaction.h"

namespace raftly {

struct Operation {
  enum class Kind { kPut, kDelete, kGet, kAppend, kAdd, kTransaction };
  enum class Outcome {
    kOk,
    kUnknown,  // no answer, or one that leaves it open: it happened at some time after `invoked`, or never
    kFailed,   // certainly did not happen
    kRefused,  // it had its turn and changed nothing: its condition did not hold, or what it adds to is no number
  };
  // Of one step of a transaction: the key as it is then.
  struct Result {
    std::string key;
    uint64_t version = 0;              // 0: it is absent
    std::optional<std::string> value;  // nothing where it is absent, or not told
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

  std::optional<uint64_t> if_version = {};  // of put and delete: only where the key has it; 0: is absent
  // As the client was told, if it was. Of a write that was done: its own; of a get or a write that was refused: the
  // key's, 0 where it is absent.
  std::optional<uint64_t> version = {};
  std::optional<std::string> found = {};  // of add and append: what the key holds then, if it was told

  std::shared_ptr<const Transaction> transaction = {};
  bool succeeded = false;  // of a transaction that was done: its checks held
  std::vector<Result> results = {};
};

using History = std::vector<Operation>;

// `client 2 get k1 -> "v7" [1.250s, 1.262s]`
std::string ToString(const Operation& operation);
// `if k@7: put k=v, add n+1; else get k`
std::string ToString(const Transaction& transaction);

}  // namespace raftly
