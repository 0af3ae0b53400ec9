// The laboratory's state machine: a map of registers, small enough to be judged after every entry.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/sim/random.h"
#include "raft/env/state_machine.h"
#include "raft/env/whole_state.h"

namespace raftly {

inline uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return Mix64(hash);
}

class RegisterMap : public StateMachine {
 public:
  static std::string Put(std::string_view key, std::string_view value) { return Command('p', key, value); }
  static std::string Delete(std::string_view key) { return std::string("d").append(key); }
  // These two show what put and delete hide: that they were applied twice.
  static std::string Append(std::string_view key, std::string_view word) { return Command('a', key, word); }
  static std::string Add(std::string_view key, int64_t number) { return Command('i', key, std::to_string(number)); }

  // Of a client that may ask again: a command of a number that was applied already changes nothing.
  static std::string Numbered(std::string_view client, uint64_t number, std::string_view command);
  // The command that was numbered, or the command itself.
  static std::string_view WithoutNumber(std::string_view command);

  // What a register holds after them. Words are separated by commas; what is no number counts as 0.
  static std::string Appended(const std::optional<std::string>& before, std::string_view word);
  static std::string Added(const std::optional<std::string>& before, std::string_view number);

  // Without deduplication numbers are ignored.
  explicit RegisterMap(bool deduplication = true) : deduplication_(deduplication) {}

  std::string Apply(const Entry& entry) override;
  Format format() const override { return {"registers", 1}; }
  std::unique_ptr<StateReader> Save() override { return SaveWhole(ToBytes()); }
  std::unique_ptr<StateWriter> Load(uint32_t version, Index at) override;
  std::optional<std::string> Get(const std::string& key) const;
  const std::map<std::string, std::string>& all() const { return registers_; }
  // Of the contents, not of the way to them.
  uint64_t hash() const { return hash_; }

 private:
  static std::string Command(char verb, std::string_view key, std::string_view argument) {
    return std::string(1, verb).append(key).append(1, '=').append(argument);
  }
  std::string ToBytes() const;
  absl::Status FromBytes(std::string_view bytes);
  void ApplyCommand(std::string_view command);
  void Set(const std::string& key, std::optional<std::string> value);
  void SetLast(const std::string& client, uint64_t number);

  bool deduplication_;
  std::map<std::string, uint64_t> last_;  // number of each client's commands
  std::map<std::string, std::string> registers_;
  uint64_t hash_ = 0;  // exclusive or over all pairs and clients
};

}  // namespace raftly
