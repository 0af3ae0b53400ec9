// Watches what becomes of clients' writes: one with an Idempotency-Key happens once however often it comes, and a
// version that a client is told is the index of that very write.
//
// It sees each committed entry once, in order, from the first node that applies it. What else holds of the order of
// changes (that a stream of them is the log in order) is to be judged beside it, from the same entries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/history.h"
#include "chaos/sim/kv_machine.h"
#include "raft/core/types.h"
#include "server/kv/outcome.h"

namespace raftly {

class WriteJudge {
 public:
  explicit WriteJudge(std::function<void(std::string)> accuse) : accuse_(std::move(accuse)) {}

  // `machine` has just applied it.
  void OnApplied(const Entry& entry, const KvMachine& machine);
  // What a client was told of a command that was committed.
  void OnTold(const std::string& command, const WriteOutcome& outcome);
  // In the end: a key that was only added to, and never less than nothing, holds at least what clients were told was
  // added, and at most what they asked for.
  void JudgeSum(const History& history, const std::string& key, const std::string& value);

 private:
  // A key that so far was only added to, by commands that come once: what it has to be.
  struct Sum {
    int64_t value = 0;
    bool only_added_to = true;
  };
  void Count(const Command& command, bool comes_again, Index at, const KvMachine& machine);

  const std::function<void(std::string)> accuse_;
  std::vector<uint64_t> commands_;   // hashes, by index - 1
  std::set<std::string> seen_;       // Idempotency-Keys
  std::map<uint64_t, Index> first_;  // of the commands that carry one, by hash
  std::map<std::string, Sum> sums_;
};

}  // namespace raftly
