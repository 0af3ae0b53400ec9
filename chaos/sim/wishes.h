// What a client asks for that uses everything the server has: conditions on versions, transactions, add and append.
//
// It draws from a stream of its own, so that the plain clients ask for what they asked for without it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "chaos/sim/history.h"
#include "chaos/sim/random.h"
#include "chaos/sim/settings.h"

namespace raftly {

class Wishes {
 public:
  Wishes(const Settings& settings, uint64_t seed) : settings_(settings), random_(seed) {}

  // Makes something else of what a plain client would ask for. `number` is in no other operation. No add where
  // `adds` is false.
  void Change(Operation& operation, uint64_t number, bool adds);
  // What the client was told: it asks for versions that it knows.
  void Learn(const Operation& operation);

 private:
  std::string SomeKey();
  uint64_t VersionOf(const std::string& key) const;
  Transaction::Step SomeStep(const std::string& word, bool adds);
  std::shared_ptr<const Transaction> SomeTransaction(uint64_t number, bool adds);

  const Settings& settings_;
  Random random_;
  std::map<std::string, uint64_t> versions_;
};

}  // namespace raftly
