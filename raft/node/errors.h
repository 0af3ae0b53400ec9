// The errors of proposals, of reads and of calls between nodes. Codes are the API, text is not.
//
//   FailedPrecondition   never entered the log here: ask the leader (LeaderHint)
//   InvalidArgument      never entered the log: too large (NodeLimits::command_bytes), or no change that may follow
//   ResourceExhausted    never entered the log: too much is waiting, or the disk is full (IsDiskFull)
//   Aborted              overwritten by another leader's entry: certainly not applied, safe to retry
//   AlreadyExists        never entered the log: another change of the members is under way, or another hand-over
//   NotFound             of a hand-over: who is to lead is no voter
//   Unimplemented        never entered the log: a node would not understand it, and is named
//   Unavailable          the node does not run (any more): outcome unknown. Of a hand-over of the lead: there was none
//   DeadlineExceeded     not settled in time: outcome unknown
//
// Of a call to a peer, FailedPrecondition says that the peer wants nothing from us, and names both sides; all other
// errors, that it could not be asked.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly {

absl::Status NotLeaderError(const NodeId& leader_hint);
absl::Status OverwrittenError(LogPosition ours, Term theirs);
absl::Status TooLargeError(size_t bytes, size_t limit);
absl::Status QueueFullError();
absl::Status ChangeUnderWayError();
absl::Status OtherHandOverError();
absl::Status NoVoterError();
absl::Status NoSuccessorError();
absl::Status NotTakenOverError();
absl::Status IllegalChangeError(const std::string& why = {});
absl::Status NotUnderstoodError(const NodeId& node);
absl::Status HandingOverError();
absl::Status DiskFullError();
absl::Status RepairingError();
absl::Status StoppingError();
absl::Status TimedOutError();

// The leader that a FailedPrecondition names; empty where it knows none.
NodeId LeaderHint(const absl::Status& status);
bool IsDiskFull(const absl::Status& status);

absl::Status PeerRefusedError(const std::string& why);
bool IsPeerRefused(const absl::Status& status);

}  // namespace raftly
