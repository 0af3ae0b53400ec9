// Put, Get and Delete on one node, with the leader's help where another leads (NodeConfig::forward). Where that takes
// nothing from other nodes: "ask the leader".
//
//   KvResult result = service.Put("greeting", "hello", {.deadline = service.Now() + 5s});
//
// Blocking, from any thread. It retries what certainly was not applied for as long as the deadline allows. TryPut and
// the like do not wait and make one attempt: where another is worth it, they leave that to their caller. Their attempts
// may wait for RaftNode::EndBatch.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "raft/core/time.h"
#include "raft/core/types.h"
#include "server/kv/consensus.h"
#include "server/kv/kv_store.h"
#include "server/kv/leader_watch.h"

namespace raftly {

struct KvResult {
  enum class Code {
    kOk,           // a write: committed and applied here; a read: `value`
    kNotFound,     // a read: no such key
    kNotLeader,    // certainly not applied; `leader` leads, as far as this node knows, and has to be asked
    kUnavailable,  // certainly not applied: no leader, no quorum, too much waiting, or stopping
    kUnknown,      // a write that was proposed: it may have been applied, or may still be
    kDiskFull,     // certainly not applied
    kInvalid,      // the key or value is not what it must be
    kTooLong,
  };

  Code code = Code::kUnavailable;
  Bytes value = {};
  NodeId leader = {};        // of kOk: the one that a write was forwarded to; empty: none
  std::string message = {};  // of everything but kOk
};

struct KvOptions {
  Time deadline = {};
  // Another node took this node for the leader: where it does not lead, say so at once instead of waiting for a leader.
  bool forwarded = false;
};

class KvService {
 public:
  // All outlive the service.
  KvService(NodeId self, Consensus& consensus, const KvStore& store, LeaderWatch& leaders);

  KvResult Put(std::string_view key, std::string_view value, KvOptions options);
  KvResult Delete(std::string_view key, KvOptions options);
  // Linearizable.
  KvResult Get(std::string_view key, KvOptions options);
  // This node's own state, which may be old. Asks nobody.
  KvResult GetStale(std::string_view key) const;

  // `done` runs once, on any thread, perhaps before these return. Nothing: certainly not applied; ask Put and its like,
  // which will wait for a leader, or name it.
  using TryDone = absl::AnyInvocable<void(std::optional<KvResult>)>;
  void TryPut(std::string_view key, std::string_view value, KvOptions options, TryDone done);
  void TryDelete(std::string_view key, KvOptions options, TryDone done);
  void TryGet(std::string key, KvOptions options, TryDone done);

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
  KvResult OnLeader(Kind kind, const KvOptions& options, const std::function<absl::Status()>& attempt) const;
  KvResult Write(const std::string& command, Effect effect, const KvOptions& options);
  void TryWrite(std::string command, Effect effect, const KvOptions& options, TryDone done);
  KvResult Lookup(std::string_view key) const;
  // Whether this node may have an answer.
  bool MayTry(const KvOptions& options) const;
  // What an attempt on this node came to. Nothing: certainly not applied, and worth another attempt.
  static std::optional<KvResult> Outcome(Kind kind, const absl::Status& status);
  // Nobody leads: waits for a change. False: the disk is full here, and nobody else took over.
  bool AwaitLeader(uint64_t seen, Kind kind, Time deadline) const;

  const NodeId self_;
  Consensus& consensus_;
  const KvStore& store_;
  LeaderWatch& leaders_;
};

}  // namespace raftly
