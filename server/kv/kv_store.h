// The replicated map: what a node knows of keys and values after the entries that it has applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "raft/env/state_machine.h"
#include "server/kv/command.h"

namespace raftly {

class KvStore : public StateMachine {
 public:
  // Two stores with the same applied index have the same hash, or one of them is wrong.
  struct Digest {
    Index applied;
    uint64_t hash = 0;  // of the set of pairs, in no order

    bool operator==(const Digest&) const = default;
  };

  // From the apply executor. The result is always empty.
  std::string Apply(const Entry& entry) override;

  // From any thread. The value is shared, not copied.
  std::optional<Bytes> Get(std::string_view key) const;
  size_t size() const;
  // Reads everything: for comparing stores, not for every write.
  Digest digest() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  mutable Mutex mutex_;
  std::unordered_map<std::string, Bytes, Hash, std::equal_to<>> values_ ABSL_GUARDED_BY(mutex_);
  Index applied_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
