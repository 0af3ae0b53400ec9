// The replicated map: what a node knows of keys and values after the entries that it has applied.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "raft/core/config.h"
#include "raft/core/types.h"
#include "raft/env/mutex.h"
#include "raft/env/state_machine.h"
#include "server/kv/change_log.h"
#include "server/kv/command.h"
#include "server/kv/what_changes.h"
#include "server/kv/write_watch.h"

namespace raftly {

class KvStore : public StateMachine {
 public:
  // Two stores with the same applied index have the same hash, or one of them is wrong.
  struct Digest {
    Index applied;
    uint64_t hash = 0;  // of the set of pairs, in no order

    bool operator==(const Digest&) const = default;
  };

  static constexpr size_t kUsualChangeBytes = size_t{32} << 20;

  // `watch`, where there is one, outlives it and sees every write. `defences`: the laboratory's switches. Of the latest
  // changes so many bytes are kept.
  explicit KvStore(WriteWatch* watch = nullptr, const Defences& defences = {}, size_t change_bytes = kUsualChangeBytes);
  ~KvStore() override;

  // From the apply executor. The result of Apply is a WriteOutcome.
  std::string Apply(const Entry& entry) override;
  Format format() const override;
  std::unique_ptr<StateReader> Save() override;
  std::unique_ptr<StateWriter> Load(uint32_t version, Index at) override;

  struct Listed {
    std::string key;
    Found found;
  };
  struct Page {
    std::vector<Listed> keys;
    std::string next;  // the last key of this page, where there are more behind it; empty: there are none
    Index applied;     // as of this entry
  };

  // From any thread.
  std::optional<Found> Find(std::string_view key) const;
  std::optional<Bytes> Get(std::string_view key) const;
  // Keys that begin with `prefix` and lie behind `after`, in byte order: at most `limit`, and no more after `bytes` of
  // keys and values.
  Page List(std::string_view prefix, std::string_view after, size_t limit, size_t bytes) const;
  size_t size() const;
  // In byte order; nothing changes meanwhile.
  void ForEach(absl::FunctionRef<void(std::string_view key, const Found&)> see) const;
  // From the apply executor; valid until the next Apply.
  const OnceTable& once() const { return *once_; }
  // How many answers are kept for writes that may come again, about.
  size_t kept_answers() const { return once_size_; }
  // What those who watch hear.
  ChangeLog& changes() { return changes_; }
  const ChangeLog& changes() const { return changes_; }
  // Reads everything: for comparing stores, not for every write.
  Digest digest() const;

 private:
  using Value = Found;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  // Found by hash, which is what every request needs, and listed in byte order, so that a snapshot can go through them
  // while they change. Only a new key or a deleted one touches the order.
  struct Values {
    void Put(std::string key, Value value);

    absl::node_hash_map<std::string, Value, Hash, std::equal_to<>> by_key;
    absl::btree_map<std::string_view, const Value*> in_order;  // of by_key's elements, which stay where they are
  };
  class Reader;
  class Writer;

  std::string ApplyCommand(const Entry& entry);
  std::string Do(Command& command, Index at);
  std::string Transact(const Transaction& transaction, Index at);
  const Found* Now(std::string_view key) const;
  void Set(std::string key, std::optional<Value>& value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Replace(std::shared_ptr<Values> values, std::shared_ptr<OnceTable> once, Index applied);

  WriteWatch* const watch_;
  ChangeLog changes_;
  const bool deduplication_;
  const bool answers_in_snapshots_;
  mutable Mutex mutex_;
  // Changed by the apply executor alone, under the lock; so there it may be read without.
  std::shared_ptr<Values> values_;
  Index applied_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<OnceTable> once_;  // apply executor only
  std::atomic<size_t> once_size_{0};
  std::vector<Reader*> readers_;  // apply executor only: those that still go through values_
};

}  // namespace raftly
