// What a core is told, and what it answers (raft/core/raft_core.h): values in, values out.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/core/config.h"
#include "raft/core/membership.h"
#include "raft/core/messages.h"
#include "raft/core/node_event.h"
#include "raft/core/types.h"

namespace raftly {

// ---- What happened -------------------------------------------------------------------------------------------------

struct TimePassed {};
struct RequestReceived {
  CallId call;  // the owner's number for it; the Answer carries it back
  Request request;
};
struct ReplyReceived {
  CallId call;
  std::optional<Reply> reply;  // nullopt: the call failed or timed out
  bool refused = false;        // it failed because the peer wants nothing from us (Answer::refused)
  bool unknown_call = false;   // it failed because the peer knows no such call
};
struct WriteDone {
  WriteId id;  // this write and all before it are durable
};
struct Proposed {
  RequestId id;
  std::string data;
  bool frees_space = false;  // it makes the state smaller, and may use what was kept back for that
  EntryType type = EntryType::kNormal;
};
struct ReadAsked {
  RequestId id;
  bool ask_leader = false;  // where another node leads; else the read is refused there
};
struct TimingsChanged {
  Timings timings;
};
// The disk ran out of space ahead of the log, or has some again. Without plenty a node leaves the lead to those that
// have it, if they are a quorum; where nobody can commit new data, reads go on, and commands that make room. With none
// it accepts no entries. What it promised before stays on its way to the disk.
struct SpaceChanged {
  Space space = Space::kPlenty;
};

// The node has a snapshot of what it applied up to `last_included`, durable. Of the log, what lies up to and including
// `log_from` may go from memory; the rest is kept for followers that are a little late.
struct SnapshotTaken {
  LogPosition last_included;
  Index log_through;
  uint64_t size = 0;  // of the file
};
// A piece of a leader's snapshot was added to what came before; or, where it does not follow that, was not.
struct PieceStored {
  CallId call;
  LogPosition last_included;
  uint64_t offset = 0;  // what is here now
  bool whole = false;   // and durable
  uint64_t size = 0;
  bool failed = false;                              // it could not be kept
  std::optional<Configuration> configuration = {};  // of a whole one, where it names one
};
// A piece that was to be sent to `peer` cannot be read: its snapshot is gone, or damaged.
struct PieceMissing {
  CallId call;
};

// What was wanted of the log is read, from its first index on. None: it is no longer there.
struct EntriesRead {
  NodeId reader;
  Entries entries;
};

// There is evidence that a peer's process is dead: what it was connected by broke, and an attempt to reach it was
// refused. It may be false: the peer may have come back since, or something between may have refused.
struct PeerGone {
  NodeId peer;
};

// The leader is to hand the lead over (thesis §3.10), to this voter; empty: to the most caught-up one that is heard.
struct HandOverAsked {
  RequestId id;
  NodeId to;
};

// The members know this node by its present directory: what one before it promised under this name counts no more.
struct TakenIn {};

using Input =
    std::variant<TimePassed, RequestReceived, ReplyReceived, WriteDone, Proposed, ReadAsked, TimingsChanged,
                 SpaceChanged, SnapshotTaken, PieceStored, PieceMissing, EntriesRead, PeerGone, HandOverAsked, TakenIn>;

// ---- What to do about it -------------------------------------------------------------------------------------------

struct Write {
  WriteId id;
  std::optional<HardState> hard_state;
  // Before the entries: the log is thrown away, what comes next follows this (Figure 13, rule 7).
  std::optional<LogPosition> thrown_away_for;
  Entries entries;                 // an entry replaces the one at its index and all above
  std::vector<Message> then_send;  // promises: they leave only once this write is durable
};

// The proposal is in our log at `at`; whether it commits, `committed` will tell.
struct Accepted {
  RequestId id;
  LogPosition at;
};
enum class Refusal {
  kNotLeader,
  kNoSpace,
  kTooMuchUncommitted,
  kChangeUnderWay,
  kNewLeader,  // nothing of its own term is committed yet, so it does not know whether a change is under way
  kIllegalChange,
  kHandingOver,   // the lead is being handed over: soon another node takes it, or this one does again
  kNoVoter,       // who is to lead is no voter
  kNoSuccessor,   // it, or whoever might lead, is not heard or has no space
  kNotTakenOver,  // no other led within an election timeout
};
// The proposal never entered the log, the read cannot be served here, or the lead was not handed over.
struct Refused {
  RequestId id;
  Refusal why = Refusal::kNotLeader;
  NodeId leader_hint;  // empty: unknown
};
// The read is linearizable once `at_least` is applied.
struct Readable {
  RequestId id;
  Index at_least;
};
// Another node leads, in a later term; or this one, where it was to be.
struct HandedOver {
  RequestId id;
  NodeId leader;
};
using Outcome = std::variant<Accepted, Refused, Readable, HandedOver>;

// A piece of a leader's snapshot, for the node to keep; PieceStored answers it.
struct Piece {
  CallId call;
  SnapshotRequest request;
};

// A part of the log that is durable and not in memory (Limits::bytes_in_memory).
struct EntriesWanted {
  NodeId reader;  // the peer that needs it; empty: our own state machine
  Index from;
  size_t entries = 0;  // at most
  size_t bytes = 0;    // of commands, at most; but one entry always
};

struct Output {
  std::vector<Message> send;  // may leave now: the disk and the network work in parallel
  std::optional<Write> write;
  std::vector<Piece> pieces;
  std::vector<EntriesWanted> reads;
  // Before `committed`: the state machine takes up this snapshot, which the node holds. What it had applied is part of
  // it.
  std::optional<LogPosition> load;
  Entries committed;  // in order, each exactly once in the life of this core, but for what a snapshot holds
  std::vector<Outcome> outcomes;
  std::vector<NodeEvent> events;
};

// What was found on disk.
struct Recovered {
  HardState hard_state;
  LogPosition base;  // the entries follow it
  Entries entries;   // without a gap
  // What the state machine has taken up already, and its file's size. Requires: not before the base, nor behind the
  // log's end.
  LogPosition snapshot = {};
  uint64_t snapshot_size = 0;
  std::optional<Configuration> configuration = {};  // of the snapshot, where it names one

  LogPosition last() const { return entries.empty() ? base : entries.back().position(); }
  // Takes the log to a snapshot that lies not before its base: Figure 13, rules 6 and 7, as for a snapshot that has
  // just come. True: nothing of the log counts any more, and the disk has to be told so before anything else.
  bool BeginWith(LogPosition taken_up, uint64_t size);
};

}  // namespace raftly
