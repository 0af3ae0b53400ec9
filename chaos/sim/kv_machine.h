// The laboratory's state machine: the server's own, with what judges and traces ask of it after every entry.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/core/config.h"
#include "raft/env/state_machine.h"
#include "server/kv/command.h"
#include "server/kv/kv_store.h"

namespace raftly {

// The key's value; nothing where it is absent. From any thread.
std::optional<std::string> ValueIn(const KvStore& store, std::string_view key);

class KvMachine : public StateMachine {
 public:
  explicit KvMachine(const Defences& defences = {}) : store_(nullptr, defences, /*change_bytes=*/size_t{1} << 20) {}

  std::string Apply(const Entry& entry) override { return store_.Apply(entry); }
  Format format() const override { return store_.format(); }
  std::unique_ptr<StateReader> Save() override { return store_.Save(); }
  std::unique_ptr<StateWriter> Load(uint32_t version, Index at) override { return store_.Load(version, at); }

  std::optional<Found> Find(std::string_view key) const { return store_.Find(key); }
  std::optional<std::string> Get(std::string_view key) const { return ValueIn(store_, key); }
  std::map<std::string, std::string> all() const;
  const KvStore& store() const { return store_; }
  // Of keys, values, versions, kept answers and the clock, not of the way to them. Costs what has changed since it was
  // asked for last, and a look at each key: a laboratory has few.
  uint64_t hash();

 private:
  // A key and its value are known by where they lie and by their version.
  struct Known {
    const char* key = nullptr;
    const char* value = nullptr;
    Index version = {};
    uint64_t hash = 0;
  };

  KvStore store_;
  std::vector<Known> known_;  // in byte order of the keys, as of the last look
};

// Commands of words, which are short (server/kv/command.h has those that may fail).
std::string PutCommand(std::string_view key, std::string_view value, Condition condition = {});
std::string AppendCommand(std::string_view key, std::string_view word, Condition condition = {});

}  // namespace raftly
