// What servers say to each other: the RPCs of the wire as plain values.
//
// Paper: Figure 2 (RequestVote, AppendEntries), Figure 13 (InstallSnapshot); Ongaro's thesis §9.6 (PreVote), §6.4
// (ReadIndex), §3.10 (TimeoutNow).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/core/time.h"
#include "raft/core/types.h"

namespace raftly {

// Who a request is from and whom it is meant for, besides its sender's id. Stamped and checked by the nodes
// (raft/node/node_identity.h); the core never looks at it. Empty from a peer that does not say (Go, version 0.1).
struct Stamp {
  std::string cluster_id;   // the sender's; empty while it knows none
  NodeId to;                // the node meant
  std::string incarnation;  // of the sender's data directory
  // Of the directory of the node meant, as the members say; empty: they do not.
  std::string to_incarnation = {};
  bool introduce = false;  // the node meant is to say of itself what AppendReply can carry

  bool operator==(const Stamp&) const = default;
};

// Both vote phases. A pre-vote asks "would you vote for me in `term`?" and changes nothing on either side.
struct VoteRequest {
  Term term;  // the term that the candidate campaigns in; in a pre-vote, its current term + 1
  NodeId candidate;
  LogPosition last_log;
  bool pre_vote = false;
  // The leader asked for this election (TimeoutNowRequest): hearing it is no reason against it.
  bool handed_over = false;
  Stamp stamp = {};

  bool operator==(const VoteRequest&) const = default;
};

struct VoteReply {
  Term term;  // the voter's own current term
  bool granted = false;

  bool operator==(const VoteReply&) const = default;
};

// Entries follow `prev` without a gap. Without entries it is a heartbeat.
struct AppendRequest {
  Term term;
  NodeId leader;
  LogPosition prev;
  Entries entries;
  Index commit;       // never beyond prev + entries: only what this message proves
  Index leader_last;  // the end of the leader's log; 0 from a peer that does not send it (a Go node)
  Stamp stamp = {};

  bool operator==(const AppendRequest&) const = default;
};

// What a node says of itself.
struct Introduction {
  std::string incarnation;  // of its data directory
  std::string version;      // of its program

  bool operator==(const Introduction&) const = default;
};

// On a rejection the hint lets the leader skip a whole term in one round trip (§5.3, last paragraph): the clashing
// entry's term and that term's first index, or 0 and last index + 1 where the log is merely short. Both 0: no hint. A
// leader that does not send leader_last gets the index alone.
struct AppendReply {
  Term term;
  bool success = false;
  Term conflict_term;
  Index conflict_index;
  Space space = Space::kPlenty;  // on the follower's disk; a Go peer does not say
  uint32_t features = 0;         // CoreConfig::features, of the follower
  bool may_vote = true;          // it holds all that somebody of its name may once have promised; others do not say
  std::optional<Introduction> introduction = {};  // where it was asked for (Stamp::introduce); nothing to the core

  bool operator==(const AppendReply&) const = default;
};

// A piece of the leader's snapshot. The core decides which piece goes to whom; its bytes are the node's business, which
// fills them in on the way out and takes them off on the way in.
struct SnapshotRequest {
  Term term;
  NodeId leader;
  LogPosition last_included;
  uint64_t offset = 0;  // of `data` in the snapshot's file
  uint64_t size = 0;    // of the whole file
  Bytes data = {};
  Stamp stamp = {};

  bool operator==(const SnapshotRequest&) const = default;
};

struct SnapshotReply {
  Term term;
  uint64_t offset = 0;     // from where to go on: all before is here, whoever sent it
  bool installed = false;  // nothing more is needed: what the snapshot holds is here and durable

  bool operator==(const SnapshotReply&) const = default;
};

// How far has everything been committed that was acknowledged so far? A follower that has applied as much can serve the
// reads that it was asked for before it asked this.
struct ReadIndexRequest {
  NodeId from;
  Term term;  // its own: who asks the leader of a term has voted for no later one
  Stamp stamp = {};

  bool operator==(const ReadIndexRequest&) const = default;
};

struct ReadIndexReply {
  Term term;
  std::optional<Index> commit;  // nothing: it does not lead, or no longer

  bool operator==(const ReadIndexReply&) const = default;
};

// The leader hands the lead over: the receiver, whose log is as long as its own, is to campaign at once, as if its
// timer had run out.
struct TimeoutNowRequest {
  Term term;
  NodeId leader;
  Stamp stamp = {};

  bool operator==(const TimeoutNowRequest&) const = default;
};

struct TimeoutNowReply {
  Term term;
  bool campaigns = false;  // otherwise it cannot, and its leader may go on

