// A map with versions as its clients know it: what can have happened next, going by what they were told and nothing
// else. It shares no line with the server that it is used against.
//
// A version is the index of a key's last change. Who was not told it leaves it open; then the next who sees the key
// settles it. Indexes grow along any order of what happened, so a write whose version is known has few places in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chaos/sim/history.h"

namespace raftly {

class MapModel {
 public:
  using Value = uint32_t;

  struct Key {
    Value value = 0;       // 0: it is absent
    bool settled = true;   // else `version` is one that it is beyond
    uint64_t version = 0;  // of an absent key 0

    bool operator==(const Key&) const = default;
  };
  struct State {
    std::vector<Key> keys;
    uint64_t last = 0;  // no write that comes later has this index or a lower one

    bool operator==(const State&) const = default;
  };

  // What may have happened: an operation of `history`, and of a transaction of unknown outcome which branch.
  struct Move {
    const Operation* operation = nullptr;
    bool otherwise = false;
    std::optional<uint64_t> version = {};  // which it has as others saw, where its own client was not told

    std::optional<uint64_t> own_version() const { return operation->version ? operation->version : version; }
  };

  explicit MapModel(const std::vector<const Operation*>& operations);

  State Empty() const { return {.keys = std::vector<Key>(places_.size())}; }
  // False: it cannot have happened in this state. Then `state` is anything.
  bool Happen(const Move& move, State& state);

 private:
  struct Facts {
    std::set<std::string> reads;  // values that somebody was told
    bool added_to = false;
  };

  size_t PlaceOf(const std::string& key) const { return places_.at(key); }
  Value Intern(size_t place, const std::optional<std::string>& value);
  bool Is(const Key& key, const std::optional<std::string>& value) const;
  std::optional<std::string> Sum(const Key& key, int64_t by) const;
  Value Appended(size_t place, const Key& key, const std::string& word);
  bool See(Key& key, std::optional<uint64_t> version, State& state) const;
  bool Turn(std::optional<uint64_t> version, State& state) const;
  void Set(Key& key, Value value, std::optional<uint64_t> version, const State& state) const;

  bool Refused(const Operation& operation, State& state);
  bool Write(const Move& move, State& state);
  bool Checks(const Transaction& transaction, bool hold, State& state) const;
  enum class Ran { kDone, kCannot, kOtherwise };  // the last: not what the client was told
  Ran Run(const std::vector<Transaction::Step>& steps, const Move& move, State& state);
  bool Transact(const Move& move, State& state);

  std::map<std::string, size_t> places_;
  std::vector<Facts> facts_;  // by place
  std::map<std::string, Value> interned_;
  std::vector<std::optional<std::string>> texts_;  // of interned values
  bool versions_ = false;                          // somebody was told one
};

}  // namespace raftly
