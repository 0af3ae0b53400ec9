// Reads and writes on one node, with the leader's help where another leads (NodeConfig::forward). Where that takes
// nothing from other nodes: "ask the leader".
//
//   KvResult result = service.Write(*PutOf("greeting", "hello"), {.deadline = service.Now() + 5s});
//
// Blocking, from any thread. It retries what certainly was not applied for as long as the deadline allows. TryWrite and
// the like do not wait and make one attempt: where another is worth it, they leave that to their caller. Their attempts
// may wait for RaftNode::EndBatch.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "server/kv/command.h"
#include "server/kv/consensus.h"
#include "server/kv/kv_store.h"
#include "server/kv/leader_watch.h"

namespace raftly {

struct KvResult {
  enum class Code {
    kOk,             // a write: committed and applied; a read: `value` and `version`
    kNotFound,       // a read: no such key
    kElse,           // a write whose condition does not hold: nothing was changed, `version` is the key's, 0: absent
    kOtherRequest,   // its Idempotency-Key was another request's: nothing was changed
    kConflict,       // what is there cannot be added to: nothing was changed
    kNotLeader,      // certainly not applied; `leader` leads, as far as this node knows, and has to be asked
    kUnavailable,    // certainly not applied: no leader, no quorum, too much waiting, or stopping
    kUnknown,        // a write that was proposed: it may have been applied, or may still be
    kDiskFull,       // certainly not applied
    kNotUnderstood,  // certainly not applied: a node of the cluster is too old for it
    kInvalid,        // the key or value is not what it must be
    kTooLong,
  };

  Code code = Code::kUnavailable;
  Bytes value = {};          // of a read; of an add or append, what the key holds now
  NodeId leader = {};        // of a write: the one that it was forwarded to and that says so; empty: none
  std::string message = {};  // of everything but kOk
  Index version = {};        // of the key; 0: not known
};

// A write, ready to be proposed.
struct KvWrite {
  std::string command;
  Effect effect = Effect::kStores;
  uint32_t features = 0;  // that every node must have
};

// InvalidArgument, or OutOfRange where something is too long.
absl::StatusOr<KvWrite> PutOf(std::string_view key, std::string_view value, Condition condition = {});
absl::StatusOr<KvWrite> DeleteOf(std::string_view key, Condition condition = {});
absl::StatusOr<KvWrite> AddOf(std::string_view key, int64_t by, Condition condition = {});
// The same write with an Idempotency-Key.
KvWrite Once(KvWrite write, std::string_view key);
absl::StatusOr<KvWrite> TransactionOf(std::string_view json);
absl::StatusOr<KvWrite> AppendOf(std::string_view key, std::string_view value, Condition condition = {});

struct KvOptions {
  Time deadline = {};
  // Another node took this node for the leader: where it does not lead, say so at once instead of waiting for a leader.
  bool forwarded = false;
};

class KvService {
 public:
  // All outlive the service.
  KvService(NodeId self, Consensus& consensus, const KvStore& store, LeaderWatch& leaders);

  KvResult Write(const KvWrite& write, KvOptions options);
  // Linearizable.
  KvResult Get(std::string_view key, KvOptions options);
  // Until this node's state holds all that was acknowledged before: kOk without a value.
  KvResult CatchUp(KvOptions options);
  // This node's own state, which may be old. Asks nobody.
  KvResult GetStale(std::string_view key) const;
  KvStore::Page List(std::string_view prefix, std::string_view after, size_t limit, size_t bytes) const {
    return store_.List(prefix, after, limit, bytes);
  }

  // `done` runs once, on any thread, perhaps before these return. Nothing: certainly not applied; ask Write and its
  // like, which will wait for a leader, or name it.
  using TryDone = absl::AnyInvocable<void(std::optional<KvResult>)>;
  void TryWrite(KvWrite write, KvOptions options, TryDone done);
  void TryGet(std::string key, KvOptions options, TryDone done);
  void TryCatchUp(KvOptions options, TryDone done);

  // After `tried` could not be reached as leader: waits for another one, but not long, for `tried` may be back. False:
  // no time is left, or the service stops.
  bool AwaitNews(const NodeId& tried, Time deadline) const;

  Time Now() const { return consensus_.Now(); }
  NodeStatus status() const { return consensus_.status(); }
  // Ends all waiting for leaders. Proposals under way are settled by the node when it stops.
  void Stop() { leaders_.Stop(); }

 private:
  enum class Kind { kWrite, kRead };

  // Runs `attempt` on this node while anybody leads, until it yields something better than "not the leader".
  KvResult OnLeader(Kind kind, const KvOptions& options, const std::function<absl::StatusOr<Applied>()>& attempt) const;
  KvResult Lookup(std::string_view key) const;
  // Whether this node may have an answer.
  bool MayTry(const KvOptions& options) const;
  // What an attempt on this node came to. Nothing: certainly not applied, and worth another attempt.
  static std::optional<KvResult> Outcome(Kind kind, const absl::Status& status);
  static std::optional<KvResult> Outcome(const absl::StatusOr<Applied>& applied);
  // Nobody leads: waits for a change. False: the disk is full here, and nobody else took over.
  bool AwaitLeader(uint64_t seen, Kind kind, Time deadline) const;

  const NodeId self_;
  Consensus& consensus_;
  const KvStore& store_;
  LeaderWatch& leaders_;
};

}  // namespace raftly