  bool operator==(const TimeoutNowReply&) const = default;
};

// How the receiver's log relates to an entry of the asker's, its proof (raft/storage/log_repair.h).
enum class Proof {
  kHeld,       // it holds that entry, and so exactly what is before it there (§5.3)
  kReplaced,   // it has committed another one at that index
  kCompacted,  // it begins behind what is wanted
  kMissing,    // it ends before that index, or has another entry there that may not stay
};

// Entries that the asker's disk has lost: from `first` on and before `proof`, from a log that holds `proof`; where it
// has committed another entry there, up to and including that one. Between the nodes; no core sees these.
struct EntriesRequest {
  NodeId from;
  Index first;
  LogPosition proof;
  Stamp stamp = {};

  bool operator==(const EntriesRequest&) const = default;
};

struct EntriesReply {
  Term term;
  Proof proof = Proof::kMissing;
  LogPosition previous;  // where held or replaced: the place before `first`
  Entries entries;       // as many as fit into one message
  Index begins;          // the first that its log has
  LogPosition snapshot;  // its newest; index 0: none

  bool operator==(const EntriesReply&) const = default;
};

// A piece of a snapshot of the receiver's: of the newest, or of one that it named. It makes one where none reaches so
// far as it is wanted.
struct PieceRequest {
  NodeId from;
  Index at_least;
  LogPosition last_included;  // index 0: the newest
  uint64_t offset = 0;
  Stamp stamp = {};

  bool operator==(const PieceRequest&) const = default;
};

struct PieceReply {
  Term term;
  LogPosition last_included;  // index 0: it has no such snapshot
  uint64_t size = 0;          // of the whole file
  Bytes data = {};

  bool operator==(const PieceReply&) const = default;
};

// Commands of clients of a node that does not lead, for the leader to propose. Between the nodes; no core sees them.
struct ForwardRequest {
  struct Command {
    std::string data;
    bool frees_space = false;
    uint32_t features = 0;  // that all nodes must have to understand it

    bool operator==(const Command&) const = default;
  };
  NodeId from;
  std::vector<Command> commands;
  Duration patience{};  // of those clients
  Stamp stamp = {};

  bool operator==(const ForwardRequest&) const = default;
};

struct ForwardReply {
  // What one command came to: a place in the log and the state machine's answer, or an error as in raft/node/errors.h.
  struct Result {
    uint32_t code = 0;  // of the status; 0: committed and applied where the leader is
    LogPosition at;
    std::string text;        // the answer, or why there is none
    bool disk_full = false;  // which is why

    bool operator==(const Result&) const = default;
  };
  Term term;
  std::vector<Result> results;  // of each command, in their order

  bool operator==(const ForwardReply&) const = default;
};

using Request = std::variant<VoteRequest, AppendRequest, SnapshotRequest, ReadIndexRequest, ForwardRequest,
                             TimeoutNowRequest, EntriesRequest, PieceRequest>;
using Reply = std::variant<VoteReply, AppendReply, SnapshotReply, ReadIndexReply, ForwardReply, TimeoutNowReply,
                           EntriesReply, PieceReply>;

// Whom a request says that it is from.
inline const NodeId& SenderOf(const Request& request) {
  if (const auto* vote = std::get_if<VoteRequest>(&request)) return vote->candidate;
  if (const auto* piece = std::get_if<SnapshotRequest>(&request)) return piece->leader;
  if (const auto* read = std::get_if<ReadIndexRequest>(&request)) return read->from;
  if (const auto* forward = std::get_if<ForwardRequest>(&request)) return forward->from;
  if (const auto* handover = std::get_if<TimeoutNowRequest>(&request)) return handover->leader;
  if (const auto* entries = std::get_if<EntriesRequest>(&request)) return entries->from;
  if (const auto* piece = std::get_if<PieceRequest>(&request)) return piece->from;
  return std::get<AppendRequest>(request).leader;
}
inline const Stamp& StampOf(const Request& request) {
  return std::visit([](const auto& any) -> const Stamp& { return any.stamp; }, request);
}

// A request that leaves this node. `id` is the core's; the reply comes back under it.
struct Call {
  CallId id;
  NodeId to;
  Request request;

  bool operator==(const Call&) const = default;
};

// The answer to a request that came in. `id` is the one it came in under; no reply: the caller gets an error.
struct Answer {
  CallId id;
  std::optional<Reply> reply;
  std::string refused = {};  // without a reply: why, in words that name both sides; empty: not now, try again

  bool operator==(const Answer&) const = default;
};

using Message = std::variant<Call, Answer>;

}  // namespace raftly
